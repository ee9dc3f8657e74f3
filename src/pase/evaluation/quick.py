"""The main measures of a model in memory, in short: no intervals, no baselines, clean sound and one noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from pase.audio.condition import Condition
from pase.corpus.clip import ClipRecord
from pase.corpus.store import Corpus
from pase.evaluation.clip_features import hear_clips, see_clips
from pase.evaluation.fitted import Fitted
from pase.evaluation.measurement import measure_rows, measure_stillness, measure_sync
from pase.evaluation.measures import Found
from pase.evaluation.probe import ProbeConfig
from pase.evaluation.representations import PaseFeatures
from pase.evaluation.ridge import Rows
from pase.evaluation.selection import everyone, held_out, training
from pase.models.model import PaseModel

NOISY = Condition(snr_db=5)
"""Noise of one of several kinds, which is dealt out clip by clip, at 5 dB."""


@dataclass(frozen=True)
class QuickScores:
    """One split; `pase.evaluation.measures.MEASURES` says how each is defined. NaN where it could not be measured.

    Attributes:
        window_sync: Share of 0.4-s stretches whose A/V offset is found within one frame.
        lmd: Lip landmark distance in mouth widths.
        still_lmd: The same of lips that never move.
        aperture: Correlation of the lip aperture over all frames.
        phone: Accuracy of a phone probe on single frames.
        viseme: Accuracy of a viseme probe on single frames.
        homophene_gap: Silhouette by viseme less silhouette by phone.
        closure_f1: Of closures.
        noisy_lmd: Lip landmark distance in noise of `NOISY`.
        noisy_closure_f1: Of closures in that noise.
    """

    window_sync: float
    lmd: float
    still_lmd: float
    aperture: float
    phone: float
    viseme: float
    homophene_gap: float
    closure_f1: float
    noisy_lmd: float
    noisy_closure_f1: float


@dataclass(frozen=True)
class QuickResult:
    """Both splits.

    Attributes:
        validation: Clips of the corpus that were held out.
        unseen: Clips of people who were not trained on; None where none were given.
    """

    validation: QuickScores
    unseen: QuickScores | None

    def flat(self) -> dict[str, float]:
        """By name: ``"validation/lmd"``, ``"unseen/lmd"``, ..."""
        splits = {"validation": self.validation, "unseen": self.unseen}
        return {
            f"{split}/{item.name}": getattr(scores, item.name)
            for split, scores in splits.items()
            if scores is not None
            for item in fields(scores)
        }


def measure(
    model: PaseModel,
    corpus: Corpus,
    unseen: Corpus | None = None,
    seed: int = 0,
    device: str = "cpu",
    most_clips: int = 1000,
    budget: ProbeConfig | None = None,
) -> QuickResult:
    """Measure a model: regressions and probes are fitted on training clips, everything is scored on others.

    Args:
        model: Put into evaluation mode.
        corpus: With training and validation clips.
        unseen: People who were not trained on; all its clips are used.
        seed: Of the probes.
        device: Where the model computes.
        most_clips: Clips of a split that are used, evenly spread.
        budget: Of the probes.

    Raises:
        InputError: The corpus lacks training or held-out clips, or cannot be read.
    """
    own = PaseFeatures(model, device)
    records = training(corpus, most_clips)
    fitted = Fitted.fit(see_clips(corpus, records), _rows(own, corpus, records), seed, budget, contexts=(1,))
    validation = _score(model, own, fitted, corpus, held_out(corpus, most_clips), device)
    if unseen is None:
        return QuickResult(validation, None)
    return QuickResult(validation, _score(model, own, fitted, unseen, everyone(unseen, most_clips), device))


def _score(
    model: PaseModel, own: PaseFeatures, fitted: Fitted, corpus: Corpus, records: Sequence[ClipRecord], device: str
) -> QuickScores:
    clips = see_clips(corpus, records, model, device)
    sounds = zip(hear_clips(corpus, records, Condition()), clips, strict=True)
    audio = [own.states(sound, len(clip)) for sound, clip in sounds]
    found = measure_rows(clips, _rows(own, corpus, records), fitted)
    found += measure_sync(model, clips, audio, windows=(10,))
    noisy = measure_rows(clips, _rows(own, corpus, records, NOISY), fitted)
    return QuickScores(
        window_sync=_value(found, "sync", "0.4 s"),
        lmd=_value(found, "lmd"),
        still_lmd=_value(measure_stillness(clips), "lmd"),
        aperture=_value(found, "aperture"),
        phone=_value(found, "phone", "1 frame"),
        viseme=_value(found, "viseme", "1 frame"),
        homophene_gap=_value(found, "homophene gap", "all"),
        closure_f1=_value(found, "closure f1"),
        noisy_lmd=_value(noisy, "lmd"),
        noisy_closure_f1=_value(noisy, "closure f1"),
    )


def _rows(
    own: PaseFeatures, corpus: Corpus, records: Sequence[ClipRecord], condition: Condition | None = None
) -> list[Rows]:
    sounds = hear_clips(corpus, records, condition or Condition())
    return [own.rows(sound, record.frames) for sound, record in zip(sounds, records, strict=True)]


def _value(found: Sequence[Found], measure: str, at: str = "") -> float:
    return next((own.value for own in found if (own.measure, own.at) == (measure, at)), math.nan)
