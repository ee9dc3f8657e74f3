"""The phone inventory (39 ARPAbet phones and silence) and its viseme classes.

Stress marks are dropped. Viseme classes join the phones that look alike on the lips (the homophenes of the PASE paper,
section I: /p b m/, /f v/, /t d n/, /k g/, /s z/ ...); vowels are grouped by jaw height and rounding.
"""

SILENCE = "SIL"

PHONES: tuple[str, ...] = (
    SILENCE,
    *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH"),
    *("K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH"),
)  # fmt: skip
"""Every phone; a phone's index here is its class number in models and labels."""

UNKNOWN = -1
"""Class number of a time at which no phone is known."""

VISEMES: dict[str, tuple[str, ...]] = {
    "silence": (SILENCE,),
    "bilabial": ("P", "B", "M"),
    "labiodental": ("F", "V"),
    "dental": ("TH", "DH"),
    "alveolar": ("T", "D", "N", "L"),
    "sibilant": ("S", "Z"),
    "postalveolar": ("SH", "ZH", "CH", "JH"),
    "velar": ("K", "G", "NG", "HH"),
    "rhotic": ("R", "ER"),
    "rounded close": ("W", "UW", "UH"),
    "rounded mid": ("OW", "AO", "OY"),
    "open": ("AA", "AH", "AY", "AW"),
    "spread mid": ("AE", "EH", "EY"),
    "spread close": ("IY", "IH", "Y"),
}
"""Viseme class to its phones."""

BILABIALS = frozenset(VISEMES["bilabial"])

PHONE_INDEX: dict[str, int] = {phone: index for index, phone in enumerate(PHONES)}

VISEME_NAMES: tuple[str, ...] = tuple(VISEMES)

_VISEME_OF_NAME = {phone: index for index, phones in enumerate(VISEMES.values()) for phone in phones}

VISEME_OF_PHONE: tuple[int, ...] = tuple(_VISEME_OF_NAME[phone] for phone in PHONES)
"""Viseme class number of each phone class number."""
