# ruff: noqa: RUF001 -- IPA is made of letters that look like others
"""The phones of MFA's English IPA models."""

import itertools

import pytest

from pase.errors import InputError
from pase.phonemes.inventory import BILABIALS, PHONES, SILENCE
from pase.phonemes.labels import phone_of_label
from pase.phonemes.mfa_ipa import MFA_TO_ARPABET, arpabet_of_mfa

PUBLISHED = {
    "english_mfa 3.1.0": "a aj aw aː b bʲ c cʰ cʷ d dʒ dʲ d̪ e ej eː f fʲ h i iː j k kp kʰ kʷ l m mʲ m̩ n o ow oː p pʰ "
    "pʲ pʷ s t tʃ tʰ tʲ tʷ t̪ u uː v vʲ w z æ ç ð ŋ ɐ ɑ ɑː ɒ ɒː ɔ ɔj ɖ ə əw ɚ ɛ ɛː ɜ ɜː ɝ ɟ ɟʷ ɡ ɡʷ ɪ ɫ ɲ ɹ ɾ ʃ ʈ ʈʲ "
    "ʈʷ ʉ ʉː ʊ ʋ ʎ ʒ θ",
    "english_uk_mfa 3.1.0": "a aj aw b bʲ c cʰ cʷ d dʒ dʲ d̪ e ej f fʲ h i iː j k kʰ kʷ l m mʲ m̩ n n̩ p pʰ pʲ pʷ s t "
    "tʃ tʰ tʲ tʷ t̪ v vʲ vʷ w z ç ð ŋ ɐ ɑ ɑː ɒ ɒː ɔj ə əw ɛ ɛː ɜ ɜː ɟ ɟʷ ɡ ɡʷ ɪ ɫ ɫ̩ ɲ ɹ ʃ ʉ ʉː ʊ ʎ ʒ ʔ θ",
    "english_us_mfa 2.0.0": "aj aw b bʲ c cʰ d dʒ dʲ ej f fʲ h i iː j k kʰ l m mʲ m̩ n n̩ ow p pʰ pʲ s t tʃ tʰ tʲ v vʲ w "
    "z æ ç ð ŋ ɐ ɑ ɑː ɒ ɒː ɔj ə ɚ ɛ ɝ ɟ ɡ ɪ ɫ ɫ̩ ɱ ɲ ɹ ɾ ʃ ʉ ʉː ʊ ʎ ʒ ʔ θ",
    "only in other versions, and phonological rules": "fʷ ɡb ɾʲ ɾ̃ ɖʲ",
}
"""Phones that the models' pages list."""


@pytest.mark.parametrize("model", PUBLISHED)
def test_each_published_phone_has_phones_of_the_inventory(model: str) -> None:
    for symbol in PUBLISHED[model].split():
        assert set(MFA_TO_ARPABET[symbol]) < set(PHONES) - {SILENCE}


def test_every_spoken_phone_can_come_out() -> None:
    assert {*itertools.chain(*MFA_TO_ARPABET.values())} == set(PHONES) - {SILENCE}


def test_what_closes_the_lips_is_a_bilabial_and_nothing_else_is() -> None:
    closing = {symbol for symbol, phones in MFA_TO_ARPABET.items() if BILABIALS & set(phones)}
    assert closing == {symbol for symbol in MFA_TO_ARPABET if symbol[0] in "pbm" or symbol in ("kp", "ɡb")}


def test_rounding_of_a_labialised_consonant_is_kept() -> None:
    assert arpabet_of_mfa("kʷ") == ("K", "W")
    assert arpabet_of_mfa("k") == ("K",)


@pytest.mark.parametrize("label", ["", "sil", "spn", "AA1", "HH", "B"])
def test_labels_of_the_other_models_stay(label: str) -> None:
    assert arpabet_of_mfa(label) == (label,)


def test_labels_of_one_letter_mean_the_same_in_both_alphabets() -> None:
    for symbol, phones in MFA_TO_ARPABET.items():
        try:
            phone = phone_of_label(symbol)
        except InputError:
            continue
        assert (phone,) == phones, symbol


def test_labels_of_other_languages_are_refused() -> None:
    with pytest.raises(InputError, match="ø"):
        phone_of_label(*arpabet_of_mfa("ø"))
