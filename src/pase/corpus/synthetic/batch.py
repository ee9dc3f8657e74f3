"""What all synthetic corpora share: a folder that is theirs, and clips written one by one that a restart keeps."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pase.audio.waveform import Waveform
from pase.errors import InputError, PaseError
from pase.execution.base import WorkerDiedError, usable_cpus
from pase.execution.local import LocalExecutor
from pase.execution.progress import ProgressReport
from pase.files import make_folder, read_json, write_json

_SETTINGS = "synthetic.json"
_LOUDNESS = 0.07  # root mean square of the speech


def check_numbers(clips: int, speakers: int, seed: int, workers: int | None) -> None:
    """Refuse numbers of which no corpus can be made.

    Raises:
        InputError: Numbers below 1, a negative seed, more speakers than clips.
    """
    for name, value in (("clips", clips), ("speakers", speakers), ("workers", 1 if workers is None else workers)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, not {value}")
    if seed < 0:
        raise InputError(f"the seed must not be negative: {seed}")
    if speakers > clips:
        raise InputError(f"{clips} clips cannot show {speakers} speakers: ask for at least {speakers} clips")


def claim_folder(output: Path, wanted: Mapping[str, object]) -> None:
    """Mark the folder as the corpus with these settings, JSON values, or find that it is.

    Raises:
        InputError: It holds another synthetic corpus or other files, or cannot be written.
    """
    settings = output / _SETTINGS
    if settings.is_file():
        found = read_json(settings)
        if found != wanted:
            raise InputError(
                f"{output} holds another synthetic corpus: {found}, wanted {dict(wanted)}. Choose another folder."
            )
        return
    make_folder(output)
    if any(output.iterdir()):
        raise InputError(f"{output} holds other files and no {_SETTINGS}. Choose a new or an empty folder.")
    write_json(settings, wanted)


def write_clips(
    job: Callable[[int], None],
    numbers: Sequence[int],
    stem_of: Callable[[int], Path],
    workers: int | None,
    clips_per_worker: int,
) -> None:
    """Write clips in several processes, or in this one where starting others would take longer than the work.

    Args:
        job: Writes the files of one clip. Can be pickled.
        numbers: The clips that are to be written.
        stem_of: Where a clip's files are, for messages.
        workers: Processes at most; as many as there are processors if None.
        clips_per_worker: Clips that take as long as starting a process.

    Raises:
        PaseError: A process was killed; what a job raises is passed on.
    """
    helpful = min(workers or usable_cpus(), -(-len(numbers) // clips_per_worker))
    executor = LocalExecutor(helpful if helpful > 1 else 0)
    with ProgressReport("synthesizing", len(numbers)) as report, executor:
        for number, outcome in executor.run(job, numbers):
            if isinstance(outcome, WorkerDiedError):
                raise PaseError(
                    f"{stem_of(number)}: {outcome}. Is there memory enough? The same command goes on from here."
                )
            if isinstance(outcome, BaseException):
                raise outcome
            report.advance(failed=False)


def remove_leftovers(stem: Path) -> None:
    """Remove what a run that was killed left of a clip."""
    for leftover in stem.parent.glob(f".{stem.name}*.part*"):
        leftover.unlink(missing_ok=True)


def in_quiet_room(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Speech at a level by chance, with some noise in the silence."""
    level = np.sqrt(np.mean(np.square(waveform[waveform != 0])))
    gain = _LOUDNESS * 10 ** rng.uniform(-0.2, 0.2) / max(float(level), 1e-6)
    noise = rng.standard_normal(len(waveform)) * 10 ** rng.uniform(-3.8, -3.0)
    return np.clip(waveform * gain + noise, -1, 1).astype(np.float32)
