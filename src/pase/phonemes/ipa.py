# ruff: noqa: RUF001, RUF002 -- IPA is made of letters that look like others
"""From the IPA that espeak-ng speaks to the 39 ARPAbet phones.

The table holds every symbol that espeak-ng 1.52 emits for its English accents (found by speaking 25,000 dictionary
words with each of them), so that both the synthetic corpus and words outside the pronouncing dictionary can use it.
Symbols are mapped by how they are articulated; where accents disagree the pronouncing dictionary's habit decides
(the flap is a T, the vowel of "lot" an AA, syllabic consonants get an AH).
"""

import re
from collections.abc import Iterator, Mapping

from pase.errors import InputError

_CONSONANTS = {
    "b": "B", "d": "D", "f": "F", "g": "G", "ɡ": "G", "h": "HH", "ɦ": "HH", "j": "Y", "k": "K", "l": "L", "ɫ": "L",
    "ɬ": "L", "l̩": "AH L", "m": "M", "m̩": "AH M", "n": "N", "n̩": "AH N", "nʲ": "N Y", "ŋ": "NG", "p": "P", "r": "R",
    "ɹ": "R", "s": "S", "ʃ": "SH", "t": "T", "t̪": "T", "d̪": "D", "ɾ": "T", "ʔ": "T", "v": "V", "w": "W", "ʍ": "W",
    "x": "K", "z": "Z", "ʒ": "ZH", "ð": "DH", "θ": "TH", "tʃ": "CH", "dʒ": "JH",
}  # fmt: skip

_VOWELS = {
    "a": "AE", "aː": "AA", "aa": "AA", "æ": "AE", "æː": "AE", "ɛə": "AE", "ɑ": "AA", "ɑː": "AA", "ɑə": "AA", "ɒ": "AA",
    "ɔ": "AO", "ɔː": "AO", "ɔ̃": "AO", "o": "AO", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "ɛ": "EH", "ɛː": "EH", "ɜ": "ER",
    "ɜː": "ER", "ɚ": "ER", "ɝ": "ER", "əɪ": "ER", "ɪ": "IH", "ᵻ": "IH", "ɨ": "IH", "i": "IY", "iː": "IY", "ʊ": "UH",
    "ᵿ": "UH", "u": "UW", "uː": "UW", "ʉ": "UW", "ʉː": "UW",
    "aɪ": "AY", "aʊ": "AW", "æʊ": "AW", "ʌʉ": "AW", "e": "EY", "eː": "EY", "eɪ": "EY", "ei": "EY", "eʲ": "EY",
    "ɔɪ": "OY", "oɪ": "OY", "oː": "OW", "oʊ": "OW", "əʊ": "OW", "əu": "OW", "ʌʊ": "OW",
    "aɪə": "AY AH", "aʊə": "AW AH", "eə": "EH AH", "iə": "IY AH", "ɪə": "IY AH", "oə": "AO AH", "ɔə": "AO AH",
    "ʊə": "UH AH", "əl": "AH L",
    "aɪɚ": "AY ER", "aʊɚ": "AW ER", "ɑːɹ": "AA R", "ɛɹ": "EH R", "ɪɹ": "IH R", "iɹ": "IY R", "ɔːɹ": "AO R",
    "oːɹ": "AO R", "ʊɹ": "UH R", "ʉɹ": "UH R", "ʌɹ": "ER", "əɹ": "ER", "ɜːɹ": "ER",
}  # fmt: skip

IPA_TO_ARPABET: Mapping[str, tuple[str, ...]] = {
    symbol: tuple(phones.split()) for symbol, phones in (_CONSONANTS | _VOWELS).items()
}
"""IPA symbol, without stress, to its phones in order."""

_LONGEST = max(map(len, IPA_TO_ARPABET))
_IGNORED = str.maketrans({":": "ː", **dict.fromkeys("ˈˌ\u0361\u203f\u200d", None)})
_SEPARATORS = re.compile(r"[\s_|.-]+")


def arpabet_of_ipa(ipa: str) -> tuple[str, ...]:
    """Read a string of IPA as ARPAbet phones, the longest known symbol first.

    Args:
        ipa: One symbol or a whole word, for example ``"fˈɑːðɚ"``; stress and ties are ignored, spaces and
            ``_ | . -`` part symbols.

    Returns:
        Phones without stress, for example ``("F", "AA", "DH", "ER")``.

    Raises:
        InputError: A symbol that no English accent of espeak-ng uses.
    """
    return tuple(phone for part in _SEPARATORS.split(ipa.translate(_IGNORED)) for phone in _read(part))


def _read(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        for length in range(min(_LONGEST, len(text) - position), 0, -1):
            known = IPA_TO_ARPABET.get(text[position : position + length])
            if known is not None:
                yield from known
                position += length
                break
        else:
            if text[position] != "ː":  # length on a symbol that is listed without it
                raise InputError(
                    f"the IPA symbol {text[position]!r} of {text!r} has no ARPAbet phone in pase.phonemes.ipa"
                )
            position += 1
