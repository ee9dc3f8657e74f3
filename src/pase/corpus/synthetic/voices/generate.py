"""Writing a folder of synthetic speech without faces: sound, transcripts and TextGrids with exact phone times."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from pase.audio.waveform import save_wav
from pase.corpus.synthetic.batch import check_numbers, claim_folder, in_quiet_room, remove_leftovers, write_clips
from pase.corpus.synthetic.voices.engine import Engine
from pase.corpus.synthetic.voices.engines import find_engines
from pase.corpus.synthetic.voices.recording import Recording, record
from pase.corpus.synthetic.voices.speaker import Speaker, make_speaker
from pase.corpus.synthetic.voices.texts import draw_text
from pase.files import write_text
from pase.phonemes.textgrid import write_textgrid

FORMAT = 1
"""Raised whenever the same seed and engines give other clips than before."""

CLIPS_PER_SPEAKER = 5
"""Where the number of speakers is not given."""

_SHORTEST, _LONGEST = 1.8, 6.0  # seconds of a clip
_SILENCE = (0.2, 0.6)  # seconds at either end
_CLIPS_PER_WORKER = 20  # starting a process takes as long as these


def synthesize_speech(
    output: Path,
    clips: int,
    speakers: int | None,
    seed: int,
    engines: Sequence[str] | None = None,
    workers: int | None = None,
) -> tuple[Engine, ...]:
    """Write a folder of speech, ``<speaker>/<clip>`` with ``.wav`` (16 kHz mono), ``.txt`` and ``.TextGrid``.

    The same seed and engines give the same clips, whatever the number of workers; a run that was stopped goes on where
    it ended, and a corpus can be extended by asking for more clips of as many speakers.

    Args:
        output: Folder to write to; new, or one that this function wrote with the same seed, speakers and engines.
        clips: Number of clips, dealt to the speakers in turn.
        speakers: Number of speakers; one for every `CLIPS_PER_SPEAKER` clips if None.
        seed: Seed of all that is drawn by chance.
        engines: Names of the speech engines, see `pase.corpus.synthetic.voices.engines`; all that work here if None.
            One that does not is named on standard error.
        workers: Processes at most; as many as there are processors if None.

    Returns:
        The engines that spoke.

    Raises:
        InputError: Numbers below 1, more speakers than clips, an unknown engine, a folder that holds something else or
            cannot be written.
        MissingExtraError: An engine that was named is missing, or there is none at all.
        PaseError: An engine failed, or a process was killed; the same command goes on.
    """
    number_of_speakers = max(1, clips // CLIPS_PER_SPEAKER) if speakers is None else speakers
    check_numbers(clips, number_of_speakers, seed, workers)
    found = find_engines(engines, partial(print, file=sys.stderr))
    names = [engine.name for engine in found]
    claim_folder(
        output, {"kind": "speech", "format": FORMAT, "seed": seed, "speakers": number_of_speakers, "engines": names}
    )
    stem_of = partial(_stem, output, number_of_speakers, seed, found)
    todo = [number for number in range(clips) if not _complete(stem_of(number))]
    write_clips(
        partial(_write_clip, output, number_of_speakers, seed, found), todo, stem_of, workers, _CLIPS_PER_WORKER
    )
    return found


def _stem(output: Path, speakers: int, seed: int, engines: Sequence[Engine], number: int) -> Path:
    return output / make_speaker(seed, number % speakers, engines).name / f"clip{number + 1:05d}"


def _complete(stem: Path) -> bool:
    return all(stem.with_suffix(suffix).is_file() for suffix in (".txt", ".TextGrid", ".wav"))


def _write_clip(output: Path, speakers: int, seed: int, engines: Sequence[Engine], number: int) -> None:
    """Write the files of one clip, each atomically, the sound last."""
    stem = _stem(output, speakers, seed, engines, number)
    remove_leftovers(stem)
    rng = np.random.default_rng([seed, 5, number])
    text, recording = _draw_recording(make_speaker(seed, number % speakers, engines), rng)
    write_text(stem.with_suffix(".txt"), text + "\n")
    write_textgrid(stem.with_suffix(".TextGrid"), (), recording.phones, recording.duration)
    save_wav(stem.with_suffix(".wav"), in_quiet_room(recording.waveform, rng))


def _draw_recording(speaker: Speaker, rng: np.random.Generator) -> tuple[str, Recording]:
    """Draw sentences until one has the length of a clip."""
    while True:
        text = draw_text(rng)
        manner = speaker.manner.varied(tempo=float(np.exp(rng.uniform(-0.08, 0.08))), pitch=rng.uniform(0.95, 1.05))
        before, after = rng.uniform(*_SILENCE, 2)
        recording = record(speaker.engine.speak(text, manner), speaker.tract, float(before), float(after))
        if _SHORTEST <= recording.duration <= _LONGEST:
            return text, recording
