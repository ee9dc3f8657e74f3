"""Words: in time, and out of a transcript."""

import re
import unicodedata
from dataclasses import dataclass

from pase.errors import InputError

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'"})
_MARK = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|<(?!unk>)[^<>]*>")
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*'?")


@dataclass(frozen=True, slots=True)
class WordInterval:
    """One word from `start` to `end`, in seconds from the clip's beginning."""

    word: str
    start: float
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise InputError(f"word {self.word!r} from {self.start} s to {self.end} s: needs 0 <= start < end")


def words_of(text: str) -> tuple[str, ...]:
    """The spoken words of a transcript, as a pronunciation dictionary spells them.

    Lower case; punctuation and hyphens part words; apostrophes inside a word stay. Marks for other sounds in braces,
    square or angle brackets (``{NS}``, ``[laughter]``) are left out, but ``<unk>`` stands for a word.

    Whole numbers up to 99 become words. Larger numbers, decimals, times, dates, ordinals, currency and abbreviations
    have several readings and are left as they stand, so that an aligner reports them as outside its dictionary instead
    of aligning a wrong guess.
    """
    plain = _MARK.sub(" ", unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).lower())
    words: list[str] = []
    for chunk in plain.split():
        if re.search(r"\d[^\w\s]+\d|[^\w\s(\"'\[]\d|\d%", chunk):  # 3.5, 12:30, $5, -4, 50%: several readings
            words.append(chunk.strip(".,;:!?\"'()[]"))
        else:
            for token in _TOKEN.findall(chunk):
                words.extend(_spell(token))
    return tuple(words)


def _spell(token: str) -> tuple[str, ...]:
    """A whole number up to 99 in words; anything else unchanged."""
    if not (token.isascii() and token.isdecimal()) or len(token) > 2 or (len(token) == 2 and token[0] == "0"):
        return (token,)
    number = int(token)
    if number < 10:
        return (_DIGITS[number],)
    if number < 20:
        return (_TEENS[number - 10],)
    tens, ones = divmod(number, 10)
    return (_TENS[tens - 2], _DIGITS[ones]) if ones else (_TENS[tens - 2],)
