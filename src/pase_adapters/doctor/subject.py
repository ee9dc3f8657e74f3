"""Is the subject's folder what the renderer's preprocessing leaves, and how many video frames does it have?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pase.files import read_json
from pase_adapters.doctor.finding import Finding, Severity
from pase_adapters.spec import RendererSpec
from pase_adapters.subject import count_frames


@dataclass(frozen=True, slots=True)
class Subject:
    """Video frames of a subject.

    Attributes:
        folder: Its folder.
        frames: Rows that its frames ask for.
        splits: Frames in each of the renderer's lists, by the list's name.
    """

    folder: Path
    frames: int
    splits: dict[str, int]


def read_subject(folder: Path, spec: RendererSpec) -> Subject:
    """Count the video frames.

    Raises:
        InputError: The renderer has not processed the folder.
    """
    frames = count_frames(folder, spec)
    return Subject(folder, frames, {name: len(read_json(folder / name)["frames"]) for name in spec.frame_lists})


def check_splits(subject: Subject, spec: RendererSpec, min_rows: int) -> Iterator[Finding]:
    """Where a list of frames has windows of its own, it needs as many rows as the renderer survives."""
    alone = spec.hazards.own_windows
    for name, count in subject.splits.items():
        if count < min_rows and (alone is None or name in alone):
            found = f"{count} frames, {spec.name} needs at least {min_rows}"
            yield Finding(
                Severity.ERROR, "too-short", found, str(subject.folder / name), "process a longer video of the subject"
            )


def check_needs(folder: Path, spec: RendererSpec) -> Iterator[Finding]:
    """Files beside the features that the renderer opens are there and not empty."""
    for need in spec.needs:
        where = str(folder / need.file)
        matches = list(folder.glob(need.file))
        empty = [path for path in matches if path.is_file() and not path.stat().st_size]
        if not matches:
            yield Finding(Severity.ERROR, "missing-file", "missing, and the renderer opens it", where, need.made_by)
        if empty:
            more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
            yield Finding(Severity.ERROR, "empty-file", "is empty", f"{empty[0]}{more}", need.made_by)
