"""The folders of a preparation: apart from each other, claimed by one run at a time, and only ours are ever deleted."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pase.corpus.remote import is_address
from pase.corpus.target import LocalTarget, target_at
from pase.errors import InputError
from pase.files import make_folder, read_json, write_json
from pase.preparation.workfolder import WorkFolder

_MARKER = "source.json"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a preparation reads and writes.

    Attributes:
        source: The user's videos; never written to.
        output: Folder or address of the corpus.
        work: What is finished so far.
    """

    source: Path
    output: Path | str
    work: WorkFolder

    def clear(self, stages: Sequence[str]) -> None:
        """Delete what some stages have left in the work folder."""
        for stage in stages:
            folder = self.work.folder / stage
            if folder.is_dir():
                shutil.rmtree(folder)

    def discard(self, stages: Sequence[str]) -> None:
        """Delete the work folder, as far as it is made of stages' results."""
        self.clear(stages)
        for file in (_MARKER, _LOCK, "quarantine.tsv", "remarks.tsv"):
            (self.work.folder / file).unlink(missing_ok=True)
        if not any(self.work.folder.iterdir()):
            self.work.folder.rmdir()


@contextmanager
def open_folders(source: Path, output: Path | str, work: Path | None) -> Iterator[Folders]:
    """Check that the three do not overlap, make the folders, and keep other runs out of them.

    Args:
        source: The user's videos.
        output: Folder or address of the corpus.
        work: Folder for what is finished; None: ``work`` in the output.

    Raises:
        InputError: They overlap, cannot be written to, belong to something else, or another run is at work in them.
    """
    if not str(output):
        raise InputError("no output is named; name a folder or an address for the prepared corpus")
    place = target_at(output)
    local = place.folder if isinstance(place, LocalTarget) else None
    if work is None:
        if is_address(output) or local is None:
            raise InputError(f"{output} is no plain folder: name one for what is finished with --work")
        work = local / "work"
    _check_apart(source, local, work)
    for folder in (work,) if local is None else (local, work):
        make_folder(folder)
    with ExitStack() as stack:
        for folder in (work,) if local is None else (local, work):
            stack.enter_context(_locked(folder))
        _claim(source, work)
        yield Folders(source, output, WorkFolder(work.absolute()))


def _check_apart(source: Path, output: Path | None, work: Path) -> None:
    """Nothing is written into the source, and nothing that is written to can take it along when it is deleted."""
    origin = source.resolve()
    for folder in (output, work):
        if folder is None:
            continue
        if folder.resolve().is_relative_to(origin):
            raise InputError(f"{folder} lies in the source {source}, which is never written to; choose another folder")
        if origin.is_relative_to(folder.resolve()):
            raise InputError(f"the source {source} lies in {folder}, which is written to; choose another folder")
    if output is not None and output.resolve().is_relative_to(work.resolve()):
        raise InputError(
            f"the output {output} lies in the work folder {work}, which is not kept; choose another folder"
        )


def _claim(source: Path, work: Path) -> None:
    """Mark the work folder as ours and as this source's, or find it marked so."""
    marker = work / _MARKER
    origin = str(source.resolve())
    if not marker.exists():
        others = sorted(path.name for path in work.iterdir() if path.name != _LOCK)
        if others:
            raise InputError(
                f"the work folder {work} holds something else ({', '.join(others[:3])}); name an empty or a new one"
            )
        write_json(marker, {"source": origin})
    elif (before := read_json(marker)["source"]) != origin:
        raise InputError(
            f"{work} holds work on {before}, not on {origin}. Choose another output, or delete it to begin anew; "
            f"if the same videos have only moved, write where they are now into {marker}."
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Nobody else works in this folder; the lock goes with the process."""
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            f"another preparation is at work in {folder}. Wait for it, or stop it; what it has finished is kept."
        ) from error
    try:
        yield
    finally:
        (folder / _LOCK).unlink(missing_ok=True)
        lock.release()
