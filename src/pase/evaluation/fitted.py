"""Regressions and probes of one representation, fitted on clean training clips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pase.evaluation.bootstrap import Floats
from pase.evaluation.clip_features import SeenClip
from pase.evaluation.probe import Probe, ProbeConfig, fit_probes
from pase.evaluation.ridge import CONTEXT, Ridge, Rows, fit_ridge

CONTEXTS = (1, CONTEXT)
"""Frames that probes see."""


@dataclass(frozen=True)
class Lips:
    """Lips predicted from sound.

    Attributes:
        shape: Displacement of the lip points in mouth widths, shape ``(T, 80)``.
        aperture: Gap of the inner lips in eye distances, shape ``(T,)``.
    """

    shape: Floats
    aperture: Floats


@dataclass(frozen=True)
class Fitted:
    """Everything fitted.

    Attributes:
        ridge: From rows to lip shape and, in the last column, lip aperture.
        probes: For each context a probe for each target; none where no phones are known.
    """

    ridge: Ridge
    probes: Mapping[int, Mapping[str, Probe]]

    @classmethod
    def fit(
        cls,
        clips: Sequence[SeenClip],
        rows: Sequence[Rows],
        seed: int,
        budget: ProbeConfig | None = None,
        contexts: Sequence[int] = CONTEXTS,
    ) -> "Fitted":
        """Fit on training clips and their rows of shape ``(T, F)``.

        Args:
            clips: Their lips and phones.
            rows: The representation of each.
            seed: Of the probes.
            budget: Of the probes.
            contexts: Frames that probes see.
        """
        targets = [np.concatenate([clip.shape, clip.aperture[:, None]], axis=1) for clip in clips]
        ridge = fit_ridge(rows, targets)
        spoken = [place for place, clip in enumerate(clips) if clip.spoken]
        if not spoken:
            return cls(ridge, {})
        own, labels = [rows[place] for place in spoken], [clips[place].labels for place in spoken]
        config = budget or ProbeConfig()
        return cls(
            ridge, {frames: fit_probes(own, labels, replace(config, context=frames), seed) for frames in contexts}
        )

    def lips(self, rows: Rows) -> Lips:
        """The lips of one clip from its rows of shape ``(T, F)``."""
        predicted = self.ridge.predict(rows)
        return Lips(predicted[:, :-1], predicted[:, -1])

    def standardise(self, rows: Rows) -> Rows:
        """Rows with zero mean and unit variance over the training clips."""
        return (rows - self.ridge.center) / self.ridge.scale
