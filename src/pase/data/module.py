"""Prepared corpora as training and validation batches."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
from torch.utils.data import DataLoader, Sampler

from pase.corpus.clip import Clip
from pase.corpus.store import Corpus
from pase.data.loader import TrainingLoader, WindowDataset, open_loader
from pase.data.sampling import BatchSampler, Bucket, Mixture, WindowKey
from pase.data.unreadable import UnreadableClips
from pase.data.windows import Batch, WindowConfig
from pase.errors import InputError


class FixedBatches(Sampler[list[WindowKey]]):
    """Every clip in order, always its first window; of the batches each rank gets every so many.

    Ranks share out whole batches, so that a batch holds the same clips however many ranks there are. Where there are
    fewer batches than ranks, batches are smaller.
    """

    def __init__(self, clips: int, frames: int, size: int, rank: int = 0, ranks: int = 1) -> None:
        size = max(1, min(size, clips // ranks))
        starts = range(0, clips, size)[rank::ranks]
        self._batches = [
            [WindowKey(index, frames, None) for index in range(start, min(start + size, clips))] for start in starts
        ]

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[WindowKey]]:
        return iter(self._batches)


class CorpusDataModule(pl.LightningDataModule):
    """Windows of prepared corpora.

    A run that is continued from a checkpoint gets exactly the batches that it would have got, wherever it stopped.

    Clips without lips and clips without sound are mixed with the others, in every batch in nearly the same share. They
    come in validation and test batches too: `Batch.seen` and `Batch.heard` say what can be asked of a window.

    Args:
        corpora: Folders that `pase prepare` wrote, or addresses where such folders were copied to (``s3://...``).
        batch_size: Windows of a batch on each rank; all their frames are each other's negatives.
        frames_per_batch: Instead of `batch_size` for training: video frames of a batch on each rank, so that batches of
            long windows hold fewer of them and take no longer.
        window: What is cut for training.
        weights: Shares of the training windows that come from each corpus, relative to each other, in the order of
            `corpora`. None takes every clip once an epoch.
        epoch_windows: Windows drawn for an epoch; None: as many as there are training clips.
        validation_frames: Frames of a validation or test window; longer, so that the A/V offset can be searched in it.
        workers: Loader processes; 0 loads in the training process.
        keep_in_memory: Keep decoded clips, some 0.8 MB per second of clip in every loader process; spares reading and
            decoding after the first epoch where memory allows.
        seed: Decides order and places of windows.
        max_unreadable: Share of the training and of the validation clips that may turn out to be unreadable: each is
            told and left out; with more of them the run stops.
    """

    def __init__(
        self,
        corpora: list[str | Path],
        batch_size: int = 16,
        frames_per_batch: int | None = None,
        window: WindowConfig | None = None,
        weights: list[float] | None = None,
        epoch_windows: int | None = None,
        validation_frames: int = 64,
        workers: int = 0,
        keep_in_memory: bool = False,
        seed: int = 0,
        max_unreadable: float = 0.01,
    ) -> None:
        super().__init__()
        if not 0 <= max_unreadable <= 1:
            raise InputError(f"data.max_unreadable is {max_unreadable}; it is a share of the clips, from 0 to 1")
        self.max_unreadable = max_unreadable
        self.folders = corpora
        self.batch_size = batch_size
        self.frames_per_batch = frames_per_batch
        self.window = window or WindowConfig()
        self.mixture = Mixture(weights, epoch_windows)
        self.validation_frames = validation_frames
        self.workers = workers
        self.keep_in_memory = keep_in_memory
        self.seed = seed
        self._sets: dict[str, WindowDataset] = {}
        self._training: TrainingLoader | None = None
        self._state: dict[str, Any] = {}

    def setup(self, stage: str | None = None) -> None:
        """Open the corpora.

        Raises:
            InputError: A folder is no prepared corpus; or for ``"fit"``, the training clips do not suffice for one
                batch, no clip fills a window, or the weights do not fit the corpora.
        """
        if not self._sets:
            corpora = [Corpus.open(folder) for folder in self.folders]
            fixed = replace(self.window, frames=self.validation_frames, speed=1.0)
            for split in ("train", "validation", "test"):
                window = self.window if split == "train" else fixed
                self._sets[split] = WindowDataset(corpora, split, window, self.keep_in_memory, split != "test")
            self._unreadable = UnreadableClips("validation", len(self._sets["validation"]), self.max_unreadable)
        if stage == "fit":
            self._sampler()

    def train_dataloader(self) -> TrainingLoader:
        """Random windows; goes on where the loaded checkpoint stopped."""
        self._training = TrainingLoader(self._sets["train"], self._sampler(), self.workers, self.max_unreadable)
        if self._state:
            self._training.load_state_dict(self._state)
            self._state = {}
        return self._training

    def val_dataloader(self) -> DataLoader[Batch]:
        """Fixed windows of the validation clips."""
        return self._fixed("validation")

    def test_dataloader(self) -> DataLoader[Batch]:
        """Fixed windows of the test clips; of the validation clips where a corpus has no test split."""
        return self._fixed("test" if len(self._sets["test"]) else "validation")

    def predict_dataloader(self) -> DataLoader[Batch]:
        """As `test_dataloader`."""
        return self.test_dataloader()

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Tell validation clips that cannot be read; the training loader tells its own.

        Raises:
            InputError: There are more of them than may be.
        """
        if not (self.trainer and self.trainer.training):
            self._unreadable.tell(batch)
        return batch

    def training_clips(self, most: int) -> Iterator[Clip]:
        """At most `most` whole training clips with sound, evenly spread; for calibration.

        Clips that cannot be read are left out: the training loader tells of them.
        """
        data = self._sets["train"]
        heard = [index for index, (_, record) in enumerate(data.items) if record.heard]
        for place in np.linspace(0, len(heard) - 1, min(most, len(heard)), dtype=int):
            with suppress(InputError):
                yield data.clip(heard[int(place)])

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint: where the training batches are.

        Lightning keeps the loader's state too, but gives it back only to runs that it thinks broke off in an epoch.
        """
        return self._training.state_dict() if self._training else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Where the next training loader goes on."""
        self._state = state_dict

    def _sampler(self) -> BatchSampler:
        data, mixture = self._sets["train"], self.mixture
        buckets = [Bucket(frames, self._windows(frames)) for frames in self.window.lengths]
        try:
            return BatchSampler(data.frames(), buckets, mixture, self.seed, *self._place(), data.modalities())
        except InputError as error:
            raise InputError(f"{', '.join(str(folder) for folder in self.folders)}: {error}") from error

    def _windows(self, frames: int) -> int:
        """Training windows of so many frames in a batch on each rank."""
        return self.batch_size if self.frames_per_batch is None else self.frames_per_batch // frames

    def _fixed(self, split: str) -> DataLoader[Batch]:
        data, (rank, ranks) = self._sets[split], self._place()
        if 0 < len(data) < ranks:
            raise InputError(f"{len(data)} {split} clips for {ranks} ranks: each needs at least one")
        batches = FixedBatches(len(data), self.validation_frames, self.batch_size, rank, ranks)
        return open_loader(data, self.workers, batch_sampler=batches, persistent_workers=self.workers > 0)

    def _place(self) -> tuple[int, int]:
        """Number of this rank, and how many there are."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
