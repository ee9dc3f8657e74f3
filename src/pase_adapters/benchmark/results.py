"""What a benchmark has found: one JSON file for each renderer and each thing that it was driven by."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from pase.errors import InputError
from pase.evaluation.rendered.score import Score
from pase.files import read_json, write_json, write_text


@dataclass(frozen=True)
class Result:
    """How a renderer spoke.

    Attributes:
        features: Name of the features.
        renderer: Name of the renderer.
        seed: Of its training.
        drive: What it was driven by: how the test clips' sound was heard, or a recital.
        measured: Identity of all beside the renderer that the scores depend on.
        scores: Measure to its mean, each take weighted by what the measure rests on.
        judge: What judged the sync.
        counts: Measure to what it rests on: frames, or phones that were spoken.
        phones: Phone to the sum of its frames' LMD in mouth widths and their number.
    """

    features: str
    renderer: str
    seed: int
    drive: str
    measured: str
    scores: dict[str, float]
    judge: str
    counts: dict[str, int] = field(default_factory=dict)
    phones: dict[str, tuple[float, int]] = field(default_factory=dict)


def write_result(path: Path, result: Result) -> None:
    """Write a result's file."""
    write_json(path, asdict(result))


def read_result(path: Path, measured: str) -> Result | None:
    """A result, where it has been written and nothing that its scores depend on has changed since.

    Raises:
        InputError: The file is damaged.
    """
    if not path.is_file():
        return None
    try:
        result = Result(**read_json(path))
    except TypeError as error:
        raise InputError(f"{path} is damaged ({error}): remove it to measure anew") from error
    return result if result.measured == measured else None


def write_scores(path: Path, results: Sequence[Result], about: Mapping[str, str]) -> None:
    """Write every score of every result as a line of a CSV file.

    Args:
        path: The file.
        results: The results.
        about: Name to what holds for all of them, a column each.
    """
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["renderer", "features", "seed", "driven by", "measure", "value", "rests on", *about])
    for one in results:
        for measure, value in one.scores.items():
            told = [one.renderer, one.features, one.seed, one.drive, measure, f"{value:.6g}", one.counts.get(measure)]
            writer.writerow([*told, *about.values()])
    write_text(path, lines.getvalue())


def means(scores: Sequence[Sequence[Score]]) -> dict[str, float]:
    """Mean of each measure over takes, weighted by what it rests on; left out where no take allows it."""
    named: dict[str, list[Score]] = {}
    for score in (own for take in scores for own in take):
        if np.isfinite(score.value):
            named.setdefault(score.name, []).append(score)
    return {
        name: float(np.average([own.value for own in found], weights=[own.count for own in found]))
        for name, found in named.items()
    }


def counts(scores: Sequence[Sequence[Score]]) -> dict[str, int]:
    """What each measure rests on in all takes together."""
    found: dict[str, int] = {}
    for score in (own for take in scores for own in take):
        found[score.name] = found.get(score.name, 0) + score.count
    return found


def sums(phones: Sequence[dict[str, tuple[float, int]]]) -> dict[str, tuple[float, int]]:
    """Sums and numbers of several takes."""
    found: dict[str, tuple[float, int]] = {}
    for phone, (total, count) in (entry for take in phones for entry in take.items()):
        before = found.get(phone, (0.0, 0))
        found[phone] = before[0] + total, before[1] + count
    return found
