from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.store import Corpus
from pase.data.module import CorpusDataModule, WindowDataset, WindowSampler
from pase.data.windows import Batch, WindowConfig, cut_window
from pase.errors import InputError
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN


@pytest.fixture
def counting_clip() -> Clip:
    """Frame i is painted i, and the sound of frame i is i / 100."""
    frames = 50
    lips = np.broadcast_to(np.arange(frames, dtype=np.uint8)[:, None, None, None], (frames, 96, 96, 3))
    phones = PhoneTrack((PhoneInterval("AA", 0.0, 1.0), PhoneInterval("B", 1.0, 2.0)))
    record = ClipRecord("c", "s", "train", frames, frames * 640, "", phones, "", "c.mp4")
    sound = np.repeat(np.arange(frames) / 100, 640).astype(np.float32)
    return Clip(record, sound, lips, np.zeros((frames, 40, 2), np.float32))


def painted(batch: Batch) -> list[int]:
    return [int(v) for v in batch.lips[0, :, 0, 0, 0]]


def test_sound_picture_and_phones_agree(counting_clip: Clip) -> None:
    config = WindowConfig(frames=8, context=3, tail=2, speed=1.0)
    for seed in range(20):
        batch = cut_window(counting_clip, config, np.random.default_rng(seed))
        frames = painted(batch)[2:-2]
        assert frames == list(range(frames[0], frames[0] + 8))
        heard = batch.waveform[0].view(13, 640)[:, 320].numpy() * 100
        expected = np.arange(frames[0] - 3, frames[0] + 10)
        expected[(expected < 0) | (expected >= 50)] = 0
        np.testing.assert_allclose(heard, expected, atol=0.01)
        names = np.where(np.array(frames) < 25, PHONE_INDEX["AA"], PHONE_INDEX["B"])
        assert batch.phones[0].tolist() == names.tolist()
        assert batch.valid.all()


def test_the_margin_repeats_the_clips_ends(counting_clip: Clip) -> None:
    batch = cut_window(counting_clip, WindowConfig(frames=6, speed=1.0), None)
    assert painted(batch) == [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("seed", range(8))
def test_speed_changes_sound_and_picture_alike(counting_clip: Clip, seed: int) -> None:
    config = WindowConfig(frames=12, context=2, tail=2, speed=1.5)
    batch = cut_window(counting_clip, config, np.random.default_rng(seed))
    heard = batch.waveform[0].view(16, 640)[2:-2, 320].numpy() * 100
    seen = np.array(painted(batch)[2:-2])
    assert np.abs(heard - seen).max() <= 1.01
    assert batch.valid.all()


def test_short_clips_are_marked(counting_clip: Clip) -> None:
    short = replace(counting_clip, record=replace(counting_clip.record, frames=5), lips=counting_clip.lips[:5])
    batch = cut_window(short, WindowConfig(frames=8), np.random.default_rng(0))
    assert batch.valid[0].sum() in (4, 5, 6)  # depends on the speed drawn
    assert painted(batch)[-1] == 4


def test_unknown_phones(counting_clip: Clip) -> None:
    unknown = replace(counting_clip, record=replace(counting_clip.record, phones=None))
    batch = cut_window(unknown, WindowConfig(frames=8), None)
    assert (batch.phones == UNKNOWN).all()


def collect(loader: DataLoader[Batch]) -> list[Batch]:
    return list(loader)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(tiny_corpus: Path, workers: int) -> None:
    def batches(count: int) -> list[Batch]:
        module = CorpusDataModule([tiny_corpus], batch_size=4, window=WindowConfig(frames=10), workers=count, seed=5)
        module.setup("fit")
        return collect(module.train_dataloader())

    alone, together = batches(0), batches(workers)
    assert [b.clip_ids for b in alone] == [b.clip_ids for b in together]
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one.waveform, other.waveform)
        assert torch.equal(one.lips, other.lips)
        assert torch.equal(one.phones, other.phones)


def test_epochs_differ_and_repeat() -> None:
    sampler = WindowSampler(20, seed=1)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    sampler.set_epoch(0)
    assert list(sampler) == first
    assert first != second
    assert sorted(key.index for key in second) == list(range(20))


def test_kept_clips_equal_decoded_ones(opened_corpus: Corpus) -> None:
    config = WindowConfig(frames=10)
    plain, kept = (WindowDataset([opened_corpus], "train", config, keep) for keep in (False, True))
    sampler = WindowSampler(len(plain), 0)
    for _ in range(2):
        for key in sampler:
            assert torch.equal(plain[key].lips, kept[key].lips)


def test_too_few_clips_for_a_batch(tiny_corpus: Path) -> None:
    module = CorpusDataModule([tiny_corpus], batch_size=64)
    with pytest.raises(InputError, match="12 training clips, fewer than one batch of 64"):
        module.setup("fit")


def test_not_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        CorpusDataModule([tmp_path]).setup("fit")


def test_several_corpora_are_joined(tiny_corpus: Path) -> None:
    module = CorpusDataModule([tiny_corpus, tiny_corpus], batch_size=4)
    module.setup("fit")
    assert len(module.train_dataloader()) == 6
    assert sum(len(batch) for batch in module.val_dataloader()) == 8
    assert len(list(module.training_clips(5))) == 5
