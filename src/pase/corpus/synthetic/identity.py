"""Who speaks: the voice and the face of each synthetic person.

Lengths on a face are in eye units (the distance between the outer eye corners is 1); the origin lies midway between
these corners, u points to the image's right, v down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.corpus.synthetic.speech import Voice

Colour = tuple[float, float, float]
"""Red, green, blue in 0 ... 1."""

# Accent and how often it is drawn.
_ACCENTS = {"gmw/en-US": 0.4, "gmw/en": 0.2, "gmw/en-GB-x-rp": 0.15, "gmw/en-GB-scotland": 0.15, "gmw/en-029": 0.1}
# Variants of espeak-ng's voice without echo, which would fill closures and pauses with sound.
_MEN = ("m1", "m3", "m4", "m5", "m6", "m7", "adam", "Andy")
_WOMEN = ("f1", "Annie", "Andrea", "anika", "belinda", "steph", "steph2", "aunty")

_SKINS: tuple[Colour, ...] = (
    (0.96, 0.82, 0.72), (0.91, 0.74, 0.62), (0.84, 0.64, 0.50),
    (0.72, 0.51, 0.37), (0.55, 0.37, 0.26), (0.40, 0.26, 0.19),
)  # fmt: skip
_HAIRS: tuple[Colour, ...] = (
    (0.09, 0.07, 0.06), (0.20, 0.13, 0.09), (0.36, 0.23, 0.14),
    (0.62, 0.47, 0.28), (0.48, 0.20, 0.10), (0.60, 0.59, 0.57),
)  # fmt: skip
_IRISES: tuple[Colour, ...] = ((0.30, 0.18, 0.10), (0.38, 0.28, 0.14), (0.30, 0.40, 0.30), (0.32, 0.42, 0.52))


@dataclass(frozen=True, slots=True)
class Face:
    """The lasting looks of a face; lengths in eye units.

    Attributes:
        skin: Colour of the skin.
        lip: Colour of the lips.
        hair: Colour of hair and brows.
        iris: Colour of the eyes.
        half_width: Half the width of the face at the cheek bones.
        chin: Height of the chin's end below the eyes.
        squareness: Exponent of the jaw's outline; 2 is an ellipse.
        eye_height: Half height of the open eye.
        nose_length: Height of the nose's base below the eyes.
        nose_width: Half the width of the nose's wings.
        mouth: Height of the closed lips' seam below the eyes.
        mouth_half_width: Half the width of the mouth at rest.
        upper_lip: Thickness of the upper lip.
        lower_lip: Thickness of the lower lip.
        beard: Strength of the beard's shade, 0 ... 1.
        brow: Thickness of the brows.
        hairline: Height of the hairline above the eyes.
        long_hair: Whether the hair falls beside the face.
        effort: How widely jaw and lips move.
    """

    skin: Colour
    lip: Colour
    hair: Colour
    iris: Colour
    half_width: float
    chin: float
    squareness: float
    eye_height: float
    nose_length: float
    nose_width: float
    mouth: float
    mouth_half_width: float
    upper_lip: float
    lower_lip: float
    beard: float
    brow: float
    hairline: float
    long_hair: bool
    effort: float


@dataclass(frozen=True, slots=True)
class Person:
    """A synthetic speaker."""

    name: str
    voice: Voice
    face: Face


def make_person(seed: int, index: int) -> Person:
    """Person number `index` of the corpus with this seed; the same whatever the number of speakers."""
    rng = np.random.default_rng([seed, 1, index])
    woman = (seed + index) % 2 == 1  # in turn, so that a few speakers are no one-sided sample
    variants = _WOMEN if woman else _MEN
    voice = Voice(
        accent=str(rng.choice(list(_ACCENTS), p=list(_ACCENTS.values()))),
        variant=str(rng.choice(variants)),
        rate=int(rng.integers(135, 185)),
        pitch=int(rng.integers(38, 63)),
    )
    return Person(f"speaker{index + 1:03d}", voice, _make_face(rng, woman))


def _make_face(rng: np.random.Generator, woman: bool) -> Face:
    tone = rng.uniform(0, len(_SKINS) - 1)
    lower = int(tone)
    skin = np.array(_SKINS[lower]) * (1 - tone % 1) + np.array(_SKINS[min(lower + 1, len(_SKINS) - 1)]) * (tone % 1)
    skin *= rng.uniform(0.96, 1.04, 3)
    redness = rng.uniform(0.25, 0.6 if woman else 0.4)
    lip = skin * (1 - redness) + np.array([0.68, 0.22, 0.24]) * (0.55 + 0.45 * skin.max()) * redness
    dark_haired = tone > 2.5
    hair = _HAIRS[int(rng.integers(2 if dark_haired else len(_HAIRS)))]
    nose_length = rng.uniform(0.54, 0.62)
    return Face(
        skin=_colour(skin),
        lip=_colour(lip),
        hair=hair,
        iris=_IRISES[int(rng.integers(2 if dark_haired else len(_IRISES)))],
        half_width=rng.uniform(0.72, 0.80),
        chin=rng.uniform(1.22, 1.34),
        squareness=rng.uniform(1.9, 2.2) if woman else rng.uniform(2.1, 2.6),
        eye_height=rng.uniform(0.058, 0.078),
        nose_length=nose_length,
        nose_width=rng.uniform(0.15, 0.21),
        mouth=nose_length + rng.uniform(0.23, 0.28),
        mouth_half_width=rng.uniform(0.27, 0.33),
        upper_lip=rng.uniform(0.055, 0.09),
        lower_lip=rng.uniform(0.08, 0.115),
        beard=0.0 if woman else float(rng.choice([0.0, 0.15, 0.3, 0.6])),
        brow=rng.uniform(0.025, 0.04) if woman else rng.uniform(0.035, 0.055),
        hairline=rng.uniform(0.62, 0.78),
        long_hair=woman and bool(rng.random() < 0.7),
        effort=rng.uniform(0.85, 1.12),
    )


def _colour(values: NDArray[np.float64]) -> Colour:
    red, green, blue = np.clip(values, 0, 1).tolist()
    return red, green, blue
