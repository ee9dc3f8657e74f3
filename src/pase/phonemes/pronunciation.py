"""How words are pronounced that no dictionary holds: names, new words, slips of spelling."""

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from pase.errors import InputError
from pase.phonemes.espeak import CHARS_UTF8, PHONEME_IPA, espeak
from pase.phonemes.ipa import arpabet_of_ipa

_WORD = re.compile(r"'?[a-zß-öø-ÿāăąćčďđēėęěğģīįķłļńňōőœřśşšťţūůűųźżž]+(?:'[a-z]+)*'?", re.IGNORECASE)
_LANGUAGE = re.compile(r"\([a-z-]+\)")  # where espeak-ng takes a part of a word for another language's


class Pronouncer(Protocol):
    """Tells the phones of words. Can be pickled into worker processes."""

    def settings(self) -> dict[str, Any]:
        """What its answers depend on, as JSON values."""
        ...

    def phones_of(self, word: str) -> Sequence[str] | None:
        """ARPAbet phones of a word, or None if it cannot tell.

        Raises:
            MissingExtraError: It could, if something were installed.
        """
        ...


@dataclass(frozen=True, slots=True)
class EspeakPronouncer:
    """espeak-ng's rules of spelling, which know any word of Latin letters; the library is loaded when first asked.

    Words with digits have several readings, and other scripts none in English: no answer.

    Attributes:
        voice: An English voice of espeak-ng.
    """

    voice: str = "gmw/en-US"

    def settings(self) -> dict[str, Any]:
        """Version of the library, null where it is not installed, and the voice."""
        try:
            installed = version("espeakng-loader")
        except PackageNotFoundError:
            installed = None
        return {"pronouncer": "espeak-ng", "version": installed, "voice": self.voice}

    def phones_of(self, word: str) -> tuple[str, ...] | None:
        """See `Pronouncer.phones_of`.

        Raises:
            MissingExtraError: The extra 'synthetic' is not installed.
            PaseError: The library is broken or has no such voice.
        """
        return _pronounce(word, self.voice) if _WORD.fullmatch(word) else None


@lru_cache(maxsize=65536)  # loading the library anew takes 30 ms, and rare words come again
def _pronounce(word: str, voice: str) -> tuple[str, ...] | None:
    try:
        return arpabet_of_ipa(_LANGUAGE.sub(" ", _ipa(word, voice))) or None
    except InputError:  # a sound that English lacks
        return None


def _ipa(word: str, voice: str) -> str:
    rest = ctypes.c_char_p(word.encode())
    parts: list[str] = []
    with espeak(voice) as (library, _):
        phonemes = library.espeak_TextToPhonemes
        phonemes.restype = ctypes.c_char_p
        phonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
        while rest.value:  # one clause after the other; it ends as NULL
            parts.append((phonemes(ctypes.byref(rest), CHARS_UTF8, PHONEME_IPA) or b"").decode())
    return " ".join(parts)
