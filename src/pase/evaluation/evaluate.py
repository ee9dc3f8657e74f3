"""`pase evaluate`: everything that is measured of a checkpoint, on clips that it was not trained on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pase.audio.condition import Condition
from pase.audio.waveform import Waveform
from pase.baselines.base import SpeechFeatures
from pase.corpus.clip import ClipRecord
from pase.corpus.store import Corpus
from pase.evaluation.clip_features import SeenClip, hear_clips, see_clips
from pase.evaluation.evidence import Evidence
from pase.evaluation.fitted import Fitted
from pase.evaluation.measurement import (
    measure_guess,
    measure_pictures,
    measure_retrieval,
    measure_rows,
    measure_stillness,
    measure_sync,
)
from pase.evaluation.measures import Found
from pase.evaluation.options import EvaluationOptions
from pase.evaluation.representations import OWN, PaseFeatures, open_inputs
from pase.evaluation.results import CLEAN, FORMAT, Measured, Results, Split
from pase.evaluation.ridge import Rows
from pase.evaluation.selection import everyone, held_out, training
from pase.evaluation.tables import to_markdown
from pase.files import make_folder, write_text
from pase.models.checkpoint import load_checkpoint
from pase.models.model import PaseModel
from pase.phonemes.inventory import UNKNOWN

Say = Callable[[str], None]


def evaluate(
    checkpoint: Path,
    corpus: Path,
    unseen: Path | None,
    output: Path,
    options: EvaluationOptions | None = None,
    command: str = "",
    date: str | None = None,
    say: Say = lambda _: None,
) -> Results:
    """Measure a checkpoint and write ``results.json``, ``results.md`` and ``evidence.npz``.

    Probes and regressions are fitted on the corpus's training clips as they are, their strength is chosen on a
    held-out part of these, and nothing of the clips that are reported on is used. The model is not told any phones.

    Args:
        checkpoint: Checkpoint folder.
        corpus: Prepared corpus with training and validation clips.
        unseen: Prepared corpus of people who were not trained on; all its clips are used.
        output: Folder to write to.
        options: What is measured, and how.
        command: What the user ran, for the record.
        date: For the record.
        say: Called with a line for each stage.

    Raises:
        InputError: Checkpoint, corpus or baseline cannot be used, or the output cannot be written.
        MissingExtraError: A baseline's package is not installed.
    """
    options = options or EvaluationOptions()
    model, info = load_checkpoint(checkpoint)
    opened = Corpus.open(corpus)
    records, most = training(opened, options.most_clips), options.most_clips
    splits = {"validation": (opened, held_out(opened, most))}
    if unseen is not None:
        other = Corpus.open(unseen)
        splits["unseen"] = (other, everyone(other, most))
    inputs = open_inputs(options.baselines, model, options.seed, options.device)
    make_folder(output)

    fitted = _fit(inputs, opened, records, options, say)
    found: list[Measured] = []
    described = []
    for name, (place, chosen) in splits.items():
        say(f"encode the video of {len(chosen)} {name} clips")
        run = _SplitRun(name, place, see_clips(place, chosen, model, options.device), options, say)
        described.append(run.describe())
        found += run.measure(model, inputs, fitted)
        if name == "validation":
            run.evidence(inputs[0], fitted[OWN]).save(output)

    results = Results(
        format=FORMAT,
        checkpoint=str(checkpoint),
        model_id=info.model_id,
        corpus=str(corpus),
        unseen=None if unseen is None else str(unseen),
        command=command,
        date=date,
        seed=options.seed,
        train_clips=len(records),
        train_frames=sum(record.frames for record in records),
        inputs=tuple(source.name for source in inputs),
        conditions=tuple(condition.name for condition in options.heard),
        splits=tuple(described),
        measured=tuple(found),
    )
    write_text(output / "results.md", to_markdown(results))
    results.save(output / "results.json")
    return results


@dataclass(frozen=True)
class _SplitRun:
    """Measures one split; sound is degraded once for all inputs, and the rows of one input are in memory at a time."""

    name: str
    corpus: Corpus
    clips: Sequence[SeenClip]
    options: EvaluationOptions
    say: Say

    def describe(self) -> Split:
        return Split(
            self.name,
            tuple(clip.record.clip_id for clip in self.clips),
            sum(len(clip) for clip in self.clips),
            sum(int((clip.labels != UNKNOWN).sum()) for clip in self.clips),
        )

    def measure(
        self, model: PaseModel, inputs: Sequence[SpeechFeatures], fitted: Mapping[str, Fitted]
    ) -> Iterator[Measured]:
        yield from self._of("pictures", CLEAN, measure_pictures(self.clips))
        yield from self._of("no motion", CLEAN, measure_stillness(self.clips))
        yield from self._of("most frequent", CLEAN, measure_guess(self.clips))
        own = PaseFeatures(model, self.options.device)
        for condition in self.options.heard:
            self.say(f"measure {self.name} clips, {condition.name}")
            sounds = self._sounds(condition)
            audio = [own.states(sound, len(clip)) for sound, clip in zip(sounds, self.clips, strict=True)]
            yield from self._of(OWN, condition.name, measure_sync(model, self.clips, audio))
            yield from self._of(OWN, condition.name, measure_retrieval(model, self.clips, audio))
            for source in inputs:
                found = measure_rows(self.clips, self._rows(source, sounds), fitted[source.name])
                yield from self._of(source.name, condition.name, found)

    def evidence(self, source: SpeechFeatures, fitted: Fitted) -> Evidence:
        rows = self._rows(source, self._sounds(Condition()))
        return Evidence.collect(self.clips, rows, fitted.ridge)

    def _of(self, source: str, condition: str, found: Sequence[Found]) -> Iterator[Measured]:
        return (Measured.of(one, self.name, condition, source, self.options.seed) for one in found)

    def _sounds(self, condition: Condition) -> list[Waveform]:
        records = [clip.record for clip in self.clips]
        return list(hear_clips(self.corpus, records, condition, self.options.seed))

    def _rows(self, source: SpeechFeatures, sounds: Sequence[Waveform]) -> list[Rows]:
        return [source.rows(sound, len(clip)) for sound, clip in zip(sounds, self.clips, strict=True)]


def _fit(
    inputs: Sequence[SpeechFeatures],
    corpus: Corpus,
    records: Sequence[ClipRecord],
    options: EvaluationOptions,
    say: Say,
) -> dict[str, Fitted]:
    """Fit each input; the rows of one are in memory at a time."""
    clips = see_clips(corpus, records)
    fitted = {}
    for source in inputs:
        say(f"encode {len(records)} training clips as {source.name}, fit lips, phones and visemes")
        sounds = hear_clips(corpus, records, Condition())
        rows = [np.asarray(source.rows(sound, record.frames)) for sound, record in zip(sounds, records, strict=True)]
        fitted[source.name] = Fitted.fit(clips, rows, options.seed, options.budget)
    return fitted
