"""The batches of LiveTalking, from whose rows it cuts a window for each video frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .listening import Listener, RendererError
from .protocol import CHUNK
from .worker_pipe import Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray


def attach(asr: Any, stream: Stream) -> None:
    """Let an object that collects batches hear through PASE.

    Its first l chunks are never played: the recording begins behind them.

    Raises:
        RendererError: Its windows would be wrong.
    """
    if asr.chunk != CHUNK:
        raise RendererError(f"a chunk has {asr.chunk} samples, expected {CHUNK}: leave --fps at 25")
    before, after = asr.audio_feat_length  # video frames
    beyond = 2 * after - 2  # chunks that the window of a batch's last frame reaches behind that frame
    _raise(asr, "stride_left_size", "-l", 2 * before)
    _raise(asr, "stride_right_size", "-r", beyond + stream.look_ahead)
    listener = Listener(asr.get_audio_frame, stream, skipped=asr.stride_left_size)
    asr.get_audio_frame = listener
    asr.audio_processor = AudioProcessor(listener, asr.stride_right_size - beyond)


def _raise(asr: Any, name: str, option: str, least: int) -> None:
    found = getattr(asr, name)
    if found < least:
        print(f"PASE: going on with {option} {least} in place of {option} {found}, since windows need it")
        setattr(asr, name, least)


class AudioProcessor:
    """Stands for what computes features of a stretch of sound.

    Args:
        listener: Heard the sound.
        right: Chunks at the end of a stretch whose rows are not used.
    """

    def __init__(self, listener: Listener, right: int) -> None:
        self._listener = listener
        self._right = right

    def get_hubert_from_16k_speech(self, speech: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows of the newest sound, a row less than chunks: shape ``((n - 80) // 320, width)`` for ``(n,)`` samples."""
        return self._listener.rows_of(len(speech), self._right)[:-1]
