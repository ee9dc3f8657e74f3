from dataclasses import replace

import numpy as np
import pytest

from pase.phonemes.aligners.fit import DecodedPhone, DecodedWord, Fit, Limits, fit_of

GOOD = Fit(speech=-32, worst_word=-85, worst_silence=-28, energy_in_silence=0.12, longest=0.6, squeezed=3)


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
    fit = fit_of(words, np.ones(16_000, dtype=np.float32))
    assert fit.speech == pytest.approx(-400 / 36)
    assert fit.worst_word == pytest.approx(-200 / 16)
    assert fit.worst_silence == pytest.approx(-5)  # the other is too short to be judged
    assert fit.longest == 0.13
    assert fit.squeezed == 3
    assert fit.energy_in_silence == pytest.approx(0.25)


def test_energy_outside_the_words_is_seen():
    words = [_word("<sil>", 0, ("SIL", 50, -100)), _word("a", 50, ("AH", 46, -100))]
    sound = np.zeros(16_000, dtype=np.float32)
    sound[9_000:12_000] = 0.5
    assert fit_of(words, sound).energy_in_silence == 0
    sound[3_000:6_000] = 0.5
    assert fit_of(words, sound).energy_in_silence == pytest.approx(0.5)
    assert fit_of(words, np.zeros(16_000, dtype=np.float32)).energy_in_silence == 0
    assert fit_of(words[1:], sound).energy_in_silence == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"speech": -32.1}, "the words do not fit"),
        ({"worst_word": -85.1}, "one word"),
        ({"worst_silence": -28.1}, "between the words"),
        ({"energy_in_silence": 0.3}, "30% of the sound's energy"),
        ({"longest": 0.61}, "0.61 s"),
        ({"squeezed": 4}, "4 phones in a row"),
    ],
)
def test_each_limit_has_its_reason(change, said):
    reason = Limits().broken_by(replace(GOOD, **change))
    assert said in reason
    assert bool(reason) == bool(said)
