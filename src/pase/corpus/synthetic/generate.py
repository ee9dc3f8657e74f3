"""Writing the synthetic corpus: an ordinary folder of talking-face clips with transcripts and TextGrids."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import FRAME_RATE
from pase.corpus.synthetic.articulation import articulate
from pase.corpus.synthetic.batch import check_numbers, claim_folder, in_quiet_room, remove_leftovers, write_clips
from pase.corpus.synthetic.camera import face_points, film, make_scene
from pase.corpus.synthetic.identity import Person, make_person
from pase.corpus.synthetic.sentences import draw_sentence
from pase.corpus.synthetic.speech import Speech, speak
from pase.extras import require
from pase.files import atomic_path, write_text
from pase.phonemes.textgrid import write_textgrid
from pase.video.writing import write_video

FORMAT = 2
"""Raised whenever the same seed gives other clips than before."""

_SHORTEST, _LONGEST = 2.5, 5.0  # seconds of a clip
_CLIPS_PER_WORKER = 6  # starting a process takes as long as rendering these


def synthesize(
    output: Path, clips: int, speakers: int, seed: int, landmarks: bool = False, workers: int | None = None
) -> None:
    """Write a folder of synthetic talking faces, ``<speaker>/<clip>`` with ``.mp4``, ``.txt`` and ``.TextGrid``.

    The same seed gives the same clips, whatever the number of workers and of clips; a run that was stopped goes on
    where it ended, and a corpus can be extended by asking for more clips.

    Args:
        output: Folder to write to; new, or one that this function wrote with the same seed.
        clips: Number of clips, dealt to the speakers in turn.
        speakers: Number of speakers.
        seed: Seed of all that is drawn by chance.
        landmarks: Also write ``<clip>.landmarks.npz``, the renderer's own landmarks, which preparation then takes
            instead of looking for the face.
        workers: Processes at most; as many as there are processors if None.

    Raises:
        InputError: Numbers below 1, more speakers than clips, a folder that holds something else or cannot be written.
        MissingExtraError: `espeakng-loader` is not installed.
        PaseError: A process was killed, for example for want of memory; the same command goes on.
    """
    check_numbers(clips, speakers, seed, workers)
    require("espeakng_loader")
    claim_folder(output, {"format": FORMAT, "seed": seed, "speakers": speakers})
    todo = [number for number in range(clips) if not _complete(output, speakers, number, landmarks)]
    job = partial(_write_clip, output, speakers, seed, landmarks)
    write_clips(job, todo, partial(_stem, output, speakers), workers, _CLIPS_PER_WORKER)


def _stem(output: Path, speakers: int, number: int) -> Path:
    return output / f"speaker{number % speakers + 1:03d}" / f"clip{number + 1:05d}"


def _complete(output: Path, speakers: int, number: int, landmarks: bool) -> bool:
    stem = _stem(output, speakers, number)
    suffixes = [".txt", ".TextGrid", ".mp4", *([".landmarks.npz"] if landmarks else [])]
    return all(stem.with_name(stem.name + suffix).is_file() for suffix in suffixes)


def _write_clip(output: Path, speakers: int, seed: int, with_landmarks: bool, number: int) -> None:
    """Write the files of one clip, each atomically, the video last."""
    stem = _stem(output, speakers, number)
    remove_leftovers(stem)
    person = make_person(seed, number % speakers)
    rng = np.random.default_rng([seed, 2, number])
    text, speech = _draw_speech(person, rng)
    times = (np.arange(speech.frames) + 0.5) / FRAME_RATE
    pose = articulate(speech.phones, times, person.face.effort)
    scene = make_scene(rng, speech.frames, person.face)
    write_text(stem.with_suffix(".txt"), text + "\n")
    write_textgrid(stem.with_suffix(".TextGrid"), speech.words, speech.phones, speech.frames / FRAME_RATE)
    if with_landmarks:
        _write_points(stem.with_suffix(".landmarks.npz"), face_points(scene, person.face, pose))
    write_video(
        stem.with_suffix(".mp4"), film(scene, person.face, pose), in_quiet_room(speech.waveform, rng), FRAME_RATE
    )


def _draw_speech(person: Person, rng: np.random.Generator) -> tuple[str, Speech]:
    """Draw sentences until one has the length of a clip."""
    while True:
        text = draw_sentence(rng)
        before, after = rng.uniform(0.15, 0.5, 2)
        speech = speak(text, person.voice, before, after)
        if _SHORTEST <= speech.frames / FRAME_RATE <= _LONGEST:
            return text, speech


def _write_points(path: Path, points: NDArray[np.float32]) -> None:
    with atomic_path(path) as temporary:
        np.savez(temporary, points=points)
