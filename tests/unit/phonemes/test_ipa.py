# ruff: noqa: RUF001 -- IPA is made of letters that look like others
"""IPA to ARPAbet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.errors import InputError
from pase.phonemes.inventory import PHONES, SILENCE
from pase.phonemes.ipa import IPA_TO_ARPABET, arpabet_of_ipa


def test_every_phone_can_be_reached_and_nothing_else() -> None:
    reached = {phone for phones in IPA_TO_ARPABET.values() for phone in phones}
    assert reached == set(PHONES) - {SILENCE}


@pytest.mark.parametrize(
    ("ipa", "phones"),
    [
        ("fˈɑːðɚ", "F AA DH ER"),
        ("tʃˈɜːtʃ", "CH ER CH"),
        ("t͡ʃˈɪn", "CH IH N"),
        ("dʒˈʌdʒ", "JH AH JH"),
        ("bˈʌɾɚ", "B AH T ER"),
        ("fˈaɪɚ", "F AY ER"),
        ("kˈɑːɹ", "K AA R"),
        ("mˈɛʒɚ", "M EH ZH ER"),
        ("nˈiəɹ", "N IY AH R"),
        ("lˈɪtəl", "L IH T AH L"),
        ("sˈiː", "S IY"),
        ("sˈi:", "S IY"),
        ("aɪ", "AY"),
        ("a_ɪ", "AE IH"),
        ("t|ʃ", "T SH"),
        ("", ""),
    ],
)
def test_words(ipa: str, phones: str) -> None:
    assert arpabet_of_ipa(ipa) == tuple(phones.split())


@pytest.mark.parametrize("ipa", ["ʘa", "bɣ", "y"])
def test_unknown_symbols_are_named(ipa: str) -> None:
    with pytest.raises(InputError, match="no ARPAbet phone"):
        arpabet_of_ipa(ipa)


@given(st.lists(st.sampled_from(["p", "b", "s", "m", "f", "uː", "ɔɪ", "iː"]), max_size=8))
def test_symbols_that_cannot_join_are_read_one_by_one(symbols: list[str]) -> None:
    expected = [phone for symbol in symbols for phone in IPA_TO_ARPABET[symbol]]
    assert list(arpabet_of_ipa("".join(symbols))) == expected
