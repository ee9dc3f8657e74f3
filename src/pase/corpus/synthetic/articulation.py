"""Articulator movements from phones, by dominance functions.

Each phone pulls each articulator towards a target with a strength that is full inside the phone and falls off
exponentially before and after it; an articulator is the average of all targets weighted by these strengths (Cohen and
Massaro, "Modeling coarticulation in synthetic visual speech", 1993). Phones that do not care about an articulator are
weak there and take on what their neighbours do, before and after: rounding begins early, closures stay complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE

FloatArray = NDArray[np.float64]


class Pull(NamedTuple):
    """A phone's pull on one articulator: where to, how strongly, and how far beyond the phone (seconds)."""

    target: float
    strength: float = 1.0
    reach: float = 0.05


@dataclass(frozen=True, slots=True)
class Articulators:
    """Articulator positions over time, each of shape ``(T,)``.

    Attributes:
        aperture: Gap between the lips, 0 closed ... 1 wide open.
        jaw: Jaw opening, 0 ... 1.
        spread: Corners of the mouth, -1 drawn in ... 1 spread.
        rounding: Rounding and protrusion of the lips, 0 ... 1.
        raised: Upper lip raised off the teeth, 0 ... 1.
        tuck: Lower lip drawn under the upper teeth, 0 ... 1.
        press: Lips pressed together, 0 ... 1.
        tongue: Height of the tongue's tip, 0 on the floor ... 1 behind the upper teeth.
        dental: Tip of the tongue between the teeth, 0 ... 1.
    """

    aperture: FloatArray
    jaw: FloatArray
    spread: FloatArray
    rounding: FloatArray
    raised: FloatArray
    tuck: FloatArray
    press: FloatArray
    tongue: FloatArray
    dental: FloatArray


# Where an articulator goes when nothing pulls: a mouth that is just open, as between two phones that do not care.
_NEUTRAL: Mapping[str, Pull] = {
    "aperture": Pull(0.25, 0.06),
    "jaw": Pull(0.2, 0.06),
    "spread": Pull(0.0, 0.15),
    "rounding": Pull(0.0, 0.15),
    "raised": Pull(0.0, 0.3),
    "tuck": Pull(0.0, 0.4),
    "press": Pull(0.0, 0.4),
    "tongue": Pull(0.2, 0.2),
    "dental": Pull(0.0, 0.6),
}

_QUICK, _FAR = 0.014, 0.09  # seconds: a closure opens at once, rounding begins long before


def _vowel(
    aperture: float, jaw: float, spread: float = 0.0, rounding: float = 0.0, tongue: float = 0.2
) -> dict[str, Pull]:
    return {
        "aperture": Pull(aperture, 1.5),
        "jaw": Pull(jaw, 1.0, 0.06),
        "spread": Pull(spread, 0.8, 0.06),
        "rounding": Pull(rounding, 2.0 if rounding else 0.5, _FAR if rounding else 0.04),
        "tongue": Pull(tongue, 0.6),
    }


def _consonant(aperture: float, jaw: float, tongue: float, strength: float = 0.5, **more: Pull) -> dict[str, Pull]:
    return {
        "aperture": Pull(aperture, strength, 0.04),
        "jaw": Pull(jaw, strength, 0.04),
        "tongue": Pull(tongue, 3.0, 0.03),
    } | more


_BILABIAL = {
    "aperture": Pull(-0.22, 10.0, _QUICK),
    "jaw": Pull(0.08, 0.7, 0.04),
    "press": Pull(0.7, 3.0, _QUICK),
    "raised": Pull(0.0, 4.0, _QUICK),
    "tuck": Pull(0.0, 4.0, _QUICK),
}
_LABIODENTAL = {
    "aperture": Pull(0.13, 10.0, _QUICK),
    "jaw": Pull(0.08, 1.5, 0.03),
    "raised": Pull(0.6, 4.0, 0.03),
    "tuck": Pull(1.0, 8.0, 0.025),
    "spread": Pull(0.15, 0.5),
    "rounding": Pull(0.0, 0.6, 0.03),
}
_POSTALVEOLAR = _consonant(
    0.34, 0.06, 0.8, 1.5, rounding=Pull(0.55, 2.5, 0.06), raised=Pull(0.35, 1.5, 0.04), spread=Pull(-0.2, 0.5)
)
_ALVEOLAR = _consonant(0.28, 0.14, 1.0, 0.6)
_SIBILANT = _consonant(0.24, 0.03, 0.7, 1.6, spread=Pull(0.4, 0.8, 0.04), rounding=Pull(0.0, 0.6, 0.03))
_DENTAL = _consonant(0.32, 0.2, 0.9, 1.2, dental=Pull(1.0, 6.0, 0.025))
_VELAR = _consonant(0.3, 0.25, 0.1, 0.2)
_REST = {
    "aperture": Pull(-0.08, 2.5, 0.045),
    "jaw": Pull(0.02, 2.0, 0.06),
    "spread": Pull(0.0, 1.0, 0.06),
    "rounding": Pull(0.0, 1.0, 0.06),
    "tongue": Pull(0.3, 1.0),
    "tuck": Pull(0.0, 1.0, 0.04),
    "raised": Pull(0.0, 1.0, 0.04),
}

