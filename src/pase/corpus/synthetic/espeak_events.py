"""What espeak-ng says of the sound that it makes: where each word and phone begins."""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from pase.phonemes.espeak import CHARS_UTF8, PHONEME_EVENTS, PHONEME_IPA, espeak

# From espeak-ng's speak_lib.h.
WORD, PHONEME = 1, 7
_LIST_TERMINATED = 0


class Parameter(IntEnum):
    """Parameters of a voice, as espeak-ng numbers them."""

    RATE = 1
    PITCH = 3
    RANGE = 4


@dataclass(frozen=True, slots=True)
class Event:
    """Something that begins while espeak-ng speaks.

    Attributes:
        kind: `WORD` or `PHONEME`.
        sample: Where it begins.
        text_position: Where its word stands in the text, in characters from 1.
        symbol: A phone's IPA without stress, empty for a pause; empty for a word.
    """

    kind: int
    sample: int
    text_position: int
    symbol: str


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _RawEvent(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_RawEvent))


def run_espeak(
    text: str, voice: str, parameters: Mapping[Parameter, int]
) -> tuple[NDArray[np.int16], int, list[Event]]:
    """Run espeak-ng once from a fresh state, so that the same text and voice give the same samples.

    Args:
        text: What is said.
        voice: Voice file and variant, for example ``gmw/en-US+m3``.
        parameters: How it is said.

    Returns:
        Samples, shape ``(N,)``; their rate in Hz; the events in order.

    Raises:
        MissingExtraError: `espeakng-loader` is not installed.
        PaseError: It has no such voice.
    """
    pcm: list[NDArray[np.int16]] = []
    events: list[Event] = []

    def collect(samples: "ctypes._Pointer[ctypes.c_short]", count: int, raw: "ctypes._Pointer[_RawEvent]") -> int:
        if count > 0:
            pcm.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while raw[index].type != _LIST_TERMINATED:
            event = raw[index]
            symbol = event.id.string.decode("utf-8") if event.type == PHONEME else ""
            if event.type in (WORD, PHONEME):
                events.append(Event(event.type, event.sample, event.text_position, symbol.strip("ˈˌ")))
            index += 1
        return 0

    with espeak(voice, PHONEME_EVENTS | PHONEME_IPA) as (library, rate):
        library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        callback = _Callback(collect)
        library.espeak_SetSynthCallback(callback)
        for parameter, value in parameters.items():
            library.espeak_SetParameter(parameter, value, 0)
        line = text.encode("utf-8")
        library.espeak_Synth(line, ctypes.c_size_t(len(line) + 1), 0, 0, 0, CHARS_UTF8, None, None)
    return np.concatenate(pcm), rate, events
