"""Pronunciations of words outside the dictionary."""

import pickle
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.errors import MissingExtraError, PaseError
from pase.phonemes.inventory import PHONES, SILENCE
from pase.phonemes.pronunciation import EspeakPronouncer

pronouncer = EspeakPronouncer()


@pytest.fixture
def installed():
    pytest.importorskip("espeakng_loader", reason="pronunciations by rule need the extra 'synthetic'")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("zwoog", "Z W UW G"),
        ("tiktok", "T IH K T AA K"),
        ("obama's", "OW B AA M AH Z"),
        ("café", "K AE F EY"),
        ("gpt", "JH IY P IY T IY"),
    ],
)
def test_words_of_latin_letters(word, phones):
    assert pronouncer.phones_of(word) == tuple(phones.split())


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "word", ["", "'", "3.5", "1999", "2nd", "b2b", "<unk>", "你好", "привет", "two words", "a\0b", "x_y"]
)
def test_no_guess_where_there_are_several_readings_or_none(word):
    assert pronouncer.phones_of(word) is None


@pytest.mark.usefixtures("installed")
@settings(max_examples=25, deadline=None)
@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz'éüñø"), max_size=12))
def test_whatever_the_letters_phones_are_of_the_inventory(word):
    phones = pronouncer.phones_of(word)
    assert phones is None or (phones and set(phones) <= set(PHONES) - {SILENCE})


@pytest.mark.usefixtures("installed")
def test_speaking_in_between_changes_nothing():
    from pase.corpus.synthetic.speech import Voice, speak

    voice = Voice("gmw/en-US", "m1", 130, 50)
    before = speak("Hello.", voice).waveform.tobytes()
    assert pronouncer.phones_of("squabblement")
    assert speak("Hello.", voice).waveform.tobytes() == before


def test_it_travels_to_other_processes_and_tells_its_settings():
    travelled = pickle.loads(pickle.dumps(pronouncer))  # noqa: S301 -- our own bytes
    assert travelled == pronouncer
    assert travelled.settings() == pronouncer.settings()
    assert pronouncer.settings() != EspeakPronouncer("gmw/en-GB").settings()


def test_the_missing_library_is_named_only_for_words_that_it_knows(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(MissingExtraError, match="synthetic"):
        pronouncer.phones_of("squizzlewump")
    assert pronouncer.phones_of("3.5") is None


@pytest.mark.usefixtures("installed")
def test_an_unknown_voice_is_named():
    with pytest.raises(PaseError, match="gmw/en-XX"):
        EspeakPronouncer("gmw/en-XX").phones_of("zwoog")
