# ruff: noqa: RUF001 -- IPA is made of letters that look like others
"""From the IPA of MFA's English models to the 39 ARPAbet phones.

The table holds every phone of the dictionaries ``english_mfa``, ``english_us_mfa``, ``english_uk_mfa``,
``english_india_mfa``, ``english_nigeria_mfa`` and ``english_nonnative_mfa``, versions 2.0 to 3.1, and what the model's
phonological rules make of them. Phones are mapped by how they are articulated, since that is what lips show, whatever
word they stand in: the rounded vowel of a British "lot" is an AO although CMUdict has AA, and a tapped R is a D.
Palatalised, aspirated and syllabic consonants are the plain ones. In a labialised one (the ``kʷ`` of "quick") the lips
round: it is two phones, the second W.
"""

from collections.abc import Mapping

_OF_ARPABET = {
    "P": "p pʰ pʲ kp", "B": "b bʲ ɡb", "M": "m mʲ m̩", "F": "f fʲ", "V": "v vʲ ʋ", "TH": "θ t̪", "DH": "ð d̪",
    "T": "t tʰ tʲ ʈ ʈʲ ʔ", "D": "d dʲ ɖ ɖʲ ɾ ɾʲ", "CH": "tʃ", "JH": "dʒ", "S": "s", "Z": "z", "SH": "ʃ", "ZH": "ʒ",
    "N": "n n̩ ɲ ɱ ɾ̃", "NG": "ŋ", "L": "l ɫ ɫ̩ ʎ", "R": "ɹ", "K": "k kʰ c cʰ", "G": "ɡ ɟ", "HH": "h ç", "Y": "j",
    "W": "w",
    "AA": "ɑ ɑː aː", "AE": "a æ", "AH": "ɐ ə", "AO": "ɒ ɒː ɔ", "AW": "aw", "AY": "aj", "EH": "ɛ ɛː", "ER": "ɜ ɜː ɝ ɚ",
    "EY": "e eː ej", "IH": "ɪ", "IY": "i iː", "OW": "o oː ow əw", "OY": "ɔj", "UH": "ʊ", "UW": "u uː ʉ ʉː",
    "P W": "pʷ", "F W": "fʷ", "V W": "vʷ", "T W": "tʷ ʈʷ", "K W": "kʷ cʷ", "G W": "ɡʷ ɟʷ",
}  # fmt: skip

MFA_TO_ARPABET: Mapping[str, tuple[str, ...]] = {
    symbol: tuple(phones.split()) for phones, symbols in _OF_ARPABET.items() for symbol in symbols.split()
}
"""Label of an English IPA model of MFA to its phones in order."""


def arpabet_of_mfa(label: str) -> tuple[str, ...]:
    """The ARPAbet labels for a label of any English model of MFA.

    Args:
        label: IPA, or ARPAbet, silence or ``spn``, which are returned as they are. No label means one thing in the IPA
            models and another in the ARPAbet ones.
    """
    return MFA_TO_ARPABET.get(label, (label,))
