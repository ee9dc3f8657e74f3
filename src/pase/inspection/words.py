"""Where the words of a transcript lie, found by their pronunciations: a record keeps phones in time, but no words."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache

from pocketsphinx import Decoder

from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.words import WordInterval

Pronunciations = Callable[[str], Sequence[tuple[str, ...]]]
"""From a word to its pronunciations as ARPAbet phones; none where it is unknown."""

_LONGEST = 12  # phones that a word of unknown pronunciation may have


def dictionary_pronunciations(word: str) -> list[tuple[str, ...]]:
    """Pronunciations in the dictionary that PocketSphinx brings along."""
    found: list[tuple[str, ...]] = []
    name = word.lower()
    while name[:1].isalpha() and (phones := _dictionary().lookup_word(name)) is not None:
        found.append(tuple(phones.split()))
        name = f"{word.lower()}({len(found) + 1})"
    return found


def place_words(
    words: Sequence[str], phones: PhoneTrack, pronunciations: Pronunciations = dictionary_pronunciations
) -> tuple[WordInterval, ...]:
    """Divide a clip's phones among its words.

    A word whose pronunciation is not known, or is heard nowhere, takes the phones that its neighbours leave.

    Args:
        words: As they are spoken.
        phones: The clip's phones.
        pronunciations: Asked for each word.

    Returns:
        The words in time; empty where they and the phones do not fit each other.
    """
    spoken = [interval for interval in phones.intervals if interval.phone != SILENCE]
    names = tuple(interval.phone for interval in spoken)
    heard = {names[first : first + n] for n in range(1, _LONGEST + 1) for first in range(len(names) - n + 1)}
    known = {word: [own for own in pronunciations(word) if own in heard] for word in set(words)}
    lengths = _fit([known[word] for word in words], names)
    placed, first = [], 0
    for word, length in zip(words, lengths, strict=False):
        placed.append(WordInterval(word, spoken[first].start, spoken[first + length - 1].end))
        first += length
    return tuple(placed)


def _fit(known: Sequence[Sequence[tuple[str, ...]]], phones: tuple[str, ...]) -> list[int]:
    """Number of phones of each word; empty where no division uses up all phones."""
    # From the last word to the first: where each could begin, and with how many phones all that follows fits.
    tables: list[dict[int, int]] = []
    ends: Collection[int] = [len(phones)]
    for variants in reversed(known):
        table = {end - length: length for end in ends for length in _lengths(variants, phones, end)}
        tables.append(table)
        ends = table
    lengths: list[int] = []
    start = 0
    for table in reversed(tables):
        if start not in table:
            return []
        lengths.append(table[start])
        start += table[start]
    return lengths


def _lengths(variants: Sequence[tuple[str, ...]], phones: tuple[str, ...], end: int) -> Iterable[int]:
    """How many phones the word may have that ends with the phone before `end`."""
    if not variants:
        return range(1, min(_LONGEST, end) + 1)
    return [len(own) for own in variants if len(own) <= end and phones[end - len(own) : end] == own]


@cache
def _dictionary() -> Decoder:
    return Decoder(lm=None, loglevel="FATAL")
