"""The homophene gap: do phones that look alike on the lips lie together in feature space, and away from others.

Tokens are phones as they are spoken, each with the row at its middle; silence is left out. Rows are standardised by
the training clips, and the distance of two is 1 - cosine. The silhouette of a token is ``(b - a) / max(a, b)``, `a`
its mean distance to the other tokens of its own class, `b` to those of the nearest other class. It is taken twice,
with visemes and with phones as the classes. The gap is the first less the second, over the tokens of visemes of which
at least two phones are spoken: positive where homophenes are one cluster, negative where each phone is one of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pase.corpus.clip import FRAME_RATE
from pase.evaluation.bootstrap import Floats
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import PHONE_INDEX, SILENCE, VISEME_NAMES, VISEME_OF_PHONE

LEAST_TOKENS = 3
"""Tokens of a phone without which it is left out."""

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Tokens:
    """Spoken phones of several clips.

    Attributes:
        rows: Standardised row at each one's middle, shape ``(N, F)``.
        phones: Class numbers, shape ``(N,)``.
        clips: Number of the clip that each is spoken in, shape ``(N,)``.
        clip_count: Clips, those without phones included.
    """

    rows: NDArray[np.float32]
    phones: Labels
    clips: Labels
    clip_count: int

    @classmethod
    def collect(cls, tracks: Sequence[PhoneTrack | None], rows: Sequence[NDArray[np.float32]]) -> "Tokens":
        """The tokens of some clips from their phones and their rows of shape ``(T, F)``."""
        found = [_tokens(track, len(own)) for track, own in zip(tracks, rows, strict=True)]
        phones = np.concatenate([classes for classes, _ in found])
        taken = np.concatenate([own[frames] for own, (_, frames) in zip(rows, found, strict=True)])
        clips = np.repeat(np.arange(len(rows)), [len(classes) for classes, _ in found])
        kept = np.isin(phones, np.flatnonzero(np.bincount(phones, minlength=1) >= LEAST_TOKENS))
        return cls(taken[kept], phones[kept], clips[kept], len(rows))


def silhouettes(rows: NDArray[np.float32], classes: Labels) -> Floats:
    """Silhouette of each row by cosine distance, without forming all pairs.

    The mean distance of x to a class is 1 less the product of its direction with the class's mean direction.

    Args:
        rows: Shape ``(N, F)``.
        classes: Shape ``(N,)``, at least two different ones.

    Returns:
        Shape ``(N,)``; 0 for a row that is alone in its class.
    """
    directions = rows.astype(np.float64)
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
    _, index, counts = np.unique(classes, return_inverse=True, return_counts=True)
    totals = np.zeros((len(counts), rows.shape[1]))
    np.add.at(totals, index, directions)
    products, places = directions @ totals.T, np.arange(len(rows))
    alone = counts[index] == 1
    within = 1 - (products[places, index] - 1) / np.where(alone, 1, counts[index] - 1)
    distances = 1 - products / counts
    distances[places, index] = np.inf
    between = distances.min(axis=1)
    larger = np.maximum(np.maximum(within, between), 1e-12)
    return np.where(alone, 0.0, (between - within) / larger)


def homophene_sums(tokens: Tokens) -> dict[str, dict[str, Floats]]:
    """What each clip adds to the silhouettes and to their difference.

    Returns:
        ``"viseme"``, ``"phone"`` and ``"gap"``, each with an entry for all homophenes together (``"all"``) and one for
        each viseme of several phones; entries of shape ``(clips, 2)``: sum, and number of tokens.
    """
    visemes = np.asarray(VISEME_OF_PHONE)[tokens.phones]
    if len(np.unique(visemes)) < 2:
        return {"viseme": {}, "phone": {}, "gap": {}}
    by_viseme, by_phone = silhouettes(tokens.rows, visemes), silhouettes(tokens.rows, tokens.phones)
    groups = {
        VISEME_NAMES[v]: visemes == v for v in np.unique(visemes) if len(np.unique(tokens.phones[visemes == v])) > 1
    }
    if groups:
        groups = {"all": np.any(list(groups.values()), axis=0), **groups}
    values = {"viseme": by_viseme, "phone": by_phone, "gap": by_viseme - by_phone}
    return {
        kind: {name: _per_clip(own, chosen, tokens) for name, chosen in groups.items()} for kind, own in values.items()
    }


def _per_clip(values: Floats, chosen: NDArray[np.bool_], tokens: Tokens) -> Floats:
    sums = np.bincount(tokens.clips[chosen], weights=values[chosen], minlength=tokens.clip_count)
    return np.stack([sums, np.bincount(tokens.clips[chosen], minlength=tokens.clip_count)], axis=1)


def _tokens(track: PhoneTrack | None, frames: int) -> tuple[Labels, Labels]:
    """Class and middle frame of each phone that lies in the clip."""
    spoken = [] if track is None else [i for i in track.intervals if i.phone != SILENCE]
    pairs = [(PHONE_INDEX[i.phone], int(i.middle * FRAME_RATE)) for i in spoken]
    table = np.array([pair for pair in pairs if pair[1] < frames], dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
