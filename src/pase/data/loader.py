"""Windows cut from prepared corpora, and the loader of training batches that goes on where it stopped."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_warn
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, get_worker_info

from pase.audio.waveform import Waveform
from pase.corpus.clip import Clip, ClipRecord, Modality
from pase.corpus.codec import decode_lips, decode_points, decode_sound
from pase.corpus.store import Corpus
from pase.data.sampling import BatchSampler, WindowKey
from pase.data.unreadable import UnreadableClips
from pase.data.windows import Batch, Window, WindowConfig
from pase.errors import InputError
from pase.models.visual_encoder import MARGIN
from pase.video.landmarks import lip_displacement


class WindowDataset(Dataset[Batch]):
    """Windows of the clips of one split of several corpora.

    Args:
        corpora: Opened corpora.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        config: What to cut.
        keep: Keep decoded clips in memory (some 0.8 MB per second of clip and worker process). Without it, each window
            is read and decoded anew: its sound to the window's end, its lip crops from the nearest key frame on.
        tolerant: Give empty windows of clips that cannot be read, and name them in the batch, instead of raising.
    """

    def __init__(
        self,
        corpora: Sequence[Corpus],
        split: str,
        config: WindowConfig,
        keep: bool = False,
        tolerant: bool = False,
    ) -> None:
        self.corpora = corpora
        self.tolerant = tolerant
        self.config = config
        self.keep = keep
        self.items: list[tuple[int, ClipRecord]] = [
            (number, record) for number, corpus in enumerate(corpora) for record in corpus.split(split)
        ]
        self._kept: dict[int, Clip] = {}

    def __len__(self) -> int:
        return len(self.items)

    def frames(self) -> list[NDArray[np.int64]]:
        """Lengths of the clips in frames, one array for each corpus."""
        return [
            np.array([record.frames for owner, record in self.items if owner == number], dtype=np.int64)
            for number in range(len(self.corpora))
        ]

    def modalities(self) -> NDArray[np.int64]:
        """A number for what each clip has, equal for equal modalities; through all corpora, shape ``(clips,)``."""
        names = get_args(Modality)
        return np.array([names.index(record.modality) for _, record in self.items], dtype=np.int64)

    def __getitems__(self, keys: Sequence[WindowKey]) -> Batch:
        """The batch of these windows, which are of one length; torch's loaders ask for a batch by this name.

        Raises:
            InputError: A clip cannot be read, and the data set is not tolerant.
        """
        names = tuple(self.items[key.index][1].clip_id for key in keys)
        # A loader process fills it where the training process reads it: large blocks that come and go at different
        # times would fragment the heap, which then grows to twice what is needed.
        batch = Batch.empty(names, keys[0].frames, self.config, shared=get_worker_info() is not None)
        unreadable = []
        for row, key in enumerate(keys):
            try:
                self._fill(batch, row, key)
            except InputError as error:
                if not self.tolerant:
                    raise
                batch.clear(row)
                unreadable.append((names[row], str(error)))
        return replace(batch, unreadable=tuple(unreadable))

    def clip(self, index: int) -> Clip:
        """Decode a whole clip, or take it from memory."""
        if index in self._kept:
            return self._kept[index]
        number, record = self.items[index]
        clip = self.corpora[number].read(record)
        if self.keep:
            self._kept[index] = clip
        return clip

    def window(self, key: WindowKey) -> Window:
        """The place that a key stands for."""
        if key.seed is None:
            return Window(key.frames)
        rng = np.random.default_rng(key.seed)
        return Window.draw(self.items[key.index][1].frames, key.frames, self.config, rng)

    def _fill(self, batch: Batch, row: int, key: WindowKey) -> None:
        record = self.items[key.index][1]
        window = self.window(key)
        pictures = window.pictures(record.frames)
        seen = record.seen and window.seen
        waveform, lips, points = self._content(key.index, pictures if seen else None, window.sound_end(self.config))
        if seen:
            np.take(lips, pictures - pictures[0], axis=0, out=batch.lips[row].numpy(), mode="clip")
        else:
            batch.lips[row] = 0
        if record.seen:
            shown = pictures[MARGIN : len(pictures) - MARGIN]
            np.take(lip_displacement(points), shown, axis=0, out=batch.shapes[row].numpy(), mode="clip")
        else:
            batch.shapes[row] = 0
        batch.waveform[row] = torch.from_numpy(window.sound(waveform, self.config)) if record.heard else 0
        batch.phones[row] = torch.from_numpy(window.labels(record))
        batch.valid[row] = torch.from_numpy(window.middles < record.frames)
        batch.shaped[row], batch.seen[row], batch.heard[row] = record.seen, seen, record.heard

    def _content(
        self, index: int, pictures: NDArray[np.int64] | None, samples: int
    ) -> tuple[Waveform, NDArray[np.uint8], NDArray[np.float32]]:
        """The first samples of a clip's sound, its lip crops from the first to the last of `pictures`, all lip points.

        What the clip has not, or nobody looks at, is of length 0.
        """
        start, stop = (0, 0) if pictures is None else (int(pictures[0]), int(pictures[-1]) + 1)
        if self.keep:
            clip = self.clip(index)
            return clip.waveform, clip.lips[start:stop], clip.lip_points
        number, record = self.items[index]
        encoded = self.corpora[number].encoded(record)
        try:
            waveform = decode_sound(encoded.flac, samples) if record.heard else np.empty(0, np.float32)
            lips = decode_lips(encoded.mp4, start, stop) if stop else np.empty(0, np.uint8)
            points = decode_points(encoded.points) if record.seen else np.empty(0, np.float32)
            if len(waveform) != min(samples, record.samples) or len(lips) != stop - start:
                raise InputError(
                    f"the first {len(waveform)} samples and {len(lips)} of {stop - start} lip crops were found, "
                    f"its record says {record.samples} samples and {record.frames} frames ({record.modality})"
                )
        except InputError as error:
            where = f"{self.corpora[number].folder}/shards/{record.shard}"
            raise InputError(f"{where}: clip {record.clip_id}: {error}. Copy the shard again.") from error
        return waveform, lips, points


_MOST_BATCHES = 2**48


class TrainingLoader:
    """Training batches, epoch after epoch, that goes on exactly where it stopped.

    The batches of all epochs are one sequence (`BatchSampler`), and the only state is how many of them were handed
    out: what loader processes have prepared beyond that is prepared again. Iterating gives the next ``len(loader)``
    batches; loader processes live as long as the loader and work on across the ends of epochs.

    Lightning is given this and not a `DataLoader`, because it would change a `DataLoader`'s sampler when several ranks
    train, and count its epochs wrongly when a run is continued from a checkpoint of an epoch's end.

    Args:
        data: Training windows.
        sampler: This rank's batches.
        workers: Loader processes; 0 loads in the training process.
        most_unreadable: Share of the clips that may turn out to be unreadable; each is told once and left out. A rank
            counts those that it has met, over the whole run: epoch by epoch each rank meets all clips.

    Raises:
        InputError: While iterating: more clips cannot be read.
    """

    def __init__(
        self, data: WindowDataset, sampler: BatchSampler, workers: int = 0, most_unreadable: float = 0.0
    ) -> None:
        self.sampler = sampler
        self.handed_out = 0
        self.unreadable = UnreadableClips("training", len(data), most_unreadable)
        self._loader = open_loader(data, workers, batch_sampler=sampler)
        self._iterator: Iterator[Batch] | None = None

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[Batch]:
        for _ in range(len(self)):
            if self._iterator is None:
                self.sampler.first = self.handed_out
                self._iterator = iter(self._loader)
            batch = next(self._iterator)
            self.handed_out += 1
            self.unreadable.tell(batch)
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """How many batches were handed out, what their sequence depends on, what could not be read; plain values."""
        return {"handed_out": self.handed_out, "unreadable": sorted(self.unreadable.ids), **self.sampler.state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on behind the batches that were handed out; from the beginning if the sequence is another one."""
        changed = [name for name, value in self.sampler.state().items() if state.get(name) != value]
        if changed:
            differences = "; ".join(
                f"{name} {state.get(name)} then, {self.sampler.state()[name]} now" for name in changed
            )
            rank_zero_warn(
                f"the training data are not drawn as in the checkpoint ({differences}): they begin anew",
                stacklevel=2,
            )
        handed_out, unreadable = state.get("handed_out"), state.get("unreadable", [])
        if type(handed_out) is not int or not 0 <= handed_out < _MOST_BATCHES:
            raise InputError(f"the checkpoint's training data: {handed_out!r} batches were handed out, which cannot be")
        if not isinstance(unreadable, list) or not all(isinstance(clip, str) for clip in unreadable):
            raise InputError(f"the checkpoint's training data: unreadable clips are {unreadable!r}, expected their ids")
        self.handed_out = 0 if changed else handed_out
        self.unreadable.ids = set() if changed else set(unreadable)
        self._iterator = None


