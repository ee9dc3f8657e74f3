from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.data.sampling import BatchSampler, Bucket, Mixture, WindowKey
from pase.errors import InputError

LENGTHS = [20, 40, 72]


def lengths_of(clips: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(5, 120, clips)


def buckets_of(frames_per_batch: int, ranks: int = 1) -> list[Bucket]:
    return [Bucket(frames, frames_per_batch // frames // ranks) for frames in LENGTHS]


def epoch(sampler: BatchSampler, number: int = 0) -> list[list[WindowKey]]:
    sampler.first = number * len(sampler)
    return list(islice(sampler, len(sampler)))


def test_a_single_length_gives_every_clip_once_but_for_a_part_of_a_batch() -> None:
    sampler = BatchSampler([np.full(103, 75)], [Bucket(20, 8)], seed=1)
    seen = [key.index for batch in epoch(sampler) for key in batch]
    assert len(sampler) == 103 // 8
    assert len(set(seen)) == len(seen) == 96
    left = [set(range(103)) - {key.index for batch in epoch(sampler, e) for key in batch} for e in range(2)]
    assert left[0] != left[1]


def test_epochs_differ_and_repeat() -> None:
    sampler = BatchSampler([np.full(20, 75)], [Bucket(20, 4)], seed=1)
    first, second = epoch(sampler, 0), epoch(sampler, 1)
    assert first == epoch(sampler, 0)
    assert first != second
    assert first != epoch(BatchSampler([np.full(20, 75)], [Bucket(20, 4)], seed=2))
    places = {key.index: key.seed for batch in first for key in batch}
    assert all(places[key.index] != key.seed for batch in second for key in batch)


@settings(deadline=None, max_examples=40)
@given(
    clips=st.lists(st.integers(3, 200), min_size=1, max_size=3),
    ranks=st.sampled_from([1, 2, 3, 4]),
    weighted=st.booleans(),
    windows=st.none() | st.integers(60, 300),
    seed=st.integers(0, 2**32),
)
def test_ranks_share_equal_batches(
    clips: list[int], ranks: int, weighted: bool, windows: int | None, seed: int
) -> None:
    """Whatever the corpora, ranks have equally many batches of equal shape, and together those of one rank."""
    frames = [lengths_of(count, number) for number, count in enumerate(clips)]
    frames[0][:2] = (120, 72)
    mixture = Mixture([1.0 + number for number in range(len(clips))] if weighted else None, windows)
    try:
        alone = BatchSampler(frames, buckets_of(12 * 72), mixture, seed)
    except InputError:
        return  # too few clips
    whole = [BatchSampler(frames, [Bucket(b.frames, b.windows // 12 * 12) for b in alone.buckets], mixture, seed)]
    parts = [
        BatchSampler(
            frames, [Bucket(b.frames, b.windows // 12 * 12 // ranks) for b in alone.buckets], mixture, seed, r, ranks
        )
        for r in range(ranks)
    ]
    assert {len(part) for part in parts} == {len(whole[0])}
    for number in (0, 3):
        epochs = [epoch(part, number) for part in parts]
        for together, *shares in zip(epoch(whole[0], number), *epochs, strict=True):
            assert {(len(share), share[0].frames) for share in shares} == {(len(together) // ranks, together[0].frames)}
            assert [key for share in shares for key in share] == together


def test_any_place_is_reached_without_what_came_before() -> None:
    sampler = BatchSampler([lengths_of(300)], buckets_of(400), Mixture(windows=100), seed=3)
    undisturbed = list(islice(sampler, 3 * len(sampler)))
    for first in (1, len(sampler) - 1, len(sampler), 2 * len(sampler) + 1):
        sampler.first = first
        assert list(islice(sampler, len(undisturbed) - first)) == undisturbed[first:]


def test_windows_are_the_longest_that_a_clip_fills() -> None:
    frames = lengths_of(1000)
    batches = epoch(BatchSampler([frames], buckets_of(720)))
    assert {(batch[0].frames, len(batch)) for batch in batches} == {(20, 36), (40, 18), (72, 10)}
    assert all(len({key.frames for key in batch}) == 1 for batch in batches)
    shorter = 0
    for key in (key for batch in batches for key in batch):
        assert key.frames <= frames[key.index] or key.frames == 20
        shorter += key.frames != max([length for length in LENGTHS if length <= frames[key.index]], default=20)
    assert shorter < 10 + 18  # what was left of the longer windows


def test_a_bucket_that_fills_no_batch_joins_the_next_shorter() -> None:
    frames = np.array([100] * 3 + [30] * 13)
    batches = epoch(BatchSampler([frames], buckets_of(320)))
    assert [{key.frames for key in batch} for batch in batches] == [{20}]
    assert {key.index for key in batches[0]} == set(range(16))


def test_weights_are_shares_of_the_windows() -> None:
    frames = [lengths_of(100, 1), lengths_of(1000, 2)]
    sampler = BatchSampler(frames, buckets_of(720), Mixture([0.7, 0.3]))
    indices = [key.index for number in range(4) for batch in epoch(sampler, number) for key in batch]
    assert np.mean(np.array(indices) < 100) == pytest.approx(0.7, abs=0.02)
    first = [key.index for batch in epoch(sampler) for key in batch if key.index < 100]
    assert sorted(np.bincount(first))[0] >= 5  # 770 windows of 100 clips: one comes again when all have been
    assert len(set(indices)) > 900


def test_clips_of_a_rare_length_are_not_forgotten() -> None:
    frames = [np.array([100] + [30] * 999)]
    sampler = BatchSampler(frames, buckets_of(720), Mixture(windows=300))
    assert any(key.index == 0 for number in range(50) for batch in epoch(sampler, number) for key in batch)


@given(windows=st.integers(1, 1000), weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=5))
def test_shares_add_up(windows: int, weights: list[float]) -> None:
    draws = Mixture(weights, windows).draws([10] * len(weights))
    assert sum(draws) == windows
    exact = windows * np.array(weights) / sum(weights)
    assert np.abs(draws - exact).max() < 1


@settings(deadline=None, max_examples=40)
@given(
    counts=st.lists(st.integers(1, 300), min_size=2, max_size=3),
    windows=st.integers(1, 40),
    ranks=st.sampled_from([1, 2, 3]),
    weighted=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_every_batch_has_each_kind_in_its_share(
    counts: list[int], windows: int, ranks: int, weighted: bool, seed: int
) -> None:
    frames = [np.full(count, 75) for count in counts]
    kinds = np.repeat(np.arange(len(counts)), counts)
    mixture = Mixture([1.0 + number for number in range(len(counts))] if weighted else None)
    shares = np.array(mixture.draws(counts)) / sum(counts)
    if sum(counts) < windows * ranks:
        return
    for rank in range(ranks):
        sampler = BatchSampler(frames, [Bucket(20, windows)], mixture, seed, rank, ranks, kinds)
        for batch in epoch(sampler, 1):
            found = np.bincount(kinds[[key.index for key in batch]], minlength=len(counts))
            assert np.abs(found - windows * shares).max() < 2


def test_clips_of_every_kind_come_once_in_an_order_by_chance() -> None:
    kinds = np.repeat([0, 1], [60, 20])
    sampler = BatchSampler([np.full(80, 75)], [Bucket(20, 8)], seed=1, kinds=kinds)
    first, second = ([key.index for batch in epoch(sampler, number) for key in batch] for number in range(2))
    assert sorted(first) == sorted(second) == list(range(80))
    assert first != second


def test_clips_of_one_kind_are_drawn_as_without_kinds() -> None:
    plain, same = (BatchSampler([lengths_of(300)], buckets_of(400), kinds=kinds) for kinds in (None, np.ones(300, int)))
    assert epoch(plain, 1) == epoch(same, 1)
    assert plain.state() == same.state()


def test_corpora_without_training_clips_give_nothing() -> None:
    empty = np.empty(0, np.int64)
    sampler = BatchSampler([empty, np.full(8, 75), empty], [Bucket(20, 8)])
    assert {key.index for key in epoch(sampler)[0]} == set(range(8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mixture([0.5, 0.0]), r"weights .* \[0.5, 0.0\]; each must be a positive"),
        (lambda: Mixture(windows=0), "0 windows for an epoch"),
        (lambda: Mixture([1.0]).draws([5, 5]), "1 weights for 2 corpora"),
        (lambda: Mixture([1.0, 1.0]).draws([5, 0]), "corpus number 2 has a weight and no training clips"),
        (lambda: BatchSampler([np.full(7, 75)], [Bucket(20, 8)]), "7 training clips, fewer than one batch of 8"),
        (lambda: BatchSampler([np.full(7, 75)], [Bucket(20, 4)], ranks=2), r"one batch of 8 \(4 on each of 2 ranks\)"),
        (lambda: BatchSampler([np.full(9, 75)], [Bucket(20, 8)], Mixture(windows=5)), "5 windows of them an epoch"),
        (lambda: BatchSampler([np.full(9, 75)], [Bucket(76, 1)]), "fills a window of 76 frames: the longest has 75"),
        (lambda: BatchSampler([np.full(9, 75)], [Bucket(40, 0)]), "no room for a window of 40 frames"),
        (lambda: BatchSampler([np.empty(0, np.int64)], [Bucket(40, 1)]), "0 training clips"),
    ],
)
def test_what_cannot_be_sampled(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]
