"""What the measurements need of each clip: features, plain acoustic rows, lip aperture, phones, similarity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pase.corpus.clip import SAMPLES_PER_FRAME, Clip, ClipRecord
from pase.corpus.store import Corpus
from pase.evaluation.acoustic import MelRows, StftRows
from pase.evaluation.sync import SHIFTS
from pase.models.audio_encoder import AudioEncoder, at_frames
from pase.models.model import PaseModel
from pase.models.visual_encoder import MARGIN, resize_lips, with_margin
from pase.video.landmarks import lip_gap

BATCH = 8
"""Clips whose sound is encoded together."""

_PICTURES = 64
"""Video frames encoded together, so that memory does not grow with a clip's length."""

INPUTS = ("features", "untrained", "log-STFT", "log-mel")
"""The representations that are compared; see `ClipFeatures.rows`."""


@dataclass(frozen=True)
class ClipFeatures:
    """One clip at 25 frames per second, its pictures left out.

    Attributes:
        record: The clip's row of the manifest.
        features: What renderers get, float32, shape ``(T, D)``.
        untrained: The same of the same network with random weights, shape ``(T, D)``: a recurrent network keeps some
            of the past whatever its weights are, and training has to add to that.
        spectra: Log-STFT, float32, shape ``(T, 257)``.
        mel: Log-mel, float32, shape ``(T, 80)``.
        aperture: Gap of the inner lips in eye distances, float32, shape ``(T,)``.
        labels: Class number of the phone at each frame's middle, shape ``(T,)``; `UNKNOWN` where none is known.
        similarity: Of the audio with the shifted video, shape ``(T, len(SHIFTS))``; None where the video was not
            encoded.
    """

    record: ClipRecord
    features: NDArray[np.float32]
    untrained: NDArray[np.float32]
    spectra: NDArray[np.float32]
    mel: NDArray[np.float32]
    aperture: NDArray[np.float32]
    labels: NDArray[np.int64]
    similarity: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        lengths = {item.name: len(getattr(self, item.name)) for item in fields(self)[1:7]}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"clip {self.record.clip_id}: lengths differ: {lengths}")

    def __len__(self) -> int:
        return len(self.aperture)

    def rows(self, name: str) -> NDArray[np.float32]:
        """The representation of that name out of `INPUTS`, shape ``(T, F)``."""
        own = {"features": self.features, "untrained": self.untrained, "log-STFT": self.spectra, "log-mel": self.mel}
        return own[name]


def measure_clips(
    model: PaseModel,
    corpus: Corpus,
    records: Sequence[ClipRecord],
    video: bool,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[ClipFeatures]:
    """Encode clips without telling the model their phones; only a few clips' pictures are in memory at a time.

    Args:
        model: In evaluation mode.
        corpus: Where the clips lie.
        records: Which clips.
        video: Also encode the lips and compare them with the sound.
        seed: Of the untrained network.
        device: Where torch computes.
    """
    model = model.to(device).eval()
    heard = _Hearing(model, seed).to(device).eval()
    for first in range(0, len(records), BATCH):
        clips = [corpus.read(record) for record in records[first : first + BATCH]]
        with torch.inference_mode():
            states, *rows = heard(_waveforms(clips).to(device))
            for place, clip in enumerate(clips):
                frames = clip.record.frames
                similarity = None
                if video:
                    seen = encode_lips(model, torch.from_numpy(clip.lips).to(device))
                    similarity = model.sync_similarity(states[place, :frames], seen, SHIFTS).float().cpu().numpy()
                features, untrained, spectra, mel = (row[place, :frames].float().cpu().numpy() for row in rows)
                yield ClipFeatures(
                    clip.record,
                    features,
                    untrained,
                    spectra,
                    mel,
                    lip_gap(clip.lip_points),
                    clip.record.frame_labels(),
                    similarity,
                )


def encode_lips(model: PaseModel, lips: Tensor) -> Tensor:
    """V of a whole clip.

    Args:
        model: In evaluation mode.
        lips: uint8 RGB, shape ``(T, H, W, 3)``.

    Returns:
        Shape ``(T, D)``.
    """
    padded = with_margin(lips[None])
    parts = []
    for first in range(0, len(lips), _PICTURES):
        window = padded[:, first : first + _PICTURES + 2 * MARGIN]
        parts.append(model.video(resize_lips(window, model.config.visual.crop_size))[0])
    return torch.cat(parts)


def with_context(rows: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Each row together with its neighbours: of 8, four before and three after; the ends are repeated.

    Args:
        rows: Shape ``(T, F)``.
        frames: Rows to put together.

    Returns:
        Shape ``(T, frames * F)``.
    """
    return rows[neighbours(len(rows), frames)].reshape(len(rows), -1)


def neighbours(length: int, frames: int) -> NDArray[np.int64]:
    """Indices of each row's neighbours within a clip, shape ``(length, frames)``."""
    offsets = np.arange(frames) - frames // 2
    return np.asarray(np.clip(np.arange(length)[:, None] + offsets, 0, length - 1))


class _Hearing(torch.nn.Module):
    """A, features and plain acoustic rows of some clips, at 25 frames per second.

    Features are scaled at 125 Hz and then sampled, as `pase.inference` does it, A is sampled as in training.
    """

    def __init__(self, model: PaseModel, seed: int) -> None:
        super().__init__()
        self.audio = model.audio
        self.features = model.features
        self.untrained = _untrained(model, seed)
        self.spectra = StftRows()
        self.mel = MelRows()

    def forward(self, waveform: Tensor) -> tuple[Tensor, ...]:
        frames = waveform.shape[1] // SAMPLES_PER_FRAME
        states = self.audio(waveform).states
        features = at_frames(self.features(states), 0, frames)
        untrained = at_frames(self.untrained(waveform).states, 0, frames)
        return at_frames(states, 0, frames), features, untrained, self.spectra(waveform), self.mel(waveform)


def _untrained(model: PaseModel, seed: int) -> AudioEncoder:
    """An audio encoder of the same size with random weights, hearing equally normalised spectra."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = AudioEncoder(model.config.dim, model.config.audio)
    encoder.normalise.load_state_dict(model.audio.normalise.state_dict())
    return encoder


def _waveforms(clips: Sequence[Clip]) -> Tensor:
    """Sound as long as the picture of the longest clip; the rest is silence, as the encoder assumes beyond the end."""
    longest = max(clip.record.frames for clip in clips) * SAMPLES_PER_FRAME
    waveforms = torch.zeros(len(clips), longest)
    for row, clip in zip(waveforms, clips, strict=True):
        own = clip.waveform[: clip.record.frames * SAMPLES_PER_FRAME]
        row[: len(own)] = torch.from_numpy(own)
    return waveforms
