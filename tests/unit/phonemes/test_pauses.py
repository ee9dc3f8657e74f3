"""Pauses are parted from the phones that were stretched over them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.phonemes.aligners.decoded import DecodedPhone, DecodedWord
from pase.phonemes.aligners.pauses import part_pauses

QUIET, LOUD = -70.0, -20.0


def _place(first: int, last: int) -> DecodedWord:
    """A word whose first and last phones have these lengths in frames, from frame 0 on."""
    lengths = {"P": first, "L": 6, "EY": 12, "S": last}
    starts = np.cumsum([0, *lengths.values()])
    phones = zip(lengths, starts, lengths.values(), strict=False)
    return DecodedWord("place", tuple(DecodedPhone(label, int(start), n, -10 * n) for label, start, n in phones))


def _level(*runs: tuple[int, float]) -> np.ndarray:
    return np.concatenate([np.full(frames, level) for frames, level in runs])


def test_a_silence_before_a_stop_is_parted_but_for_its_closure():
    parts = part_pauses([_place(60, 10)], _level((55, QUIET), (33, LOUD)))
    assert [part.name for part in parts] == ["<sil>", "place"]
    assert (parts[0].phones[0].start, parts[0].phones[0].frames) == (0, 50)
    assert (parts[1].phones[0].label, parts[1].phones[0].frames) == ("P", 10)


def test_a_silence_after_a_fricative_is_parted():
    parts = part_pauses([_place(8, 40)], _level((38, LOUD), (28, QUIET)))
    assert [part.name for part in parts] == ["place", "<sil>"]
    assert (parts[1].phones[0].start, parts[1].phones[0].stop) == (43, 66)


@pytest.mark.parametrize(
    ("word", "level"),
    [
        (_place(60, 10), _level((88, LOUD))),  # loud all along
        (_place(60, 10), _level((55, LOUD - 4), (33, LOUD))),  # hardly louder
        (_place(60, 10), _level((8, QUIET), (80, LOUD))),  # a pause too short to be one
        (_place(60, 10), _level((30, LOUD), (30, QUIET), (28, LOUD))),  # a quiet end of a first phone
        (_place(14, 10), _level((12, QUIET), (30, LOUD))),  # a phone of usual length
    ],
)
def test_other_words_are_left_alone(word, level):
    assert part_pauses([word], level) == (word,)


def test_silences_are_left_alone():
    silence = DecodedWord("<sil>", (DecodedPhone("SIL", 0, 60, -60),))
    assert part_pauses([silence], _level((50, QUIET), (10, LOUD))) == (silence,)


@given(st.integers(3, 90), st.integers(3, 90), st.integers(0, 2**32), st.integers(1, 60))
def test_time_phones_and_score_stay_whatever_the_sound(first, last, seed, length):
    word = _place(first, last)
    levels = np.random.default_rng(seed).uniform(-100, 0, 198).repeat(length)[:198]  # in runs of this length
    parts = part_pauses([word], levels)
    phones = [phone for part in parts for phone in part.phones]
    assert [phone.start for phone in phones[1:]] == [phone.stop for phone in phones[:-1]]
    assert (phones[0].start, phones[-1].stop) == (0, word.phones[-1].stop)
    assert [p.label for part in parts if part.spoken for p in part.phones] == ["P", "L", "EY", "S"]
    assert sum(phone.score for phone in phones) == sum(phone.score for phone in word.phones)
    assert min(phone.frames for phone in phones) >= 3


def test_a_word_of_one_phone_can_lose_both_ends():
    word = DecodedWord("i", (DecodedPhone("AY", 0, 100, -100),))
    parts = part_pauses([word], _level((40, QUIET), (20, LOUD), (40, QUIET)))
    assert [part.name for part in parts] == ["<sil>", "i", "<sil>"]
    assert (parts[1].phones[0].start, parts[1].phones[0].stop) == (35, 65)
