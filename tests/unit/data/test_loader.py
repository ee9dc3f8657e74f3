import itertools
import multiprocessing
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.damaged_corpus import without_pictures

from pase.corpus.store import Corpus
from pase.data.loader import TrainingLoader, WindowDataset
from pase.data.module import CorpusDataModule, FixedBatches
from pase.data.sampling import BatchSampler, Bucket, WindowKey
from pase.data.windows import Batch, WindowConfig
from pase.errors import InputError


def loader_of(corpus: Corpus, workers: int = 0, seed: int = 5, windows: int = 4) -> TrainingLoader:
    data = WindowDataset([corpus], "train", WindowConfig(frames=[10, 30]))
    buckets = [Bucket(10, windows), Bucket(30, windows // 2)]
    return TrainingLoader(data, BatchSampler(data.frames(), buckets, seed=seed), workers)


def assert_same(ones: list[Batch], others: list[Batch]) -> None:
    assert [batch.clip_ids for batch in ones] == [batch.clip_ids for batch in others]
    for one, other in zip(ones, others, strict=True):
        for name in ("waveform", "lips", "phones", "valid", "shaped", "seen", "heard"):
            assert torch.equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(opened_corpus: Corpus, workers: int) -> None:
    alone, together = loader_of(opened_corpus), loader_of(opened_corpus, workers)
    assert_same([*alone, *alone], [*together, *together])


@pytest.mark.parametrize("workers", [0, 2])
def test_it_goes_on_where_it_stopped(opened_corpus: Corpus, workers: int) -> None:
    undisturbed = loader_of(opened_corpus, workers)
    batches = [*undisturbed, *undisturbed]
    for count in (0, 1, len(undisturbed), len(undisturbed) + 1):
        stopped = loader_of(opened_corpus, workers)
        given = list(itertools.islice(itertools.chain(stopped, stopped), count))
        continued = loader_of(opened_corpus, workers)
        continued.load_state_dict(stopped.state_dict())
        rest = itertools.islice(itertools.chain(continued, continued), len(batches) - count)
        assert_same([*given, *rest], batches)


def test_its_state_survives_a_loader_that_is_already_running(opened_corpus: Corpus) -> None:
    loader = loader_of(opened_corpus, workers=1)
    first = list(loader)
    loader.load_state_dict({**loader.state_dict(), "handed_out": 0})
    assert_same(list(loader), first)


def test_a_state_of_other_data_begins_anew_and_says_so(opened_corpus: Corpus) -> None:
    stopped, other = loader_of(opened_corpus), loader_of(opened_corpus, seed=6)
    next(iter(stopped))
    with pytest.warns(UserWarning, match="seed 5 then, 6 now"):
        other.load_state_dict(stopped.state_dict())
    assert_same(list(other), list(loader_of(opened_corpus, seed=6)))


def test_starting_workers_leaves_the_random_numbers_of_training_alone(opened_corpus: Corpus) -> None:
    before = torch.get_rng_state()
    next(iter(loader_of(opened_corpus, workers=1)))
    assert torch.equal(torch.get_rng_state(), before)


from_another_process = pytest.mark.skipif(not hasattr(signal, "sigwaitinfo"), reason="the sender cannot be known")


@from_another_process
def test_a_loader_process_outlives_a_signal_that_is_meant_for_the_training(opened_corpus: Corpus) -> None:
    before = set(multiprocessing.active_children())
    loader, alone = loader_of(opened_corpus, workers=1), loader_of(opened_corpus)
    first = next(iter(loader))
    (worker,) = set(multiprocessing.active_children()) - before
    for _ in range(2):
        subprocess.run(["/bin/kill", "-TERM", str(worker.pid)], check=True)
        worker.join(0.5)
        assert worker.is_alive()
    assert_same([first, *loader], [*alone, *itertools.islice(alone, 1)])
    worker.terminate()  # which this process may
    worker.join(3)
    assert worker.exitcode == 0


_EXIT = """
import multiprocessing, subprocess, sys
import torch
from pase.data.loader import open_loader

class Numbers(torch.utils.data.Dataset):
    def __getitems__(self, keys):
        return torch.tensor(keys)

loader = iter(open_loader(Numbers(), 1, sampler=range(1000), batch_size=1))
next(loader)
(worker,) = multiprocessing.active_children()
subprocess.run(["/bin/kill", "-TERM", str(worker.pid)], check=True)
assert next(loader).item() == 1
print(worker.pid, flush=True)
if sys.argv[1] == "deleted":
    del loader
    assert worker.exitcode == 0
else:
    sys.keep = loader  # nobody deletes it: the program ends with it under way
"""


@from_another_process
@pytest.mark.parametrize("how", ["deleted", "at exit"])
def test_a_loader_process_ends_with_its_loader(how: str) -> None:
    command = [sys.executable, "-c", _EXIT, how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert not Path(f"/proc/{done.stdout.strip()}").exists()


def test_kept_clips_equal_decoded_ones(opened_corpus: Corpus) -> None:
    plain, kept = (WindowDataset([opened_corpus], "train", WindowConfig(), keep) for keep in (False, True))
    keys = [WindowKey(index, 10, seed) for seed in (0, 1, None) for index in range(len(plain))]
    assert_same([plain.__getitems__(keys)], [kept.__getitems__(keys)])


def test_windows_are_those_of_the_decoded_clip(opened_corpus: Corpus) -> None:
    data = WindowDataset([opened_corpus], "train", WindowConfig(context=0, tail=0))
    for index in range(len(data)):
        clip, frames = data.clip(index), 64  # longer than some clips
        batch = data.__getitems__([WindowKey(index, frames, None)])
        there = min(frames, clip.record.frames)
        assert batch.valid[0].tolist() == [number < clip.record.frames for number in range(frames)]
        assert np.array_equal(batch.lips[0, 2 : 2 + there].numpy(), clip.lips[:there])
        assert np.array_equal(batch.waveform[0, : there * 640].numpy(), clip.waveform[: there * 640])
        assert not batch.waveform[0, len(clip.waveform) :].any()
        assert batch.seen.tolist() == batch.heard.tolist() == [True]
        assert batch.phones[0, :there].tolist() == clip.record.frame_labels()[:there].tolist()
        if there < frames:
            assert (batch.lips[0, 2 + there :] == batch.lips[0, 1 + there]).all()


def test_short_clips_are_padded_and_marked(opened_corpus: Corpus) -> None:
    data = WindowDataset([opened_corpus], "train", WindowConfig())
    index = int(data.frames()[0].argmin())
    frames = int(data.frames()[0][index])
    batch = data.__getitems__([WindowKey(index, frames + 10, seed) for seed in range(20)])
    assert batch.valid.sum(dim=1).min() >= frames - 1
    assert not batch.valid.all(dim=1).any()


@pytest.fixture
def damaged(tiny_corpus: Path, tmp_path: Path) -> Path:
    """A corpus whose first clip has lost its pictures."""
    return without_pictures(tiny_corpus, tmp_path / "damaged", "train")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_clip_that_cannot_be_read_is_told_once_and_left_out(damaged: Path, workers: int) -> None:
    data = WindowDataset([Corpus.open(damaged)], "train", WindowConfig(frames=10), tolerant=True)
    bad = data.items[0][1].clip_id
    loader = TrainingLoader(data, BatchSampler(data.frames(), [Bucket(10, 4)]), workers, most_unreadable=1 / 12)
    with pytest.warns(UserWarning, match=f"1 of 12 training clips cannot be read, 1 may .*{bad}.* Left out") as told:
        batches = [*loader, *loader]
    assert len(told) == 1
    windows = [(batch, row) for batch in batches for row, clip in enumerate(batch.clip_ids) if clip == bad]
    assert len(windows) == 2
    for batch, row in windows:
        assert not any(part[row].any() for part in (batch.seen, batch.heard, batch.shaped, batch.valid, batch.lips))
        others = [place for place in range(4) if place != row]
        assert batch.heard[others].all()


def test_more_unreadable_clips_than_may_be_stop_the_run(damaged: Path) -> None:
    data = WindowDataset([Corpus.open(damaged)], "train", WindowConfig(frames=10), tolerant=True)
    loader = TrainingLoader(data, BatchSampler(data.frames(), [Bucket(10, 4)]), most_unreadable=0.01)
    with pytest.raises(InputError, match=r"1 of 12 training clips cannot be read, 0 may \(data.max_unreadable\): "):
        list(loader)


def test_a_run_that_goes_on_knows_what_could_not_be_read(damaged: Path) -> None:
    data = WindowDataset([Corpus.open(damaged)], "train", WindowConfig(frames=10), tolerant=True)
    stopped, other = (
        TrainingLoader(data, BatchSampler(data.frames(), [Bucket(10, 4)]), most_unreadable=1 / 12) for _ in range(2)
    )
    with pytest.warns(UserWarning, match="Left out"):
        list(stopped)
    other.load_state_dict(stopped.state_dict())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(other)
    assert other.state_dict() == {**stopped.state_dict(), "handed_out": 2 * len(stopped)}


def test_unreadable_clips_of_a_stranger_are_refused(opened_corpus: Corpus) -> None:
    loader = loader_of(opened_corpus)
    for odd in ("clip", [1], {"clip": 1}):
        with pytest.raises(InputError, match=r"unreadable clips are .*, expected their ids"):
            loader.load_state_dict({**loader.state_dict(), "unreadable": odd})


@pytest.mark.parametrize("keep", [False, True])
def test_a_damaged_clip_is_named(damaged: Path, keep: bool) -> None:
    corpus = Corpus.open(damaged)
    (shard,) = (damaged / "shards").glob("*.tar")
    data = WindowDataset([corpus], "train", WindowConfig(), keep)
    with pytest.raises(InputError, match=rf"{shard.name}: clip {data.items[0][1].clip_id}: .*Copy the shard again"):
        data.__getitems__([WindowKey(0, 10, None)])


@given(clips=st.integers(1, 40), size=st.integers(1, 9), ranks=st.integers(1, 5))
def test_ranks_share_out_every_validation_clip_once(clips: int, size: int, ranks: int) -> None:
    ranks = min(ranks, clips)
    parts = [list(FixedBatches(clips, 10, size, rank, ranks)) for rank in range(ranks)]
    assert sorted(key.index for part in parts for batch in part for key in batch) == list(range(clips))
    assert all(parts)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert max(len(batch) for part in parts for batch in part) <= size


def test_too_few_validation_clips_for_the_ranks(tiny_corpus: Path) -> None:
    module = CorpusDataModule([tiny_corpus], batch_size=2)
    module.trainer = SimpleNamespace(global_rank=0, world_size=5)  # type: ignore[assignment]
    module.setup("validate")
    with pytest.raises(InputError, match="4 validation clips for 5 ranks: each needs at least one"):
        module.val_dataloader()


def test_too_few_clips_for_a_batch(tiny_corpus: Path) -> None:
    module = CorpusDataModule([tiny_corpus], batch_size=64)
    with pytest.raises(InputError, match=f"{tiny_corpus}: 12 training clips, fewer than one batch of 64"):
        module.setup("fit")


def test_not_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        CorpusDataModule([tmp_path]).setup("fit")


def test_weights_that_do_not_match(tiny_corpus: Path) -> None:
    with pytest.raises(InputError, match="2 weights for 1 corpora"):
        CorpusDataModule([tiny_corpus], batch_size=4, weights=[0.5, 0.5]).setup("fit")


def test_several_corpora_are_joined(tiny_corpus: Path) -> None:
    module = CorpusDataModule([tiny_corpus, tiny_corpus], batch_size=4)
    module.setup("fit")
    assert len(module.train_dataloader()) == 6
    assert sum(len(batch) for batch in module.val_dataloader()) == 8
    assert len(list(module.training_clips(5))) == 5


def test_batches_of_long_windows_hold_fewer(tiny_corpus: Path) -> None:
    window = WindowConfig(frames=[10, 20])
    module = CorpusDataModule([tiny_corpus], frames_per_batch=40, window=window, epoch_windows=100)
    module.setup("fit")
    sizes = {tuple(batch.valid.shape) for batch in module.train_dataloader()}
    assert sizes <= {(4, 10), (2, 20)}
    assert (2, 20) in sizes


def test_validation_windows_are_fixed(tiny_corpus: Path) -> None:
    module = CorpusDataModule([tiny_corpus], batch_size=3, window=WindowConfig(frames=[10, 20]), validation_frames=48)
    module.setup("fit")
    first, again = list(module.val_dataloader()), list(module.val_dataloader())
    assert_same(first, again)
    assert [tuple(batch.valid.shape) for batch in first] == [(3, 48), (1, 48)]
    corpus = Corpus.open(tiny_corpus)
    names = [record.clip_id for record in corpus.split("validation")]
    assert [name for batch in first for name in batch.clip_ids] == names
    clip = corpus.read(corpus.split("validation")[0])
    there = min(48, clip.record.frames)
    assert np.array_equal(first[0].lips[0, 2 : 2 + there].numpy(), clip.lips[:there])