# Each phone is one or two equal parts (diphthongs).
_POSES: Mapping[str, tuple[Mapping[str, Pull], ...]] = {
    SILENCE: (_REST,),
    **dict.fromkeys(("P", "B", "M"), (_BILABIAL,)),
    **dict.fromkeys(("F", "V"), (_LABIODENTAL,)),
    **dict.fromkeys(("SH", "ZH", "CH", "JH"), (_POSTALVEOLAR,)),
    **dict.fromkeys(("T", "D", "N"), (_ALVEOLAR,)),
    **dict.fromkeys(("S", "Z"), (_SIBILANT,)),
    **dict.fromkeys(("TH", "DH"), (_DENTAL,)),
    **dict.fromkeys(("K", "G", "NG"), (_VELAR,)),
    "HH": (_consonant(0.4, 0.3, 0.1, 0.1),),
    "L": (_consonant(0.36, 0.26, 1.0, 0.6),),
    "R": (_consonant(0.24, 0.12, 0.4, 1.0, rounding=Pull(0.5, 2.0, 0.06), raised=Pull(0.15, 0.5)),),
    "W": (_consonant(0.1, 0.1, 0.1, 5.0, rounding=Pull(1.0, 7.0, 0.06), spread=Pull(-0.6, 1.0)),),
    "Y": (_consonant(0.26, 0.12, 0.5, 0.8, spread=Pull(0.6, 1.0)),),
    "AA": (_vowel(0.86, 0.9),),
    "AE": (_vowel(0.78, 0.75, 0.5),),
    "AH": (_vowel(0.5, 0.45),),
    "AO": (_vowel(0.66, 0.7, -0.3, 0.6),),
    "EH": (_vowel(0.6, 0.5, 0.4),),
    "ER": (_vowel(0.36, 0.3, -0.1, 0.4, 0.4),),
    "IH": (_vowel(0.42, 0.3, 0.4, 0.0, 0.4),),
    "IY": (_vowel(0.32, 0.16, 1.0, 0.0, 0.5),),
    "UH": (_vowel(0.3, 0.3, -0.3, 0.65),),
    "UW": (_vowel(0.17, 0.16, -0.6, 1.0),),
    "AW": (_vowel(0.85, 0.85), _vowel(0.3, 0.35, -0.4, 0.85)),
    "AY": (_vowel(0.85, 0.85), _vowel(0.42, 0.3, 0.5, 0.0, 0.4)),
    "EY": (_vowel(0.6, 0.45, 0.5), _vowel(0.36, 0.22, 0.8, 0.0, 0.5)),
    "OW": (_vowel(0.5, 0.5, -0.4, 0.7), _vowel(0.2, 0.25, -0.6, 1.0)),
    "OY": (_vowel(0.5, 0.55, -0.4, 0.8), _vowel(0.42, 0.28, 0.5, 0.0, 0.4)),
}

# The part of the phone that is held, as fractions of its length. An unvoiced stop's last part is its breath, a voiced
# one's its burst; all others are held through their middle.
_HELD: Mapping[str, tuple[float, float]] = {
    SILENCE: (0.0, 1.0),
    **dict.fromkeys(("P", "T", "K", "CH"), (0.1, 0.6)),
    **dict.fromkeys(("B", "D", "G", "JH"), (0.1, 0.85)),
    **dict.fromkeys(("M", "F", "V"), (0.1, 0.9)),
}
_HELD_OTHERWISE = (0.3, 0.7)

_STEP = 0.004  # seconds of the grid on which movements are computed
_SMOOTHING = 0.044  # seconds, whole width of the window that gives movements a finite acceleration


def articulate(phones: PhoneTrack, times: FloatArray, effort: float = 1.0) -> Articulators:
    """Articulator positions at the given times.

    Args:
        phones: The phones and silences of the clip.
        times: Seconds, shape ``(T,)``.
        effort: How widely this speaker moves jaw and lips; 1 is normal. Closures are complete at any effort.
    """
    end = max((interval.end for interval in phones.intervals), default=0.0)
    grid = np.arange(-0.1, max(end, float(times.max(initial=0.0))) + 0.1, _STEP)
    window = np.hanning(round(_SMOOTHING / _STEP) + 2)[1:-1]
    tracks = {}
    for name in _NEUTRAL:
        track = _blend(phones, name, grid)
        padded = np.pad(track, len(window) // 2, mode="edge")
        smooth = np.convolve(padded, window / window.sum(), mode="same")[len(window) // 2 :][: len(grid)]
        tracks[name] = np.interp(times, grid, smooth)
    scaled = {name: tracks[name] * effort for name in ("aperture", "jaw", "spread", "rounding")}
    limited = {
        name: np.clip(track, -1.0 if name == "spread" else 0.0, 1.1) for name, track in (tracks | scaled).items()
    }
    return Articulators(**limited)


def _blend(phones: PhoneTrack, name: str, grid: FloatArray) -> FloatArray:
    neutral = _NEUTRAL[name]
    weight = np.full(len(grid), neutral.strength)
    total = weight * neutral.target
    for interval in phones.intervals:
        poses = _POSES[interval.phone]
        first, last = _HELD.get(interval.phone, _HELD_OTHERWISE)
        length = (interval.end - interval.start) / len(poses)
        for index, pose in enumerate(poses):
            pull = pose.get(name)
            if pull is None:
                continue
            start = interval.start + index * length
            distance = np.maximum(start + first * length - grid, grid - start - last * length).clip(min=0.0)
            dominance = pull.strength * np.exp(-distance / pull.reach)
            weight += dominance
            total += dominance * pull.target
    return np.asarray(total / weight)
