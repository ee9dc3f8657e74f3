"""What is measured: names, definitions, and how a number comes from sums over clips."""

from dataclasses import dataclass
from typing import Literal

from pase.evaluation.bootstrap import STATISTICS, Estimate, Floats, bootstrap, evaluate_once

Better = Literal["higher", "lower", ""]


@dataclass(frozen=True)
class Measure:
    """A kind of measurement.

    Attributes:
        label: For tables.
        statistic: Name of its function in `pase.evaluation.bootstrap.STATISTICS`.
        better: Which values are better; empty where neither is.
        meaning: Its definition in a sentence.
        digits: After the point, in tables.
    """

    label: str
    statistic: str
    better: Better
    meaning: str
    digits: int = 3

    @property
    def arrow(self) -> str:
        """Where better values are, to stand behind a name; empty where neither is better."""
        return {"higher": " ↑", "lower": " ↓", "": ""}[self.better]


MEASURES: dict[str, Measure] = {
    "lmd": Measure(
        "lip landmark distance (LMD)",
        "ratio",
        "lower",
        "All 40 lip points predicted by ridge regression from 8 neighbouring frames; each clip's points are centred on "
        "their mean and divided by the mean width of its mouth; mean Euclidean distance over points and frames, in "
        "mouth widths.",
        digits=4,
    ),
    "aperture": Measure(
        "lip aperture, correlation",
        "correlation",
        "higher",
        "Gap of the inner lips by the same regression; Pearson correlation over the frames of all clips together.",
    ),
    "clip aperture": Measure(
        "lip aperture, mean correlation of clips",
        "ratio",
        "higher",
        "The same correlation within each clip, averaged over clips.",
    ),
    "closure f1": Measure(
        "closures, F1",
        "f1",
        "higher",
        "Harmonic mean of recall and precision of closures.",
    ),
    "closure recall": Measure(
        "closures at /p b m/, recall",
        "ratio",
        "higher",
        "Of the bilabials at which the lips close within two frames (normalised gap under 0.25), the share at which "
        "the predicted gap closes too. Gaps are normalised by the 5th and 95th percentile of the clip's pictures.",
    ),
    "closure precision": Measure(
        "closures, precision",
        "ratio",
        "higher",
        "Of the spoken frames where the predicted gap is closed, the share where the lips are closed at most one frame "
        "away.",
    ),
    "closure alarms": Measure(
        "open vowels with a predicted closure",
        "ratio",
        "lower",
        "Of the vowels at which the lips stay open, the share where the predicted gap closes within two frames.",
    ),
    "sync": Measure(
        "A/V offset within ±1 frame",
        "ratio",
        "higher",
        "Share of stretches whose best shift among -15 ... +15 frames is at most one frame off; guessing finds 10 %.",
    ),
    "recall@1": Measure(
        "retrieval, recall@1",
        "ratio",
        "higher",
        "Given a stretch of sound, the share whose own video is the most similar one among those of the split.",
    ),
    "rank": Measure(
        "retrieval, median rank",
        "median",
        "lower",
        "Median rank of a stretch's own video.",
    ),
    "phone": Measure(
        "phone probe, accuracy",
        "ratio",
        "higher",
        "Softmax regression of the phone at each frame's middle.",
    ),
    "phone balanced": Measure(
        "phone probe, balanced accuracy",
        "balanced",
        "higher",
        "The same, as the mean recall of the phones that occur.",
    ),
    "viseme": Measure(
        "viseme probe, accuracy",
        "ratio",
        "higher",
        "Softmax regression of the viseme at each frame's middle.",
    ),
    "viseme balanced": Measure(
        "viseme probe, balanced accuracy",
        "balanced",
        "higher",
        "The same, as the mean recall of the visemes that occur.",
    ),
    "homophene gap": Measure(
        "homophene gap",
        "ratio",
        "higher",
        "Silhouette by viseme less silhouette by phone of the rows at the middle of phones (1 - cosine of standardised "
        "rows), over visemes of several phones: positive where phones that look alike lie together. Features without "
        "any order have a gap too, as there are more phones than visemes to lie near: see the silhouette by viseme.",
    ),
    "viseme silhouette": Measure(
        "silhouette by viseme",
        "ratio",
        "higher",
        "How much nearer such a row is to its own viseme than to the nearest other one, from -1 to 1.",
    ),
    "phone silhouette": Measure(
        "silhouette by phone",
        "ratio",
        "",
        "The same with phones as classes.",
    ),
    "silent aperture": Measure(
        "lip gap in silence, normalised",
        "ratio",
        "",
        "Mean normalised gap in frames at least 0.12 s away from speech; the pictures say how open lips then are.",
    ),
    "silent jitter": Measure(
        "lip movement in silence",
        "ratio",
        "lower",
        "Mean distance that lip points go from one such frame to the next, in mouth widths.",
        digits=4,
    ),
    "silent change": Measure(
        "change of features in silence",
        "quotient",
        "lower",
        "Mean change from one silent frame to the next, over the mean change within speech.",
    ),
    "edge change": Measure(
        "change of features at edges of silence",
        "quotient",
        "",
        "Largest change within two frames around the beginning or end of speech, over the mean change within speech.",
    ),
    "bilabial gap": Measure(
        "lip gap at /p b m/, normalised",
        "ratio",
        "",
        "Mean normalised gap at the middle of bilabials, the video moved by some frames.",
    ),
    "similarity": Measure(
        "similarity of sound and moved video",
        "ratio",
        "",
        "Mean cosine over all frames, the video moved by some frames.",
    ),
}
"""By the name that results give them, in the order of tables."""

KEPT = frozenset({"ratio", "quotient", "f1", "correlation"})
"""Statistics of so few sums that results keep them for each clip, so that runs can be compared clip by clip."""


@dataclass(frozen=True)
class Found:
    """One measurement of one representation on some clips.

    Attributes:
        measure: One of `MEASURES`.
        at: What it was measured at, such as a length or a shift; may be empty.
        sums: What each clip adds, shape ``(clips, K)``.
    """

    measure: str
    at: str
    sums: Floats

    @property
    def value(self) -> float:
        """Of all clips together; NaN where nothing could be measured."""
        return evaluate_once(self.sums, STATISTICS[MEASURES[self.measure].statistic])

    def estimate(self, seed: int) -> Estimate:
        """The value with its interval."""
        return bootstrap(self.sums, STATISTICS[MEASURES[self.measure].statistic], seed)