def open_loader(data: Dataset[Any], workers: int, **batches: Any) -> DataLoader[Any]:
    """Torch's loader of whole batches, whose processes outlive a SIGTERM that is meant for the training.

    Args:
        data: Gives a batch for a list of keys, by `__getitems__`.
        workers: Loader processes.
        batches: Who names the windows of each batch: `batch_sampler`, or `sampler` and `batch_size`.
    """
    return DataLoader(
        data,
        collate_fn=_as_it_is,
        num_workers=workers,
        worker_init_fn=_heed_only_the_parent,
        pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # starting workers leaves the random numbers of training alone
        **batches,
    )


def _heed_only_the_parent(worker: int) -> None:
    """Let no SIGTERM end this loader process but its parent's.

    Slurm sends it to all processes of a job, and how the training ends is for the training process to say, which would
    fail if it lost this one. The parent ends its processes by SIGTERM as well, at its exit; if it dies itself, torch
    sees that. Threads that begin from here on block the signal, too. Where the sender cannot be known (macOS), any
    SIGTERM ends the process.
    """
    parent = multiprocessing.parent_process()
    if parent is None or not hasattr(signal, "sigwaitinfo"):
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_with, args=(parent.pid,), daemon=True).start()


def _end_with(parent: int | None) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)  # as torch's own handler does


def _as_it_is(batch: Any) -> Any:
    return batch
