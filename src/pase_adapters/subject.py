"""Reading what a renderer's own preprocessing left in a subject's folder."""

from pathlib import Path

from pase.errors import InputError
from pase.files import read_json
from pase_adapters.spec import RendererSpec


def count_frames(folder: Path, spec: RendererSpec) -> int:
    """Number of video frames of a processed subject: one more than the highest row that any of its frames asks for.

    Renderers without lists of frames have a picture for each.

    Args:
        folder: The subject's folder.
        spec: The renderer, which names the files that list the frames.

    Raises:
        InputError: The folder is not a subject that the renderer has processed.
    """
    if not folder.is_dir():
        raise InputError(f"the data folder {folder} does not exist. Give the folder of a processed subject.")
    if spec.pictures:
        return _count_pictures(folder, spec)
    missing = [name for name in spec.frame_lists if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} is not a processed {spec.name} subject: {' and '.join(missing)} not found. Run the "
            f"preprocessing of {spec.project_url} on the video first, or leave out --data-dir."
        )
    rows = [row for name in spec.frame_lists for row in _rows(folder / name)]
    if not rows:
        raise InputError(f"{folder} lists no video frames in {' and '.join(spec.frame_lists)}: process the video again")
    return max(rows) + 1


def _count_pictures(folder: Path, spec: RendererSpec) -> int:
    count = sum(1 for _ in folder.glob(spec.pictures))
    if not count:
        raise InputError(
            f"{folder} is not a processed {spec.name} subject: no {spec.pictures} found. Run the preprocessing of "
            f"{spec.project_url} on the video first, or leave out --data-dir."
        )
    return count


def _rows(path: Path) -> list[int]:
    content = read_json(path)
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list):
        raise InputError(f"{path} has no list of frames: process the video again")
    return [_row(frame, f"{path}: frame {index}") for index, frame in enumerate(frames)]


def _row(frame: object, where: str) -> int:
    row = frame.get("aud_id") if isinstance(frame, dict) else None
    if not isinstance(row, int) or isinstance(row, bool) or row < 0:
        raise InputError(f"{where} has the aud_id {row!r}, expected a whole number from 0 on")
    return row
