"""Any videos below a folder, with their words or phones beside them or none."""

from collections.abc import Iterator
from pathlib import Path

from pase.recipes.base import Recipe, SourceVideo, beside, is_video, name_of


def _find(source: Path) -> Iterator[SourceVideo]:
    for video in sorted(source.rglob("*")):
        relative = video.relative_to(source)
        if is_video(video) and not any(part.startswith(".") for part in relative.parts):
            yield SourceVideo(
                name=name_of(relative),
                speaker=video.absolute().parent.name,
                video=video,
                path=relative.as_posix(),
                given=beside(video, (".TextGrid", ".textgrid", ".ctm", ".phn")),
                transcript=beside(video, (".txt", ".lab")),
            )


FOLDER = Recipe(
    name="folder",
    layout="any videos at any depth; beside CLIP.mp4 its phones (.TextGrid, .ctm, .phn), or its words (.txt, .lab), or "
    "neither. The folder that a video lies in names the speaker.",
    terms="your own",
    find=_find,
)
