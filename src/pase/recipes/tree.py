"""Walking the folders of a raw corpus: any size, whatever links, hidden and odd files lie there."""

import os
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pase.errors import InputError

_OF_FILES = (".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".ogv", ".avi", ".wmv", ".asf", ".flv")
_OF_TAPES_AND_DISCS = (".mpg", ".mpeg", ".m2v", ".vob", ".ts", ".mts", ".m2ts", ".mxf")

VIDEO_SUFFIXES = frozenset((*_OF_FILES, *_OF_TAPES_AND_DISCS))

_PLAIN_SOUND = (".wav", ".w64", ".aif", ".aiff", ".aifc", ".au", ".caf", ".sph", ".flac")
_PRESSED_SOUND = (".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".mka", ".wma", ".amr", ".ac3")

SOUND_SUFFIXES = frozenset((*_PLAIN_SOUND, *_PRESSED_SOUND))

_LEFT_OUT = ("lost+found",)  # made by the file system at its root, unreadable for users


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder and what lies directly in it. Everything else about its files is told by their names alone.

    Attributes:
        path: The folder.
        parts: The names of the folders that lead to it from the source folder; empty for the source itself.
        files: Names of its files that are not hidden; links that lead nowhere are among them.
        folders: Names of its folders that are not hidden, with True for those that are links.
    """

    path: Path
    parts: tuple[str, ...]
    files: frozenset[str]
    folders: dict[str, bool]

    @property
    def videos(self) -> list[str]:
        """Names of the files whose suffix is that of a video, in order."""
        return self._ending(VIDEO_SUFFIXES)

    @property
    def sounds(self) -> list[str]:
        """Names of the files whose suffix is that of sound, in order."""
        return self._ending(SOUND_SUFFIXES)

    def beside(self, file: str, suffixes: Iterable[str]) -> Path | None:
        """The first file here that has a file's name and one of the suffixes."""
        stem = stem_of(file)
        for suffix in suffixes:
            if stem + suffix in self.files:
                return self.path / (stem + suffix)
        return None

    def relative(self, file: str) -> str:
        """The path of a file of this folder, relative to the source folder."""
        return "/".join((*self.parts, file))

    def _ending(self, suffixes: Collection[str]) -> list[str]:
        return sorted(name for name in self.files if name[len(stem_of(name)) :].lower() in suffixes)


def stem_of(file: str) -> str:
    """A file's name without its suffix; cheaper than `Path.stem`."""
    return file.rpartition(".")[0] or file


def list_folder(path: Path, parts: tuple[str, ...] = ()) -> Folder:
    """List one folder. Pipes, sockets and devices are left out: opening one may never come back.

    Raises:
        InputError: It cannot be listed.
    """
    files: list[str] = []
    folders: dict[str, bool] = {}
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name in _LEFT_OUT:
                    continue
                if _is_folder(entry):
                    folders[entry.name] = entry.is_symlink()
                elif _is_file(entry):
                    files.append(entry.name)
    except OSError as error:
        raise _unlistable(path, error) from error
    return Folder(path, parts, frozenset(files), folders)


def walk(source: Path, skip: Collection[str] = (), parts: tuple[str, ...] = ()) -> Iterator[Folder]:
    """List a folder and all below it, each once, links to folders last.

    Links are followed, since large corpora are often put together from several disks. A folder that was listed before
    is not listed again, so a link to a folder above ends there, and what is reached by two ways has the name of its own
    place.

    Args:
        source: Where to begin.
        skip: Names of folders that are not entered.
        parts: What `Folder.parts` of `source` is to be.

    Raises:
        InputError: A folder cannot be listed.
    """
    seen: set[tuple[int, int]] = set()
    own, linked = [(source, parts)], deque[tuple[Path, tuple[str, ...]]]()
    while own or linked:
        path, at = own.pop() if own else linked.popleft()
        if _seen_before(path, seen):
            continue
        folder = list_folder(path, at)
        yield folder
        below = sorted(name for name in folder.folders if name not in skip)
        linked.extend((path / name, (*at, name)) for name in below if folder.folders[name])
        own.extend((path / name, (*at, name)) for name in reversed(below) if not folder.folders[name])


def locate(source: Path, names: Collection[str]) -> list[Folder]:
    """Find the folders that a corpus consists of, such as ``train`` and ``test``.

    They may lie in the source, or in one folder of the source, or the source may be one of them: then `Folder.path`
    alone tells its name.

    Returns:
        Those that there are, in the order of `names`; empty if there are none.

    Raises:
        InputError: Two folders of the source hold such folders.
    """
    top = list_folder(source)
    holders = [top] if any(name in top.folders for name in names) else []
    if not holders:
        below = (list_folder(source / name, (name,)) for name in sorted(top.folders))
        holders = [folder for folder in below if any(name in folder.folders for name in names)]
    if len(holders) > 1:
        several = ", ".join(str(holder.path) for holder in holders)
        raise InputError(f"{' or '.join(names)} were found in several folders: {several}. Name one of them.")
    if holders:
        (holder,) = holders
        found = [name for name in names if name in holder.folders]
        return [list_folder(holder.path / name, (*holder.parts, name)) for name in found]
    return [top] if source.absolute().name in names else []


def files_in(folder: Path) -> frozenset[str]:
    """Names of the files in a folder, none if there is no such folder."""
    return list_folder(folder).files if is_folder(folder) else frozenset()


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False as well where that cannot be found out."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself: listed as a file, and found unreadable when it is opened
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    if entry.is_symlink():
        target = Path(entry.path)
        return target.is_file() or not target.exists()
    return entry.is_file()


def _seen_before(path: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        state = path.stat()
    except OSError as error:
        raise _unlistable(path, error) from error
    identity = state.st_dev, state.st_ino
    if identity in seen:
        return True
    seen.add(identity)
    return False


def _unlistable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"the folder {path} cannot be listed: {error.strerror or error}. Mend its permissions, or move it out of the "
        "source."
    )
