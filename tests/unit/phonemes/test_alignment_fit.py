from dataclasses import replace

import numpy as np
import pytest

from pase.phonemes.aligners.decoded import DecodedPhone, DecodedWord, loudness
from pase.phonemes.aligners.fit import Fit, Limits, fit_of

GOOD = Fit(speech=-30, worst_word=-95, worst_silence=-36, loud_silence=0.07, longest=0.45, squeezed=4)


def _word(name: str, start: int, *phones: tuple[str, int, int]) -> DecodedWord:
    """A word from frame `start` on; each phone as label, frames, score."""
    decoded = []
    for label, frames, score in phones:
        decoded.append(DecodedPhone(label, start, frames, score))
        start += frames
    return DecodedWord(name, tuple(decoded))


def test_scores_and_lengths():
    words = [
        _word("<sil>", 0, ("SIL", 20, -100)),
        _word("bin", 20, ("B", 10, -100), ("IH", 3, -90), ("N", 3, -10)),
        _word("<sil>", 36, ("SIL", 5, -500)),
        _word("blue", 41, ("B", 3, -30), ("L", 4, -40), ("UW", 13, -130)),
    ]
    fit = fit_of(words, np.zeros(61))
    assert fit.speech == pytest.approx(-400 / 36)
    assert fit.worst_word == pytest.approx(-200 / 16)
    assert fit.worst_silence == pytest.approx(-5)  # the other is too short to be judged
    assert fit.longest == 0.13
    assert fit.squeezed == 3
    assert fit.loud_silence == pytest.approx(25 / 36)


def test_sound_outside_the_words_is_seen_if_it_is_nearly_as_loud():
    words = [_word("<sil>", 0, ("SIL", 50, -100)), _word("a", 50, ("AH", 40, -100))]
    level = np.concatenate([np.full(50, -60.0), np.full(40, -20.0)])
    assert fit_of(words, level).loud_silence == 0
    level[10:30] = -22
    assert fit_of(words, level).loud_silence == pytest.approx(20 / 40)
    level[10:30] = -30
    assert fit_of(words, level).loud_silence == 0
    assert fit_of(words[1:], level).loud_silence == 0


def test_loudness_is_of_the_middle_of_each_frame_and_deaf_to_thumps():
    seconds = np.arange(16_000) / 16_000
    sound = np.where((seconds > 0.3) & (seconds < 0.6), 0.1 * np.sin(2 * np.pi * 500 * seconds), 0).astype(np.float32)
    level = loudness(sound)
    assert len(level) == 100
    assert np.flatnonzero(level > level.max() - 2) == pytest.approx(np.arange(30, 59), abs=1)
    assert level[0] == pytest.approx(-100)
    thump = (0.5 * np.sin(2 * np.pi * 20 * seconds)).astype(np.float32)
    assert loudness(thump)[50] < level.max() - 10  # 14 dB stronger than the tone


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 411])
def test_short_sounds_have_a_loudness_too(samples):
    level = loudness(np.ones(samples, dtype=np.float32))
    assert len(level) == -(-samples // 160)
    assert np.isfinite(level).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"speech": -30.1}, "the words do not fit"),
        ({"worst_word": -95.1}, "one word"),
        ({"worst_silence": -36.1}, "between the words"),
        ({"loud_silence": 0.3}, "0.30 s of sound"),
        ({"longest": 0.46}, "0.46 s"),
        ({"squeezed": 5}, "5 phones in a row"),
    ],
)
def test_each_limit_has_its_reason(change, said):
    reason = Limits().broken_by(replace(GOOD, **change))
    assert said in reason
    assert bool(reason) == bool(said)
