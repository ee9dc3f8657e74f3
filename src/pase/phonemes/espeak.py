"""libespeak-ng (GPL-3, from the optional package `espeakng-loader`), loaded for one use at a time."""

import _ctypes
import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pase.errors import PaseError
from pase.extras import require

# From espeak-ng's speak_lib.h.
SYNCHRONOUS, PHONEME_EVENTS, PHONEME_IPA, DONT_EXIT, CHARS_UTF8 = 2, 1, 2, 0x8000, 1

_one_user = threading.Lock()  # all its state is global


@contextmanager
def espeak(voice: str, options: int = 0) -> Iterator[tuple[ctypes.CDLL, int]]:
    """The library in a fresh state with a voice set, and the sample rate at which it speaks, in Hz.

    The library keeps the phase of its oscillators in static variables and offers no way to reset them; unloading it
    after each use (1 ms) is the only one, and makes the same text and voice give the same samples.

    Args:
        voice: A voice file with or without a variant: ``gmw/en-US+m3``.
        options: Added to those that every use needs.

    Raises:
        MissingExtraError: `espeakng-loader` is not installed.
        PaseError: Its data or the voice are missing.
    """
    loader = require("espeakng_loader")
    with _one_user:
        library = ctypes.CDLL(str(loader.get_library_path()))
        try:
            rate = library.espeak_Initialize(SYNCHRONOUS, 0, str(loader.get_data_path()).encode(), options | DONT_EXIT)
            if rate <= 0:
                raise PaseError(
                    f"espeak-ng does not start: no voice data in {loader.get_data_path()}. Reinstall espeakng-loader."
                )
            if library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise PaseError(f"espeak-ng has no voice {voice}. Reinstall espeakng-loader.")
            yield library, int(rate)
            library.espeak_Terminate()
        finally:
            _unload(library)


def _unload(library: ctypes.CDLL) -> None:
    name = "FreeLibrary" if sys.platform == "win32" else "dlclose"
    getattr(_ctypes, name)(library._handle)
