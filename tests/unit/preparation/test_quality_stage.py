"""Measures of clips, and what they are refused for."""

from dataclasses import fields

import numpy as np
import pytest

from pase.preparation.limits import REASONS, QualityLimits
from pase.preparation.stages.crop import CropFacts
from pase.preparation.stages.quality import QualityStage, measure

GOOD = CropFacts(eye_distance=90.0, brightness=120.0, sharpness=10.0, motion=1.5)


def speech(pause: float = 0.001, level: float = 0.1) -> np.ndarray:
    """Two seconds: pause, speech, pause."""
    loud = np.repeat([pause, level, pause], [8_000, 16_000, 8_000])
    return (loud * np.random.default_rng(0).standard_normal(32_000)).astype(np.float32)


def reason(seen: CropFacts, sound: np.ndarray, limits: QualityLimits | None = None) -> str:
    refused = QualityStage(limits or QualityLimits()).reason(measure(seen, sound, 0.0))
    return "" if refused is None else refused[0]


def test_measures_of_sound() -> None:
    measures = measure(GOOD, speech(), clipped=0.25)
    assert measures["snr"] == pytest.approx(40, abs=2)
    assert measures["speech"] == pytest.approx(0.5, abs=0.03)
    assert measures["loudness"] == pytest.approx(0.1 / np.sqrt(2), rel=0.05)
    assert (measures["clipping"], measures["eye_distance"]) == (0.25, 90.0)


def test_a_good_clip_is_kept_and_digital_silence_is_measured() -> None:
    assert reason(GOOD, speech()) == ""
    assert reason(GOOD, np.zeros(32_000, dtype=np.float32)) == "silent"
    assert all(np.isfinite(value) for value in measure(GOOD, np.zeros(6_400, dtype=np.float32), 0.0).values())


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"brightness": 2.0}, "dark"), ({"motion": 0.0}, "still_picture"), ({"sharpness": 0.1}, "blurred")],
)
def test_what_nobody_can_want_is_refused(change: dict[str, float], expected: str) -> None:
    seen = CropFacts(**{**{f.name: getattr(GOOD, f.name) for f in fields(GOOD)}, **change})
    assert reason(seen, speech()) == expected


def test_limits_are_the_users() -> None:
    assert reason(GOOD, speech(pause=0.05)) == ""
    assert reason(GOOD, speech(pause=0.05), QualityLimits(snr=20)) == "noisy"


def test_every_limit_has_a_reason_and_a_measure() -> None:
    assert REASONS.keys() == {item.name for item in fields(QualityLimits)}
    assert REASONS.keys() <= measure(GOOD, speech(), 0.0).keys()
