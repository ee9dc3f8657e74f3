"""The comparison of layouts on made-up features that hold the lips, or do not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pase.benchmarks.layouts import FORMS, Form, Heard, by_lips, compare, principal, rows_of, table
from pase.corpus.clip import ClipRecord
from pase.evaluation.clip_features import SeenClip
from pase.inference.track import FeatureTrack
from pase_adapters.gate import SilenceGate

FRAMES = 80


def clip(seed: int, features: int = 12) -> Heard:
    """Lips that follow the last, faintest two features; the others are loud and say nothing."""
    draws = np.random.default_rng(seed)
    moving = np.cumsum(draws.normal(size=(FRAMES, 2)), axis=0) * 0.3
    times = np.arange(FRAMES * 5 + 1) / 125
    seen = np.stack([np.interp(times, (np.arange(FRAMES) + 0.5) / 25, own) for own in moving.T], axis=1)
    states = np.concatenate([draws.normal(size=(len(times), features - 2)) * 3, seen], axis=1).astype(np.float32)
    mixing = np.random.default_rng(0).normal(size=(2, 80))
    shape: NDArray[np.float32] = (moving @ mixing * 0.02).astype(np.float32)
    record = ClipRecord(f"c{seed}", "s", "train", FRAMES, FRAMES * 640, "", None, "", "c.mp4")
    seen_clip = SeenClip(record, shape[:, 0], shape, np.zeros(FRAMES, np.int64))
    return Heard(seen_clip, FeatureTrack(states, 125.0, FRAMES / 25), SilenceGate(np.zeros(200, np.float32), 50.0))


@pytest.fixture(scope="module")
def clips() -> list[Heard]:
    return [clip(seed) for seed in range(12)]


def test_directions_that_tell_of_lips_are_kept_before_loud_ones(clips: list[Heard]) -> None:
    loud, telling = (make(clips, 2)(clips[0].track) for make in (principal, by_lips))
    faint = clips[0].track.states[:, -2:]
    assert loud.width == telling.width == 2
    for number in range(2):
        fitted = [np.linalg.lstsq(own.states, faint[:, number], rcond=None)[0] for own in (loud, telling)]
        left = [np.var(faint[:, number] - own.states @ fit) for own, fit in zip((loud, telling), fitted, strict=True)]
        assert left[1] < 0.1 * left[0]


def test_rows_of_a_form(clips: list[Heard]) -> None:
    plain = rows_of(clips[0], Form(), None)
    assert plain.shape == (FRAMES, 16, 12)
    assert rows_of(clips[0], Form(2, 0, room=48), None).equal(2 * plain[:, 8:10])
    assert rows_of(clips[0], Form(room=48, scaled=False), None).equal(plain)
    assert not rows_of(clips[0], Form(gated=True), None).any()
    smooth = rows_of(clips[0], Form(smooth=0.04), None)
    assert 0 < smooth[20:60, :, 0].std() < 0.5 * plain[20:60, :, 0].std()


def test_what_holds_the_lips_wins(clips: list[Heard], monkeypatch: pytest.MonkeyPatch) -> None:
    """The faint features tell the lips: keeping the two loudest loses them."""
    forms = {name: FORMS[name] for name in list(FORMS)[:1]} | {
        "loud": Form(width=2),
        "telling": Form(width=2, by_lips=True),
    }
    monkeypatch.setattr("pase.benchmarks.layouts.FORMS", forms)
    monkeypatch.setattr("pase.benchmarks.layouts._RATE", 1e-2)
    found = compare(clips[:9], clips[9:], list(forms), seeds=1, steps=80)
    lmd = {name: np.mean([own.lmd for own in scores]) for name, scores in found.items()}
    assert lmd["telling"] < 0.8 * lmd["loud"]
    assert len(table(found).splitlines()) == 5
