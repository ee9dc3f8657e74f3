"""Scores of a rendered video as text."""

import math

from pase.evaluation.rendered.evaluate import VideoScores


def to_text(scores: VideoScores) -> str:
    """A line for each measure, and what was seen."""
    missing = [
        f"no face in {count} of {scores.frames} frames of {file}"
        for count, file in zip(scores.faceless, (scores.rendered, scores.reference), strict=True)
        if count
    ]
    width, height = scores.size
    head = [f"{scores.rendered} against {scores.reference}: {scores.frames} frames of {width} x {height}", *missing]
    lines = [f"  {score.name:<30} {_number(score.value):>9}  {score.unit} ({score.count})" for score in scores.scores]
    reasons = [
        f"  {', '.join(own.name for own in scores.scores if own.reason == reason)} not measured: {reason}"
        for reason in dict.fromkeys(score.reason for score in scores.scores if score.reason)
    ]
    told = [f"  lips by {scores.landmarks}", *(f"  sync by {judge}" for judge in scores.judges), f"  {scores.codec}"]
    return "\n".join([*head, *lines, *reasons, *told])


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"
