"""Prepared corpora as training and validation batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.store import Corpus
from pase.data.windows import Batch, WindowConfig, cut_window
from pase.errors import InputError


@dataclass(frozen=True)
class WindowKey:
    """Which window: the clip's place in the data set, and the seed of the draw; None for the fixed one."""

    index: int
    seed: int | None


class WindowDataset(Dataset[Batch]):
    """Windows of the clips of one split of several corpora.

    Args:
        corpora: Opened corpora.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        config: What to cut.
        keep: Keep decoded clips in memory (some 0.8 MB per second of clip and worker process).
    """

    def __init__(self, corpora: Sequence[Corpus], split: str, config: WindowConfig, keep: bool = False) -> None:
        self.corpora = corpora
        self.config = config
        self.keep = keep
        self.items: list[tuple[int, ClipRecord]] = [
            (number, record) for number, corpus in enumerate(corpora) for record in corpus.split(split)
        ]
        self._kept: dict[int, Clip] = {}

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, key: WindowKey) -> Batch:
        rng = None if key.seed is None else np.random.default_rng(key.seed)
        return cut_window(self.clip(key.index), self.config, rng)

    def clip(self, index: int) -> Clip:
        """Decode a clip, or take it from memory."""
        if index in self._kept:
            return self._kept[index]
        number, record = self.items[index]
        clip = self.corpora[number].read(record)
        if self.keep:
            self._kept[index] = clip
        return clip


class WindowSampler(Sampler[WindowKey]):
    """Every clip once an epoch, in random order and at a random place, all decided by seed and epoch alone.

    Lightning calls `set_epoch`, so a resumed run draws what an undisturbed one would, whatever the number of workers.
    """

    def __init__(self, clips: int, seed: int) -> None:
        self.clips = clips
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch to draw."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.clips

    def __iter__(self) -> Iterator[WindowKey]:
        rng = np.random.default_rng((self.seed, self.epoch))
        seeds = rng.integers(0, 2**63, size=self.clips)
        return (WindowKey(int(index), int(seeds[index])) for index in rng.permutation(self.clips))


class FixedSampler(Sampler[WindowKey]):
    """Every clip in order, always the same window."""

    def __init__(self, clips: int) -> None:
        self.clips = clips

    def __len__(self) -> int:
        return self.clips

    def __iter__(self) -> Iterator[WindowKey]:
        return (WindowKey(index, None) for index in range(self.clips))


class CorpusDataModule(pl.LightningDataModule):
    """Windows of prepared corpora.

    Args:
        corpora: Folders that `pase prepare` wrote.
        batch_size: Windows of a batch; all their frames are each other's negatives.
        window: What is cut for training.
        validation_frames: Frames of a validation or test window; longer, so that the A/V offset can be searched in it.
        workers: Loader processes; 0 loads in the training process.
        keep_in_memory: Keep decoded clips; spares decoding in every epoch where memory allows.
        seed: Decides order and places of windows.
    """

    def __init__(
        self,
        corpora: list[Path],
        batch_size: int = 16,
        window: WindowConfig | None = None,
        validation_frames: int = 64,
        workers: int = 0,
        keep_in_memory: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.folders = corpora
        self.batch_size = batch_size
        self.window = window or WindowConfig()
        self.validation_frames = validation_frames
        self.workers = workers
        self.keep_in_memory = keep_in_memory
        self.seed = seed
        self._sets: dict[str, WindowDataset] = {}

    def setup(self, stage: str | None = None) -> None:
        """Open the corpora.

        Raises:
            InputError: A folder is no prepared corpus, or there are too few training clips for one batch.
        """
        if self._sets:
            return
        corpora = [Corpus.open(folder) for folder in self.folders]
        fixed = replace(self.window, frames=self.validation_frames, speed=1.0)
        for split in ("train", "validation", "test"):
            window = self.window if split == "train" else fixed
            self._sets[split] = WindowDataset(corpora, split, window, self.keep_in_memory)
        if stage == "fit" and len(self._sets["train"]) < self.batch_size:
            names = ", ".join(str(folder) for folder in self.folders)
            raise InputError(
                f"{names}: {len(self._sets['train'])} training clips, fewer than one batch of {self.batch_size}. "
                "Prepare more clips, or set --data.batch_size."
            )

    def train_dataloader(self) -> DataLoader[Batch]:
        """Random windows; the last, incomplete batch of an epoch is dropped."""
        data = self._sets["train"]
        return self._loader(data, WindowSampler(len(data), self.seed), drop_last=True)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Fixed windows of the validation clips."""
        return self._fixed("validation")

    def test_dataloader(self) -> DataLoader[Batch]:
        """Fixed windows of the test clips; of the validation clips where a corpus has no test split."""
        return self._fixed("test" if len(self._sets["test"]) else "validation")

    def predict_dataloader(self) -> DataLoader[Batch]:
        """As `test_dataloader`."""
        return self.test_dataloader()

    def training_clips(self, most: int) -> Iterator[Clip]:
        """At most `most` whole training clips, evenly spread; for calibration."""
        data = self._sets["train"]
        for index in np.linspace(0, len(data) - 1, min(most, len(data)), dtype=int):
            yield data.clip(int(index))

    def _fixed(self, split: str) -> DataLoader[Batch]:
        return self._loader(self._sets[split], FixedSampler(len(self._sets[split])), drop_last=False)

    def _loader(self, data: WindowDataset, sampler: Sampler[WindowKey], drop_last: bool) -> DataLoader[Batch]:
        return DataLoader(
            data,
            batch_size=self.batch_size,
            sampler=sampler,
            drop_last=drop_last,
            collate_fn=Batch.join,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
        )
