"""`pase evaluate`: everything that is measured of a checkpoint, on clips that it was not trained on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pase.corpus.clip import ClipRecord
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.evaluation import sync
from pase.evaluation.bootstrap import Estimate, bootstrap, ratio
from pase.evaluation.clip_features import INPUTS, ClipFeatures, measure_clips
from pase.evaluation.closures import SpokenGap, bilabial_curve, closure_scores, token_frames
from pase.evaluation.evidence import Evidence
from pase.evaluation.probe import CLASSES, Probe, ProbeConfig, fit_probes, largest_class, score_probe, targets_of
from pase.evaluation.results import ApertureResult, BilabialResult, ProbeResult, Results, SplitResult, SyncResult
from pase.evaluation.ridge import CONTEXT, Ridge, fit_ridge, score_aperture
from pase.files import make_folder, write_json, write_text
from pase.models.checkpoint import load_checkpoint
from pase.phonemes.inventory import BILABIALS, UNKNOWN

PROBED = ("features", "untrained", "log-mel")

MOST_CLIPS = 1000
"""Clips of a split that are used, evenly spread; keeps time and memory flat on large corpora."""

Say = Callable[[str], None]


def evaluate(
    checkpoint: Path,
    corpus: Path,
    unseen: Path | None,
    output: Path,
    seed: int = 0,
    command: str = "",
    date: str | None = None,
    most_clips: int = MOST_CLIPS,
    budget: ProbeConfig | None = None,
    device: str = "cpu",
    say: Say = lambda _: None,
) -> Results:
    """Measure a checkpoint and write ``results.json``, ``results.md`` and ``evidence.npz``.

    Probes and regressions are fitted on the corpus's training clips, their strength is chosen on a held-out part of
    these, and nothing of the clips that are reported on is used. The model is not told any phones.

    Args:
        checkpoint: Checkpoint folder.
        corpus: Prepared corpus with training and validation clips.
        unseen: Prepared corpus of people who were not trained on; all its clips are used.
        output: Folder to write to.
        seed: Of probes and bootstrap.
        command: What the user ran, for the record.
        date: For the record.
        most_clips: Clips of a split that are used, evenly spread.
        budget: Of the phone probes.
        device: Where the model computes.
        say: Called with a line for each stage.

    Raises:
        InputError: Checkpoint or corpus cannot be used, or the output cannot be written.
    """
    model, info = load_checkpoint(checkpoint)
    opened = Corpus.open(corpus)
    other = None if unseen is None else Corpus.open(unseen)
    training, validation = _training(opened, most_clips), _spread(_held_out(opened), most_clips)
    make_folder(output)

    say(f"encode {len(training)} training clips")
    clips = list(measure_clips(model, opened, training, video=False, seed=seed, device=device))
    fitted = Fitted.fit(clips, seed, budget, say)
    say(f"encode and measure {len(validation)} validation clips")
    clips = list(measure_clips(model, opened, validation, video=True, seed=seed, device=device))
    splits = [measure_split("validation", clips, fitted, seed)]
    if other is not None:
        records = _spread(other.records, most_clips)
        say(f"encode and measure {len(records)} clips of unseen people")
        unseen_clips = list(measure_clips(model, other, records, video=True, seed=seed, device=device))
        splits.append(measure_split("unseen", unseen_clips, fitted, seed))

    results = Results(
        checkpoint=str(checkpoint),
        model_id=info.model_id,
        corpus=str(corpus),
        unseen=None if unseen is None else str(unseen),
        command=command,
        date=date,
        seed=seed,
        train_clips=len(training),
        train_frames=sum(record.frames for record in training),
        splits=tuple(splits),
    )
    Evidence.collect(clips, fitted.ridges["features"]).save(output)
    write_text(output / "results.md", results.to_markdown())
    write_json(output / "results.json", results.to_json())
    return results


class Fitted:
    """Regressions and probes, fitted on training clips.

    Attributes:
        ridges: From each of `INPUTS` to lip aperture.
        probes: For each of `PROBED` and each context, a probe for each target.
    """

    def __init__(self, ridges: dict[str, Ridge], probes: dict[tuple[str, int], dict[str, Probe]]) -> None:
        self.ridges = ridges
        self.probes = probes

    @classmethod
    def fit(
        cls, clips: Sequence[ClipFeatures], seed: int, budget: ProbeConfig | None = None, say: Say = lambda _: None
    ) -> "Fitted":
        """Fit everything; no probes where no phones are known."""
        ridges = {}
        for name in INPUTS:
            say(f"fit lip aperture from {name}")
            ridges[name] = fit_ridge([clip.rows(name) for clip in clips], [clip.aperture for clip in clips])
        probes = {}
        spoken = [clip for clip in clips if (clip.labels != UNKNOWN).any()]
        for context in (1, CONTEXT) if spoken else ():
            for name in PROBED:
                say(f"fit phones and visemes from {name}, {context} frames")
                rows, labels = [clip.rows(name) for clip in spoken], [clip.labels for clip in spoken]
                probes[name, context] = fit_probes(
                    rows, labels, replace(budget or ProbeConfig(), context=context), seed
                )
        return cls(ridges, probes)


def measure_split(name: str, clips: Sequence[ClipFeatures], fitted: Fitted, seed: int) -> SplitResult:
    """Everything measured on some clips with their video encoded."""
    spoken = [clip for clip in clips if (clip.labels != UNKNOWN).any()]
    targets = [targets_of(clip.labels) for clip in spoken]
    return SplitResult(
        name=name,
        clips=len(clips),
        frames=sum(len(clip) for clip in clips),
        labelled=sum(int((clip.labels != UNKNOWN).sum()) for clip in clips),
        largest_phone=largest_class([target["phone"] for target in targets]),
        largest_viseme=largest_class([target["viseme"] for target in targets]),
        sync=measure_sync(clips, seed),
        aperture=tuple(_measure_aperture(clips, name, ridge, seed) for name, ridge in fitted.ridges.items()),
        probes=tuple(
            _measure_probe(spoken, name, target, probe, seed)
            for (name, _), probes in fitted.probes.items()
            for target, probe in probes.items()
            if spoken
        ),
        bilabials=measure_bilabials(spoken, fitted.ridges["features"], seed) if spoken else None,
    )


def measure_sync(clips: Sequence[ClipFeatures], seed: int) -> SyncResult:
    """Offsets found, and the mean similarity at each shift."""
    similarities = [clip.similarity for clip in clips if clip.similarity is not None]
    whole = [sync.score_clip(similarity) for similarity in similarities]
    windows = [sync.score_windows(similarity) for similarity in similarities]
    frames = np.concatenate(similarities)
    counts = np.isfinite(frames).sum(axis=0)
    curve = np.where(counts, np.nansum(frames, axis=0) / np.maximum(counts, 1), np.nan)
    return SyncResult(_share(whole, seed), _share(windows, seed), tuple(float(value) for value in curve))


def measure_bilabials(clips: Sequence[ClipFeatures], ridge: Ridge, seed: int) -> BilabialResult:
    """Lip gap at /p b m/ in the pictures and as predicted from the features."""
    spoken = [
        SpokenGap.normalised(clip.record.phones, clip.aperture, ridge.predict(clip.features))
        for clip in clips
        if clip.record.phones is not None
    ]
    recall, false_alarms = closure_scores(spoken, seed)
    return BilabialResult(
        tokens=sum(len(token_frames(clip.phones, BILABIALS)) for clip in spoken),
        seen=tuple(bilabial_curve([(clip.phones, clip.seen) for clip in spoken], seed)[0]),
        predicted=tuple(bilabial_curve([(clip.phones, clip.predicted) for clip in spoken], seed)[0]),
        recall=recall,
        false_alarms=false_alarms,
    )


def _share(scores: Sequence[sync.OffsetScore], seed: int) -> Estimate:
    return bootstrap([[score.found, score.total] for score in scores], ratio, seed)


def _measure_aperture(clips: Sequence[ClipFeatures], name: str, ridge: Ridge, seed: int) -> ApertureResult:
    predicted = [ridge.predict(clip.rows(name)) for clip in clips]
    pooled, per_clip = score_aperture(predicted, [clip.aperture for clip in clips], seed)
    return ApertureResult(name, pooled, per_clip, ridge.strength)


def _measure_probe(clips: Sequence[ClipFeatures], name: str, target: str, probe: Probe, seed: int) -> ProbeResult:
    predicted = [probe.predict(clip.rows(name)) for clip in clips]
    true = [targets_of(clip.labels)[target] for clip in clips]
    accuracy, balanced = score_probe(predicted, true, CLASSES[target], seed)
    return ProbeResult(name, target, probe.context, accuracy, balanced, probe.strength)


def _training(corpus: Corpus, most: int) -> tuple[ClipRecord, ...]:
    records = _spread(corpus.split("train"), most)
    if len(records) < 2:
        raise InputError(
            f"{corpus.folder}: {len(records)} training clips; probes are fitted on them, at least 2 needed"
        )
    return records


def _held_out(corpus: Corpus) -> tuple[ClipRecord, ...]:
    records = corpus.split("validation") or corpus.split("test")
    if not records:
        raise InputError(f"{corpus.folder} has no validation clips: prepare it with a share of clips held out")
    return records


def _spread(records: Sequence[ClipRecord], most: int) -> tuple[ClipRecord, ...]:
    """At most so many records, evenly spread over the list."""
    if len(records) <= most:
        return tuple(records)
    return tuple(records[int(place)] for place in np.linspace(0, len(records) - 1, most).round())
