"""Forced alignment with MFA, for corpora whose phones need a model and a dictionary of the user's choice."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, load_audio
from pase.errors import InputError
from pase.files import make_folder
from pase.phonemes.aligners.base import Alignment, Utterance
from pase.phonemes.aligners.mfa.dictionary import Pronunciations, first_word, read_pronunciations
from pase.phonemes.aligners.mfa.judge import Limits, judge
from pase.phonemes.aligners.mfa.models import AcousticModel, digest, find_acoustic_model, find_dictionary
from pase.phonemes.aligners.mfa.program import Outcome, find_program, version_of
from pase.phonemes.aligners.mfa.run import Run
from pase.phonemes.labels import phone_of_label
from pase.phonemes.mfa_ipa import arpabet_of_mfa

_SHORTEST = 0.1
"""Seconds of sound below which there is nothing to align."""

_NO_PATH = "MFA found no path through the sound for these words"


@dataclass(frozen=True, slots=True)
class MfaAligner:
    """The Montreal Forced Aligner. A run takes a quarter of a minute to start, so give it many utterances at once.

    An utterance's result depends on the others of its speaker in the same batch, because MFA adapts to speakers.

    Attributes:
        dictionary: Name of a dictionary that ``mfa model download`` has fetched, or a ``.dict`` file.
        acoustic_model: Likewise a name, or a ``.zip`` file or folder.
        program: The `mfa` program, or a conda environment by name or folder; None: ``$PASE_MFA``, else on the PATH.
        jobs: Processes of one run; each speaker is one's work.
        temporary_folder: Where runs have their folders, which hold all of the batch's sound; None: the system's.
        batch_size: Utterances of one run at most.
        limits: What an alignment needs to be believed.
    """

    dictionary: str = "english_us_arpa"
    acoustic_model: str = "english_us_arpa"
    program: str | None = None
    jobs: int = 1
    temporary_folder: Path | None = None
    batch_size: int = 1000
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.jobs < 1 or self.batch_size < 1:
            raise InputError(f"MFA with {self.jobs} jobs and batches of {self.batch_size}: both must be 1 or more")

    def settings(self) -> dict[str, Any]:
        """Versions and digests of all that results depend on.

        Raises:
            PaseError: The program or a model cannot be found.
        """
        return {
            "aligner": "mfa",
            "version": version_of(find_program(self.program)),
            "dictionary": digest(find_dictionary(self.dictionary, self.acoustic_model)),
            "acoustic_model": digest(find_acoustic_model(self.acoustic_model).path),
            "batch_size": self.batch_size,
            "limits": asdict(self.limits),
        }

    def check(self) -> None:
        """Find program and models, and align one word with two seconds of noise: some twenty seconds.

        Raises:
            MissingExtraError: MFA is absent or broken.
            InputError: It is too old, a model is absent, or the trial failed.
        """
        program = find_program(self.program)
        version_of(program)
        model = find_acoustic_model(self.acoustic_model)
        path = find_dictionary(self.dictionary, self.acoustic_model)
        _refuse_unknown_phones(model)
        words = (first_word(path, model.phones),)
        noise = np.random.default_rng(0).normal(0, 0.05, 2 * SAMPLE_RATE).astype(np.float32)
        with self._new_run() as run:
            run.add("noise", noise, words)
            lines = read_pronunciations(path, words, model.phones).text(words)
            outcome = run.align(program, model, path.stem, lines, jobs=1)
            if outcome.code != 0 and "NoAlignmentsError" not in outcome.log:  # noise need not sound like the word
                raise InputError(
                    f"{program} cannot align with the dictionary {path} and the acoustic model {model.path}: "
                    f"{_failure(run, outcome)}"
                )

    def align(self, utterances: Sequence[Utterance]) -> list[Alignment]:
        """Align a batch in one run; see `Aligner.align`.

        Raises:
            PaseError: MFA cannot run at all: it, a model or room on the disk is missing.
        """
        program = find_program(self.program)
        model = find_acoustic_model(self.acoustic_model)
        path = find_dictionary(self.dictionary, self.acoustic_model)
        words = [word for utterance in utterances for word in utterance.words]
        known = read_pronunciations(path, words, model.phones)
        with self._new_run() as run:
            added = [_add(run, utterance, known) for utterance in utterances]
            if len(run):
                outcome = run.align(program, model, path.stem, known.text(words), self.jobs)
                results = self._results(run, outcome, [u for u, a in zip(utterances, added, strict=True) if a is None])
            else:
                results = iter(())
            return [refused or next(results) for refused in added]

    @contextmanager
    def _new_run(self) -> Iterator[Run]:
        place = make_folder(self.temporary_folder) if self.temporary_folder is not None else None
        with tempfile.TemporaryDirectory(prefix="pase-mfa-", dir=place, ignore_cleanup_errors=True) as folder:
            yield Run(Path(folder).resolve())

    def _results(self, run: Run, outcome: Outcome, utterances: Sequence[Utterance]) -> Iterator[Alignment]:
        """The outcome of each utterance in the run."""
        failure = _failure(run, outcome)
        scores = run.scores()
        for number, utterance in enumerate(utterances):
            textgrid = run.textgrid(number)
            if failure:
                yield Alignment("failed", reason=failure)
            elif not textgrid.is_file():
                yield Alignment("failed", reason=_NO_PATH)
            else:
                yield judge(textgrid, utterance.words, run.waveform(number), scores.get(number), self.limits)


def _refuse_unknown_phones(model: AcousticModel) -> None:
    unknown = []
    for phone in sorted(model.phones):
        try:
            for label in arpabet_of_mfa(phone):
                phone_of_label(label)
        except InputError:
            unknown.append(phone)
    if unknown:
        raise InputError(
            f"the acoustic model {model.path} has phones that are not mapped to the 39 of PASE: {' '.join(unknown)}. "
            "Take english_us_arpa, or an English IPA model of MFA such as english_mfa."
        )


def _add(run: Run, utterance: Utterance, known: Pronunciations) -> Alignment | None:
    """Take an utterance into the run, or say why not: one file that cannot be read would end the run for all."""
    if not utterance.words:
        return Alignment("unknown", reason="nobody knows what is said")
    missing = known.missing(utterance.words)
    if missing:
        return Alignment("out_of_vocabulary", reason=f"no pronunciation is known for: {', '.join(missing)}")
    try:
        waveform = load_audio(utterance.sound)
    except InputError as error:
        return Alignment("failed", reason=str(error))
    if len(waveform) < _SHORTEST * SAMPLE_RATE:
        return Alignment("failed", reason=f"{len(waveform) / SAMPLE_RATE:.3f} s of sound are too short")
    run.add(utterance.speaker, waveform, utterance.words)
    return None


def _failure(run: Run, outcome: Outcome) -> str:
    """Why a run gave nothing, for people; empty if it ended well."""
    if outcome.code == 0:
        return ""
    if outcome.code is None:
        return "MFA took far too long and was stopped"
    if outcome.code < 0:
        return f"MFA was killed by signal {-outcome.code}; was memory short?"
    if "NoAlignmentsError" in outcome.log:
        return _NO_PATH
    return f"MFA ended with code {outcome.code}: {run.plain(outcome.error)}"
