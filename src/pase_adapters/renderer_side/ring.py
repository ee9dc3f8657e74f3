"""The ring buffer of RAD-NeRF, ER-NeRF and their real-time servers.

They hand l + m + r chunks to a speech model, take the rows of the m in the middle, and write them around a ring of 4 m
rows, from which the windows of 16 are cut. The model is expected to give a row less than there are chunks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .listening import Listener, RendererError
from .protocol import CHUNK
from .worker_pipe import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WINDOW = 16


def prepare(options: Any, stream: Stream) -> None:
    """Before the ring is built: mend or refuse settings by which its windows would be wrong.

    Raises:
        RendererError: It cannot be mended.
    """
    if options.r < stream.look_ahead:
        print(
            f"PASE: going on with -r {stream.look_ahead} in place of -r {options.r}: a feature depends on "
            f"{20 * stream.look_ahead} ms of sound behind its own"
        )
        options.r = stream.look_ahead
    if getattr(options, "asr_save_feats", False):
        raise RendererError(
            "--asr_save_feats would save rows of silence behind the end: write the file with pase-adapt"
        )


def attach(ring: Any, stream: Stream) -> None:
    """Let a ring hear through PASE: models, widths and the first windows are replaced.

    Raises:
        RendererError: Its windows would be wrong.
    """
    left, middle, right = ring.stride_left_size, ring.context_size, ring.stride_right_size
    if ring.chunk != CHUNK:
        raise RendererError(f"a chunk has {ring.chunk} samples, expected {CHUNK}: leave --fps at 50")
    windows = 8 if getattr(ring.opt, "att", 2) > 0 else 1
    fault = find_fault(middle, ring.warm_up_steps - right, windows)
    if fault:
        raise RendererError(f"-l {left} -m {middle} -r {right}: {fault}. Take -l 10 -m 8 -r 10")
    samples = _lengthen(ring, middle, right) if getattr(ring, "mode", "") == "file" else None
    listener = Listener(ring.get_audio_frame, stream, samples=samples)
    ring.get_audio_frame = listener
    ring.processor, ring.model = Processor(), Model(ring, listener)
    ring.audio_dim = stream.width
    ring.feat_queue = ring.feat_queue.new_zeros(len(ring.feat_queue), stream.width)
    ring.att_feats = [ring.feat_queue.new_zeros(stream.width, WINDOW) for _ in ring.att_feats]
    ring.get_next_feat = _keeping(ring, ring.get_next_feat)


def _keeping(ring: Any, cut: Callable[[], Any]) -> Callable[[], Any]:
    """Let the ring keep copies of the windows that it will use again.

    It keeps slices of itself, in which the rows of older windows are overwritten if m is less than 12.
    """

    def cut_and_copy() -> Any:
        windows = cut()
        ring.att_feats = [window.clone() for window in ring.att_feats]
        return windows

    return cut_and_copy


def find_fault(middle: int, lead: int, windows: int) -> str:
    """Why windows would be cut from rows that are not there yet or not there any more; empty if they are not.

    Frame f is drawn after the warm-up and 2 (f + 1) more chunks; with attention it takes the windows up to the one of
    frame f + 3, and before the first frame those of frames 0 to 3 at once.

    Args:
        middle: Chunks whose rows are written at once (m).
        lead: Chunks of the warm-up, less those on the right (r).
        windows: A frame takes, 8 or 1.
    """
    ahead = 6 if windows > 1 else 0
    for frame in range(middle):  # after m frames all repeats, 2 m rows later
        written = (lead + 2 * frame + 2) // middle * middle
        oldest, newest = 2 * frame - 8 + (ahead if frame else 0), 2 * frame + 7 + ahead
        if written <= newest:
            return f"the ring is behind by {newest + 1 - written} rows at frame {frame}"
        if written > oldest + 4 * middle:
            return f"the ring of {4 * middle} rows overwrites rows that frame {frame} needs"
    return ""


def _lengthen(ring: Any, middle: int, right: int) -> int:
    """Put silence behind a sound file, whose last rows would never reach the ring; returns its own length (samples).

    The windows of the last frame reach 14 chunks beyond the end, and the new end has to fall on a call of the model.
    """
    samples = len(ring.file_stream)
    needed = -(-samples // CHUNK) + WINDOW // 2 + 6
    chunks = right + middle * -(-needed // middle)
    silence = np.zeros(CHUNK * chunks - samples, dtype=np.float32)
    ring.file_stream = np.concatenate([ring.file_stream, silence])
    return samples


class Inputs:
    """What a processor of the package transformers gives."""

    def __init__(self, samples: NDArray[np.float32]) -> None:
        import torch

        self.input_values = torch.from_numpy(samples)[None]


class Outputs:
    """What a model of the package transformers gives; features under both of the names that are asked for."""

    def __init__(self, features: Any) -> None:
        self.logits = self.last_hidden_state = features


class Processor:
    """Stands for the processor of a speech model."""

    def __call__(self, samples: NDArray[np.float32], **_: Any) -> Inputs:
        """Leave the samples as they are."""
        return Inputs(samples)

    def batch_decode(self, labels: Any) -> list[str]:
        """No text."""
        return ["" for _ in labels]


class Model:
    """Stands for the speech model.

    Args:
        ring: The renderer's object.
        listener: Heard the sound.
    """

    def __init__(self, ring: Any, listener: Listener) -> None:
        self._ring = ring
        self._listener = listener

    def __call__(self, samples: Any) -> Outputs:
        """Features of shape ``(1, chunks - 1, width)`` for samples of shape ``(1, n)``."""
        rows = self._listener.rows_of(samples.shape[-1], self._ring.stride_right_size)[:-1]
        if getattr(self._ring, "terminated", False):
            rows = rows[: self._ring.stride_left_size]  # nothing but silence is left, for which the ring has no room
        return Outputs(samples.new_tensor(rows)[None])
