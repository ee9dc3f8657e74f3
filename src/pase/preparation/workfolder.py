"""What a preparation has finished so far: one outcome and one part of a shard per clip, so that it can go on.

``OUT/work/settings.json`` holds the settings, ``OUT/work/landmarks/`` found landmarks, ``OUT/work/parts/`` encoded
clips, ``OUT/work/outcomes/`` what became of each clip. An outcome is written last and atomically: a clip without one is
not finished. The folder may be deleted once the corpus is complete.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pase.corpus.recipes import SourceClip
from pase.corpus.store import EncodedClip
from pase.errors import InputError
from pase.files import atomic_path, make_folder, read_json, write_json

Stamp = tuple[tuple[str, int, int], ...]
"""Name, size in bytes and time of change in ns of each file that a clip was made from."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a clip.

    Attributes:
        clip_id: The clip.
        source: Its video, relative to the source folder.
        seconds: Length of the prepared clip; 0 if it was quarantined.
        stage: The stage that refused it; empty if it is kept.
        reason: Why, in one word or several joined by ``_``.
        detail: Why, for people.
        remarks: Repairs and doubts of a clip that is kept.
    """

    clip_id: str
    source: str
    seconds: float = 0.0
    stage: str = ""
    reason: str = ""
    detail: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether the clip goes into the corpus."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """Access to the work folder; small, for it is sent to every worker process."""

    folder: Path

    def claim(self, settings: dict[str, Any]) -> None:
        """Create the folder, or take it up again if it was begun with equal settings.

        Raises:
            InputError: It cannot be written to, or was begun with other settings.
        """
        make_folder(self.folder)
        path = self.folder / "settings.json"
        if path.exists() and (before := read_json(path)) != settings:
            keys = sorted(key for key in {*before, *settings} if before.get(key) != settings.get(key))
            changes = ", ".join(f"{key} was {before.get(key)!r}, now {settings.get(key)!r}" for key in keys)
            raise InputError(
                f"{self.folder} was begun with other settings ({changes}). "
                f"Use the same ones, choose another output folder, or delete {self.folder} to start again."
            )
        write_json(path, settings)

    def finished(self, clip: SourceClip) -> Outcome | None:
        """The clip's outcome, if it was finished with the files as they are now."""
        path = self._outcome(clip.clip_id)
        if not path.is_file():
            return None
        row = read_json(path)
        if row["stamp"] != _as_json(stamp_of(clip)):
            return None
        outcome = Outcome(**{**row["outcome"], "remarks": tuple(row["outcome"]["remarks"])})
        if outcome.kept and not self._part(clip.clip_id).is_file():
            return None
        return outcome

    def keep(self, clip: SourceClip, stamp: Stamp, encoded: EncodedClip, remarks: Sequence[str]) -> Outcome:
        """Store a clip that is ready."""
        with atomic_path(self._part(clip.clip_id)) as temporary:
            temporary.write_bytes(encoded.pack())
        outcome = Outcome(clip.clip_id, clip.source, seconds=encoded.record.duration, remarks=tuple(remarks))
        return self._finish(outcome, stamp)

    def quarantine(self, clip: SourceClip, stamp: Stamp, stage: str, reason: str, detail: str) -> Outcome:
        """Store why a clip cannot be used."""
        return self._finish(Outcome(clip.clip_id, clip.source, stage=stage, reason=reason, detail=detail), stamp)

    def encoded(self, clip_id: str) -> EncodedClip:
        """A clip that was kept.

        Raises:
            InputError: Its file is damaged.
        """
        path = self._part(clip_id)
        try:
            return EncodedClip.unpack(clip_id, path.read_bytes())
        except (OSError, InputError) as error:
            raise InputError(f"{path} is damaged ({error}). Delete it and run `pase prepare` again.") from error

    def landmarks(self, clip: SourceClip, video: Stamp) -> NDArray[np.float32] | None:
        """Landmarks that were found before in the same video, shape ``(T, 46, 2)``."""
        path = self._landmarks(clip.clip_id)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as archive:
            if json.loads(str(archive["stamp"])) != _as_json(video):
                return None
            points: NDArray[np.float32] = archive["points"]
            return points

    def keep_landmarks(self, clip: SourceClip, video: Stamp, points: NDArray[np.float32]) -> None:
        """Store landmarks, the slowest stage's result."""
        with atomic_path(self._landmarks(clip.clip_id)) as temporary:
            np.savez(temporary, points=points, stamp=np.array(json.dumps(video)))

    def _finish(self, outcome: Outcome, stamp: Stamp) -> Outcome:
        write_json(self._outcome(outcome.clip_id), {"outcome": asdict(outcome), "stamp": stamp})
        return outcome

    def _part(self, clip_id: str) -> Path:
        return self.folder / "parts" / f"{clip_id}.part"

    def _outcome(self, clip_id: str) -> Path:
        return self.folder / "outcomes" / f"{clip_id}.json"

    def _landmarks(self, clip_id: str) -> Path:
        return self.folder / "landmarks" / f"{clip_id}.npz"


def stamp_of(clip: SourceClip) -> Stamp:
    """The state of all files that a clip is made from; those that do not exist are left out."""
    return stamp_files([clip.video, clip.textgrid, clip.transcript, clip.landmarks])


def stamp_files(paths: Sequence[Path | None]) -> Stamp:
    """The state of some files."""
    found = [(path.name, path.stat()) for path in paths if path is not None and path.exists()]
    return tuple((name, state.st_size, state.st_mtime_ns) for name, state in found)


def _as_json(stamp: Stamp) -> list[list[str | int]]:
    return [list(entry) for entry in stamp]
