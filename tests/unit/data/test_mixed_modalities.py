"""Batches of clips with sound and lips, with sound alone, and with lips alone."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from tests.conftest import make_clip

from pase.corpus import codec
from pase.corpus.clip import Clip, Modality
from pase.corpus.store import Corpus, write_corpus
from pase.data.loader import WindowDataset
from pase.data.module import CorpusDataModule
from pase.data.sampling import WindowKey
from pase.data.windows import Batch, WindowConfig
from pase.errors import InputError

FIELDS = ("waveform", "lips", "phones", "valid", "shaped", "seen", "heard")


def of(modality: Modality, number: int) -> Clip:
    """Clip 30 with sound and lips, and the same without one of them."""
    clip = make_clip(30 + number, 40, "validation" if number % 4 == 3 else "train")
    record = replace(
        clip.record,
        clip_id=f"{modality}/clip{number:03d}",
        modality=modality,
        samples=clip.record.samples if modality != "video" else 0,
        phones=clip.record.phones if modality != "video" else None,
    )
    pictures = slice(None) if record.seen else slice(0)
    return Clip(record, clip.waveform[: record.samples], clip.lips[pictures], clip.lip_points[pictures])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A corpus of each modality: 6 training and 2 validation clips, which are those of the others as far as there."""
    root = tmp_path_factory.mktemp("modalities")
    for modality in get_args(Modality):
        write_corpus(root / modality, [of(modality, number) for number in range(8)])
    return [root / modality for modality in get_args(Modality)]


def assert_same(one: Batch, other: Batch) -> None:
    assert one.clip_ids == other.clip_ids
    for name in FIELDS:
        assert torch.equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize("keep", [False, True])
def test_a_mixed_batch_has_what_there_is_and_zeros(folders: list[Path], keep: bool) -> None:
    data = WindowDataset([Corpus.open(folder) for folder in folders], "train", WindowConfig(), keep)
    for seed in (None, 7):
        batch = data.__getitems__([WindowKey(6 * kind + 2, 20, seed) for kind in range(3)])
        assert batch.seen.tolist() == [True, False, True]
        assert batch.heard.tolist() == [True, True, False]
        assert torch.equal(batch.waveform[0], batch.waveform[1])
        assert torch.equal(batch.lips[0], batch.lips[2])
        assert batch.waveform[0].any()
        assert batch.lips[0].any()
        assert not batch.lips[1].any()
        assert not batch.waveform[2].any()
        assert batch.valid.all()
        assert batch.phones[0].tolist() == batch.phones[1].tolist() != batch.phones[2].tolist()


def test_nothing_is_decoded_that_is_not_there(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def watch(name: str) -> None:
        decode = getattr(codec, name)
        monkeypatch.setattr(f"pase.data.loader.{name}", lambda *given: decoded.append(name) or decode(*given))

    watch("decode_sound")
    watch("decode_lips")
    data = WindowDataset([Corpus.open(folder) for folder in folders], "train", WindowConfig())
    data.__getitems__([WindowKey(6 * kind, 20, 0) for kind in range(3)])
    assert decoded == ["decode_sound", "decode_lips", "decode_sound", "decode_lips"]


@pytest.mark.parametrize("keep", [False, True])
def test_a_share_of_the_windows_is_looked_at_and_all_teach_the_shape(folders: list[Path], keep: bool) -> None:
    corpora = [Corpus.open(folders[0])]
    keys = [WindowKey(number % 6, 20, seed) for number, seed in enumerate(range(200))]
    every = WindowDataset(corpora, "train", WindowConfig(), keep).__getitems__(keys)
    some = WindowDataset(corpora, "train", WindowConfig(seen=0.3), keep).__getitems__(keys)
    assert every.seen.all()
    assert 40 <= int(some.seen.sum()) <= 80
    assert some.shaped.all()
    assert torch.equal(some.lips[some.seen], every.lips[some.seen])
    assert not some.lips[~some.seen].any()
    for name in ("waveform", "shapes", "phones", "valid", "heard"):
        assert torch.equal(getattr(some, name), getattr(every, name)), name


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="must be a share above 0"):
        WindowConfig(seen=share)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(folders: list[Path], workers: int) -> None:
    modules = [CorpusDataModule(list(folders), batch_size=5, workers=count) for count in (0, workers)]
    for module in modules:
        module.setup("fit")
    alone, together = (module.train_dataloader() for module in modules)
    for one, other in itertools.islice(zip(alone, together, strict=True), 5):
        assert_same(one, other)


def test_every_batch_has_its_share_of_each_modality(folders: list[Path]) -> None:
    module = CorpusDataModule(list(folders), batch_size=8, weights=[2, 1, 1], epoch_windows=80)
    module.setup("fit")
    for batch in module.train_dataloader():
        both = int((batch.seen & batch.heard).sum())
        assert 3 <= both <= 5
        assert 1 <= int((~batch.seen).sum()) <= 3
    state = module.train_dataloader().state_dict()
    assert state["kinds"] == [6, 6, 6]


def test_validation_holds_all_clips_and_says_what_they_have(folders: list[Path]) -> None:
    module = CorpusDataModule(list(folders), batch_size=4)
    module.setup("fit")
    batches = list(module.val_dataloader())
    assert [name.split("/")[0] for batch in batches for name in batch.clip_ids] == [
        name for name in get_args(Modality) for _ in range(2)
    ]
    assert torch.cat([batch.seen for batch in batches]).tolist() == [True, True, False, False, True, True]
    assert torch.cat([batch.heard for batch in batches]).tolist() == [True, True, True, True, False, False]


def test_calibration_is_on_sound(folders: list[Path]) -> None:
    module = CorpusDataModule(list(folders), batch_size=4)
    module.setup("fit")
    clips = list(module.training_clips(100))
    assert {clip.record.modality for clip in clips} == {"audio-video", "audio"}
    assert all(np.any(clip.waveform) for clip in clips)
    assert len(clips) == 12
