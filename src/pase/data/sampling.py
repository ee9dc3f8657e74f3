"""Which windows a training batch holds: one endless sequence of batches, decided by the seed and a batch's number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from pase.errors import InputError

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WindowKey:
    """Which window: the clip's place in the data set, the window's frames, the seed of the draw (None: the first)."""

    index: int
    frames: int
    seed: int | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """Windows of one length.

    Attributes:
        frames: Length of its windows.
        windows: Windows of one batch on one rank.
    """

    frames: int
    windows: int


@dataclass(frozen=True, slots=True)
class Mixture:
    """How much each corpus gives.

    Attributes:
        weights: Shares of the windows, one for each corpus, relative to each other; None: by their number of clips.
        windows: Windows drawn for an epoch; None: as many as there are clips.
    """

    weights: Sequence[float] | None = None
    windows: int | None = None

    def __post_init__(self) -> None:
        if self.weights is not None and not all(0 < weight < float("inf") for weight in self.weights):
            raise InputError(f"the weights of the corpora are {list(self.weights)}; each must be a positive number")
        if self.windows is not None and self.windows < 1:
            raise InputError(f"{self.windows} windows for an epoch; at least one is needed")

    def draws(self, clips: Sequence[int]) -> list[int]:
        """Windows that each corpus gives to an epoch.

        Args:
            clips: Number of clips of each corpus.

        Raises:
            InputError: There is not one weight for each corpus, or a corpus that is wanted has no clips.
        """
        if self.weights is None and self.windows is None:
            return list(clips)
        weights = clips if self.weights is None else self.weights
        if len(weights) != len(clips):
            raise InputError(f"{len(weights)} weights for {len(clips)} corpora; give one for each, in their order")
        if self.weights is not None and 0 in clips:
            raise InputError(f"corpus number {list(clips).index(0) + 1} has a weight and no training clips")
        return _apportion(self.windows or sum(clips), np.asarray(weights, dtype=np.float64))


class BatchSampler(Sampler[list[WindowKey]]):
    """The batches of one rank, without end: an epoch's batches follow those of the epoch before.

    The batches of an epoch follow from `seed` and the epoch's number alone, and what a rank gets is its part of them,
    so neither ranks nor loader processes change what is trained on; a batch has one size on all ranks.

    Without weights every clip comes once an epoch, but for fewer than one batch of them, which are others each time.
    Windows that fill no whole batch of their length join those of the next shorter one. Clips of several kinds are
    dealt evenly, so that the batches of a length have each kind in the same share, to within two windows.

    Args:
        frames: Frames of each clip, for each corpus an array; clips are counted through all corpora.
        buckets: Lengths of windows, rising. A clip belongs to the longest that it fills, or else to the shortest.
        mixture: Shares of the corpora.
        seed: Decides order and places of windows.
        rank: Number of this process.
        ranks: Number of processes that train together.
        kinds: A number for the kind of each clip, counted through all corpora; None: all of one kind.

    Attributes:
        first: Number of the batch with which iterating begins.

    Raises:
        InputError: No clip fills a bucket, or there are too few clips for one batch.
    """

    def __init__(
        self,
        frames: Sequence[Indices],
        buckets: Sequence[Bucket],
        mixture: Mixture | None = None,
        seed: int = 0,
        rank: int = 0,
        ranks: int = 1,
        kinds: Indices | None = None,
    ) -> None:
        self.buckets, self.seed, self.rank, self.ranks = tuple(buckets), seed, rank, ranks
        self.first = 0
        self._clips = sum(len(part) for part in frames)
        self._kinds = np.zeros(self._clips, np.int64) if kinds is None else kinds
        self._check_buckets(frames)
        self._draws = (mixture or Mixture()).draws([len(part) for part in frames])
        self._cells = _cells(frames, [bucket.frames for bucket in buckets])
        self._batches = sum(len(parts) for parts in self._pools(0))
        if not self._batches:
            raise InputError(self._too_few())

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._batches

    def __iter__(self) -> Iterator[list[WindowKey]]:
        number = self.first
        while True:
            epoch, begin = divmod(number, len(self))
            for bucket, clips, seed in self._epoch(epoch)[begin:]:
                yield self._part(bucket, clips, seed)
                number += 1

    def state(self) -> dict[str, int | list[int]]:
        """What the sequence of batches depends on, as plain values; equal for equal sequences, whatever the ranks."""
        return {
            "seed": self.seed,
            "clips": [sum(len(cell) for cell in row) for row in self._cells],
            "draws": self._draws,
            "frames": [bucket.frames for bucket in self.buckets],
            "windows": [self.ranks * bucket.windows for bucket in self.buckets],
            "batches": len(self),
            **({"kinds": np.unique(self._kinds, return_counts=True)[1].tolist()} if np.ptp(self._kinds) else {}),
        }

    def _part(self, bucket: Bucket, clips: Indices, seed: int) -> list[WindowKey]:
        """This rank's part of a batch."""
        seeds = np.random.default_rng(seed).integers(0, 2**63, len(clips))
        mine = slice(self.rank * bucket.windows, (self.rank + 1) * bucket.windows)
        pairs = zip(clips[mine].tolist(), seeds[mine].tolist(), strict=True)
        return [WindowKey(clip, bucket.frames, drawn) for clip, drawn in pairs]

    def _epoch(self, epoch: int) -> list[tuple[Bucket, Indices, int]]:
        """All batches of an epoch in their order: length, clips on all ranks, seed."""
        pools = self._pools(epoch)
        batches = [(bucket, part) for bucket, parts in zip(self.buckets, pools, strict=True) for part in parts]
        rng = np.random.default_rng((self.seed, epoch, 1))
        seeds = rng.integers(0, 2**63, len(batches))
        return [(*batches[place], int(seeds[place])) for place in rng.permutation(len(batches))]

    def _pools(self, epoch: int) -> list[Indices]:
        """The clips of an epoch's batches of each bucket, shape ``(batches, windows on all ranks)``."""
        rng = np.random.default_rng((self.seed, epoch, 0))
        drawn = [_draw(rng, cells, count) for cells, count in zip(self._cells, self._draws, strict=True)]
        pools: list[Indices] = []
        left = np.empty(0, np.int64)
        for number in reversed(range(len(self.buckets))):
            pool = self._shuffled(rng, np.concatenate([left, *(parts[number] for parts in drawn)]))
            size = self.ranks * self.buckets[number].windows
            whole = len(pool) // size * size
            left = pool[whole:]
            pools.append(pool[:whole].reshape(-1, size))
        return pools[::-1]

    def _shuffled(self, rng: np.random.Generator, pool: Indices) -> Indices:
        """The pool in a random order in which each kind is spread evenly from beginning to end."""
        pool = rng.permutation(pool)
        kinds, numbers, counts = np.unique(self._kinds[pool], return_inverse=True, return_counts=True)
        if len(kinds) < 2:
            return pool
        places = np.empty(len(pool))
        for number, count in enumerate(counts):
            places[numbers == number] = (np.arange(count) + rng.random()) / count
        return pool[np.argsort(places, kind="stable")]

    def _check_buckets(self, frames: Sequence[Indices]) -> None:
        longest = max((int(part.max()) for part in frames if len(part)), default=0)
        for bucket in self.buckets:
            if bucket.windows < 1:
                raise InputError(f"a batch has no room for a window of {bucket.frames} frames; allow more frames in it")
            if self._clips and bucket.frames > longest:
                raise InputError(
                    f"no training clip fills a window of {bucket.frames} frames: the longest has {longest}. "
                    "Set --data.window.frames lower."
                )

    def _too_few(self) -> str:
        windows = self.buckets[0].windows
        shared = f" ({windows} on each of {self.ranks} ranks)" if self.ranks > 1 else ""
        given = "" if sum(self._draws) == self._clips else f" and {sum(self._draws)} windows of them an epoch"
        return f"{self._clips} training clips{given}, fewer than one batch of {self.ranks * windows}{shared}"


