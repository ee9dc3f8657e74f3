"""Measurements of one representation, of the pictures, and of a model's sync, on some clips."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from pase.evaluation import closures, sync
from pase.evaluation.bootstrap import Floats, correlation, correlation_sums
from pase.evaluation.clip_features import SeenClip
from pase.evaluation.closures import SpokenGap, bilabial_sums, closure_sums
from pase.evaluation.fitted import Fitted, Lips
from pase.evaluation.homophenes import Tokens, homophene_sums
from pase.evaluation.lip_shape import landmark_distance
from pase.evaluation.measures import Found
from pase.evaluation.probe import CLASSES, probe_sums, targets_of
from pase.evaluation.retrieval import choose_stretches, rank_own_video, retrieval_sums
from pase.evaluation.ridge import Rows
from pase.evaluation.silence import aperture_sums, change_sums, jitter_sums
from pase.models.model import PaseModel


def measure_rows(clips: Sequence[SeenClip], rows: Sequence[Rows], fitted: Fitted) -> list[Found]:
    """Everything that is measured of a representation.

    Args:
        clips: Lips and phones.
        rows: The representation of each clip, shape ``(T, F)``.
        fitted: What was fitted on training clips.
    """
    lips = [fitted.lips(own) for own in rows]
    found = measure_lips(clips, lips)
    if any(clip.spoken for clip in clips):
        standard = [fitted.standardise(own) for own in rows]
        found += [
            *_measure_closures(clips, lips),
            *_measure_probes(clips, rows, fitted),
            *_measure_homophenes(clips, standard),
            *_measure_change(clips, standard),
        ]
    return found


def measure_lips(clips: Sequence[SeenClip], lips: Sequence[Lips]) -> list[Found]:
    """LMD and correlation of the aperture."""
    pairs = list(zip(clips, lips, strict=True))
    distances = [landmark_distance(own.shape, clip.shape) for clip, own in pairs]
    sums = np.array([correlation_sums(own.aperture, clip.aperture) for clip, own in pairs])
    with np.errstate(divide="ignore", invalid="ignore"):
        each = correlation(sums)
    moving = np.isfinite(each)
    return [
        Found("lmd", "", np.array([[own.sum(), len(own)] for own in distances])),
        Found("aperture", "", sums),
        Found("clip aperture", "", np.stack([np.where(moving, each, 0.0), moving], axis=1)),
    ]


def measure_pictures(clips: Sequence[SeenClip]) -> list[Found]:
    """What the pictures themselves show of closures and of silence."""
    lips = [Lips(clip.shape.astype(np.float64), clip.aperture.astype(np.float64)) for clip in clips]
    return [*_measure_silence(clips, lips), *_measure_bilabials(clips, lips)] if any(c.spoken for c in clips) else []


def measure_stillness(clips: Sequence[SeenClip]) -> list[Found]:
    """LMD of predicting that lips never move, against which others are to be seen."""
    distances = [landmark_distance(clip.shape, np.zeros_like(clip.shape)) for clip in clips]
    return [Found("lmd", "", np.array([[own.sum(), len(own)] for own in distances]))]


def measure_guess(clips: Sequence[SeenClip]) -> list[Found]:
    """Accuracy of always naming the most frequent class of these very clips."""
    found = []
    for name, classes in CLASSES.items():
        labels = [targets_of(clip.labels)[name] for clip in clips]
        counts = np.array([np.bincount(own[own >= 0], minlength=classes) for own in labels])
        if counts.any():
            most = int(counts.sum(axis=0).argmax())
            found.append(Found(name, "", np.stack([counts[:, most], counts.sum(axis=1)], axis=1).astype(np.float64)))
    return found


def measure_sync(
    model: PaseModel, clips: Sequence[SeenClip], audio: Sequence[Tensor], windows: Sequence[int] = sync.WINDOWS
) -> list[Found]:
    """Offsets found, in whole clips and in short stretches, and the mean similarity at each shift.

    Args:
        model: In evaluation mode.
        clips: With their video encoded.
        audio: A of each clip, shape ``(T, D)``.
        windows: Lengths of stretches in frames.
    """
    similarities = [
        model.sync_similarity(heard, _video(clip), sync.SHIFTS).float().cpu().numpy()
        for clip, heard in zip(clips, audio, strict=True)
    ]
    found = [Found("sync", "clip", _scores([sync.score_clip(own) for own in similarities]))]
    for frames in windows:
        scores = [sync.score_windows(own, frames) for own in similarities]
        found.append(Found("sync", sync.seconds(frames), _scores(scores)))
    sums = np.array([np.nansum(own, axis=0, dtype=np.float64) for own in similarities])
    counts = np.array([np.isfinite(own).sum(axis=0) for own in similarities])
    return found + [
        Found("similarity", f"{shift:+d}", np.stack([sums[:, k], counts[:, k]], axis=1))
        for k, shift in enumerate(sync.SHIFTS)
    ]


def measure_retrieval(
    model: PaseModel, clips: Sequence[SeenClip], audio: Sequence[Tensor], windows: Sequence[int] = sync.WINDOWS
) -> list[Found]:
    """Whether sound finds its own video among that of all stretches; arguments as for `measure_sync`."""
    found = []
    for frames in windows:
        stretches = choose_stretches([len(clip) for clip in clips], frames)
        if len(stretches) > 1:
            ranks = rank_own_video(model, audio, [_video(clip) for clip in clips], stretches, frames)
            first, counts = retrieval_sums(ranks, stretches, len(clips))
            at = sync.seconds(frames)
            found += [Found("recall@1", at, first), Found("rank", at, counts)]
    return found


def _video(clip: SeenClip) -> Tensor:
    if clip.video is None:
        raise ValueError(f"the video of {clip.record.clip_id} was not encoded")
    return clip.video


def _scores(scores: Sequence[sync.OffsetScore]) -> Floats:
    return np.array([[score.found, score.total] for score in scores], dtype=np.float64)


def _measure_closures(clips: Sequence[SeenClip], lips: Sequence[Lips]) -> list[Found]:
    empty = {"recall": [0, 0], "precision": [0, 0], "alarms": [0, 0]}
    sums = [
        closure_sums(_gap(clip, own), clip.labels) if clip.spoken else empty
        for clip, own in zip(clips, lips, strict=True)
    ]
    columns = {name: np.array([own[name] for own in sums], dtype=np.float64) for name in empty}
    return [
        Found("closure f1", "", np.concatenate([columns["recall"], columns["precision"]], axis=1)),
        *(Found(f"closure {name}", "", own) for name, own in columns.items()),
        *_measure_silence(clips, lips),
        *_measure_bilabials(clips, lips),
    ]


def _measure_silence(clips: Sequence[SeenClip], lips: Sequence[Lips]) -> list[Found]:
    spoken = [(clip, own) if clip.spoken else None for clip, own in zip(clips, lips, strict=True)]
    gaps = [aperture_sums(_gap(*pair).predicted, pair[0].labels) if pair else np.zeros(2) for pair in spoken]
    jitter = [jitter_sums(pair[1].shape, pair[0].labels) if pair else np.zeros(2) for pair in spoken]
    return [Found("silent aperture", "", np.array(gaps)), Found("silent jitter", "", np.array(jitter))]


def _measure_bilabials(clips: Sequence[SeenClip], lips: Sequence[Lips]) -> list[Found]:
    none = np.zeros(len(closures.SHIFTS) + 1)
    table = np.array(
        [
            none if clip.record.phones is None else bilabial_sums(clip.record.phones, _gap(clip, own).predicted)
            for clip, own in zip(clips, lips, strict=True)
        ]
    )
    return [Found("bilabial gap", f"{shift:+d}", table[:, [k, -1]]) for k, shift in enumerate(closures.SHIFTS)]


def _measure_probes(clips: Sequence[SeenClip], rows: Sequence[Rows], fitted: Fitted) -> list[Found]:
    found = []
    for frames, probes in fitted.probes.items():
        at = "1 frame" if frames == 1 else f"{frames} frames"
        for target, probe in probes.items():
            wanted = [targets_of(clip.labels)[target] for clip in clips]
            sums = [probe_sums(probe.predict(r), w, CLASSES[target]) for r, w in zip(rows, wanted, strict=True)]
            found.append(Found(target, at, np.array([plain for plain, _ in sums])))
            found.append(Found(f"{target} balanced", at, np.array([balanced for _, balanced in sums])))
    return found


def _measure_homophenes(clips: Sequence[SeenClip], standard: Sequence[Rows]) -> list[Found]:
    sums = homophene_sums(Tokens.collect([clip.record.phones for clip in clips], standard))
    names = {"gap": "homophene gap", "viseme": "viseme silhouette", "phone": "phone silhouette"}
    return [Found(name, at, own) for kind, name in names.items() for at, own in sums[kind].items()]


def _measure_change(clips: Sequence[SeenClip], standard: Sequence[Rows]) -> list[Found]:
    sums = np.array([change_sums(own, clip.labels) for clip, own in zip(clips, standard, strict=True)])
    return [Found("silent change", "", sums[:, 0]), Found("edge change", "", sums[:, 1])]


def _gap(clip: SeenClip, lips: Lips) -> SpokenGap:
    assert clip.record.phones is not None  # noqa: S101 - `spoken` says so
    return SpokenGap.normalised(clip.record.phones, clip.aperture, lips.aperture)
