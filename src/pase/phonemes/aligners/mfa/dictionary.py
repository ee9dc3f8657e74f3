"""The pronunciation dictionary, restricted to the words of a corpus.

MFA takes half a minute longer to start with a whole dictionary, and does not say which words it lacks.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pase.errors import InputError

_SILENT = frozenset(("sil", "spn"))


@dataclass(frozen=True, slots=True)
class Pronunciations:
    """The lines of a dictionary that some words need.

    Attributes:
        lines: Spelling in lower case to its lines as they stand in the file, with their probabilities.
    """

    lines: Mapping[str, tuple[str, ...]]

    def parts_of(self, word: str) -> tuple[str, ...]:
        """The entries that MFA takes for a word: itself, or around an apostrophe (``dog 's``); empty if it has none."""
        return next((parts for parts in _readings(word) if all(part in self.lines for part in parts)), ())

    def missing(self, words: Iterable[str]) -> tuple[str, ...]:
        """The words without a pronunciation, each once."""
        return tuple(word for word in dict.fromkeys(words) if not self.parts_of(word))

    def text(self, words: Iterable[str]) -> str:
        """A dictionary for these words; those that have no pronunciation are left out."""
        parts = dict.fromkeys(part for word in words for part in self.parts_of(word))
        return "".join(f"{line}\n" for part in sorted(parts) for line in self.lines[part])


def read_pronunciations(path: Path, words: Iterable[str], phones: frozenset[str] = frozenset()) -> Pronunciations:
    """Read what a dictionary has for some words.

    Args:
        path: MFA's format: word, then perhaps one or four probabilities, then phones, parted by white space.
        words: As `pase.phonemes.words.words_of` gives them.
        phones: What the acoustic model knows: other pronunciations are left out, as MFA does. Empty: all.

    Raises:
        InputError: Unreadable, or a line without a pronunciation.
    """
    wanted = {part for word in words for parts in _readings(word) for part in parts}
    found: dict[str, list[str]] = {}
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                spelling, _, rest = line.strip().partition("\t" if "\t" in line else " ")
                word = unicodedata.normalize("NFKC", spelling).lower()
                if word and not rest.strip():
                    raise InputError(f"{path}, line {number}: {line.strip()!r} is no word with its phones")
                if word in wanted and _can_be_said(rest.split(), phones):
                    found.setdefault(word, []).append(line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the dictionary {path} cannot be read as UTF-8: {error}") from error
    return Pronunciations({word: tuple(lines) for word, lines in found.items()})


def first_word(path: Path, phones: frozenset[str]) -> str:
    """A word of the dictionary that the acoustic model can say.

    Raises:
        InputError: There is none: the two do not belong together.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            for line in file:
                word, *rest = line.split() or [""]
                if word.isalpha() and _can_be_said(rest, phones):
                    return word.lower()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the dictionary {path} cannot be read as UTF-8: {error}") from error
    raise InputError(
        f"no word of the dictionary {path} has only phones that the acoustic model knows "
        f"({' '.join(sorted(phones)[:10])} ...). Give the dictionary that belongs to it, such as english_us_arpa to "
        "english_us_arpa."
    )


def _can_be_said(columns: list[str], phones: frozenset[str]) -> bool:
    spoken = [column for column in columns if not _is_number(column)]
    return bool(spoken) and _SILENT.isdisjoint(spoken) and (not phones or phones.issuperset(spoken))


def _is_number(column: str) -> bool:
    return column.replace(".", "", 1).isdecimal()


def _readings(word: str) -> tuple[tuple[str, ...], ...]:
    """The ways in which MFA looks a word up, in its order."""
    if "'" not in word:
        return ((word,),)
    before, _, after = word.rpartition("'")
    return ((word,), (word.strip("'"),), (before, f"'{after}"), (f"{before}'", after))