def _cells(frames: Sequence[Indices], lengths: Sequence[int]) -> list[list[Indices]]:
    """Numbers of the clips of each corpus that belong to each bucket."""
    cells: list[list[Indices]] = []
    offset = 0
    for part in frames:
        belongs = np.maximum(np.searchsorted(lengths, part, side="right") - 1, 0)
        cells.append([offset + np.flatnonzero(belongs == number) for number in range(len(lengths))])
        offset += len(part)
    return cells


def _draw(rng: np.random.Generator, cells: Sequence[Indices], count: int) -> list[Indices]:
    """Clips of one corpus for an epoch, by bucket, each clip as likely as any; how many is the same in every epoch."""
    sizes = np.array([len(cell) for cell in cells])
    exact = count * sizes / max(sizes.sum(), 1)
    parts = [_deal(rng, cell, int(whole)) for cell, whole in zip(cells, exact, strict=True)]
    rest = count - sum(len(part) for part in parts)
    if rest:
        # What does not divide goes to the shortest windows, which all clips can give.
        lucky = rng.choice(len(cells), rest, p=(exact - np.floor(exact)) / rest)
        parts[0] = np.concatenate([parts[0], [rng.choice(cells[number]) for number in lucky]])
    return parts


def _deal(rng: np.random.Generator, clips: Indices, count: int) -> Indices:
    """So many of the clips, all of them before one comes again."""
    if not count:
        return clips[:0]
    rounds = -(-count // len(clips))
    return np.concatenate([rng.permutation(clips) for _ in range(rounds)])[:count]


def _apportion(total: int, weights: NDArray[np.float64]) -> list[int]:
    """Share out `total` by weights, as whole numbers; the largest remainders are rounded up."""
    exact = total * weights / weights.sum()
    shares = np.floor(exact).astype(np.int64)
    most = np.argsort(shares - exact, kind="stable")[: total - shares.sum()]
    shares[most] += 1
    return [int(share) for share in shares]
