"""One isolated run of `mfa align`.

MFA finds its earlier work by the name of the corpus folder, unpacks models to a folder that all runs of a user share,
and leaves old results where they are. So each run has everything of its own, below one folder that is new.
"""

import csv
import re
import wave
from pathlib import Path

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, Waveform, save_wav
from pase.errors import InputError
from pase.files import write_text
from pase.phonemes.aligners.mfa.models import AcousticModel
from pase.phonemes.aligners.mfa.program import Outcome, refuse_broken, run_program, version_of

_START_SECONDS = 600.0
"""What a run may take besides aligning; a quarter of a minute is usual."""

_PACE = 2.0
"""Seconds that a run may take for each second of sound; a thirtieth is usual."""

_FLAGS = ("--clean", "--final_clean", "--no_tokenization", "--output_format", "long_textgrid")

_HUGGING_FACE_ONLY = 4
"""The version from which ``align`` takes one folder with model and dictionary."""


class Run:
    """A corpus that is filled, aligned once, and read out.

    Utterances go by their number, from 0, in the order in which they were added.

    Args:
        folder: Empty, and nobody else's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._corpus = folder / f"corpus-{folder.name}"
        self._speakers: dict[str, str] = {}
        self._sounds: list[Path] = []
        self._seconds = 0.0

    def __len__(self) -> int:
        return len(self._sounds)

    def add(self, speaker: str, waveform: Waveform, words: tuple[str, ...]) -> None:
        """Add an utterance: 16 kHz mono, shape ``(N,)``, and its words.

        Raises:
            InputError: The folder cannot be written to, or the disk is full.
        """
        below = self._speakers.setdefault(speaker, f"s{len(self._speakers):06d}")
        sound = self._corpus / below / f"u{len(self._sounds):06d}.wav"  # unique without its folder, for MFA's table
        save_wav(sound, waveform)
        write_text(sound.with_suffix(".lab"), " ".join(words) + "\n")
        self._sounds.append(sound)
        self._seconds += len(waveform) / SAMPLE_RATE

    def align(self, program: Path, model: AcousticModel, dictionary: str, lines: str, jobs: int) -> Outcome:
        """Run MFA on what was added.

        Args:
            program: From `pase.phonemes.aligners.mfa.program.find_program`.
            model: The acoustic model.
            dictionary: Name of the dictionary: from it MFA takes the dialect, and so the phonological rules.
            lines: Content of the dictionary.
            jobs: Processes; at most one for each speaker is of use.

        Raises:
            InputError: MFA refused its arguments, or the disk is full.
            MissingExtraError: MFA is broken.
        """
        arguments = self._arguments(program, model, dictionary, lines)
        arguments += [*_FLAGS, "--temporary_directory", str(self._folder / "work"), "--num_jobs", str(jobs)]
        outcome = run_program(program, arguments, self._folder / "root", _START_SECONDS + _PACE * self._seconds)
        refuse_broken(program, outcome)
        if outcome.code == 2:
            raise InputError(f"{program} refused its arguments: {self.plain(outcome.error)}")
        return outcome

    def textgrid(self, number: int) -> Path:
        """Where the TextGrid of an utterance is; it need not exist."""
        return self._output / self._sounds[number].relative_to(self._corpus).with_suffix(".TextGrid")

    def waveform(self, number: int) -> Waveform:
        """What MFA heard, shape ``(N,)``."""
        with wave.open(str(self._sounds[number])) as file:
            pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return pcm.astype(np.float32) / np.float32(32767)

    def scores(self) -> dict[int, float]:
        """Mean log likelihood of the speech frames of each utterance for which MFA tells it."""
        table = self._output / "alignment_analysis.csv"
        if not table.is_file():
            return {}
        with table.open(encoding="utf-8", newline="") as file:
            rows = [(row.get("file", ""), row.get("speech_log_likelihood", "")) for row in csv.DictReader(file)]
        return {int(name[1:]): float(score) for name, score in rows if score and re.fullmatch(r"u\d+", name)}

    def plain(self, text: str) -> str:
        """A message of MFA without the folders of this run, which mean nothing to people and never come again."""
        return text.replace(f"{self._folder}/", "").replace(f"{self._corpus.name}/", "")

    @property
    def _output(self) -> Path:
        return self._folder / "output"

    def _arguments(self, program: Path, model: AcousticModel, dictionary: str, lines: str) -> list[str]:
        folder = self._folder / "model"
        words = folder / "dictionary" / f"{dictionary}.dict"
        write_text(words, lines)
        if int(version_of(program).partition(".")[0]) < _HUGGING_FACE_ONLY:
            return ["align", str(self._corpus), str(words), str(model.path), str(self._output)]
        model.unpack(folder / "acoustic")
        return ["align", str(self._corpus), str(folder), str(self._output), "--dialect", dictionary]
