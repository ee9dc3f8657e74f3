"""LSE-C and LSE-D by SyncNet (Chung and Zisserman 2016), as the field reports them, for those who have its weights.

Layers, inputs and windows are those of the published network and its evaluation (github.com/joonson/syncnet_python):
five BGR pictures of 224 pixels, levels 0 to 255, and 20 frames of 13 MFCC; windows begin at every frame but the last
five. That evaluation crops faces by its own `run_pipeline.py` first, and that is where videos have to come from.
"""

import hashlib
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pase.audio.waveform import SAMPLE_RATE, Waveform, load_audio
from pase.corpus.clip import FRAME_RATE, SAMPLES_PER_FRAME
from pase.errors import InputError
from pase.evaluation.judge.scores import SyncScores, sync_scores
from pase.extras import require
from pase.torch_file import check_finite
from pase.video.reading import iter_frames

SIDE = 224
"""Side in pixels of the face crops."""

_WINDOW, _SPECTRA = 5, 20
_TOGETHER = 20


class SyncNet(nn.Module):
    """The published network; its weights name its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *_flat(1, 64, 3, 1),
            nn.MaxPool2d(1, 1),
            *_flat(64, 192, 3, 1),
            nn.MaxPool2d(3, (1, 2)),
            *_flat(192, 384, 3, 1),
            *_flat(384, 256, 3, 1),
            *_flat(256, 256, 3, 1),
            nn.MaxPool2d(3, 2),
            *_flat(256, 512, (5, 4), 0),
        )
        self.netfcaud = _head()
        self.netfclip = _head()
        self.netcnnlip = nn.Sequential(
            *_deep(3, 96, (5, 7, 7), (1, 2, 2), 0),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_deep(96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_deep(256, 256, (1, 3, 3), 1, (0, 1, 1)),
            *_deep(256, 256, (1, 3, 3), 1, (0, 1, 1)),
            *_deep(256, 256, (1, 3, 3), 1, (0, 1, 1)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_deep(256, 512, (1, 6, 6), 1, 0),
        )

    def see(self, faces: Tensor) -> Tensor:
        """Embeddings ``(N, 1024)`` of five BGR pictures, levels 0 to 255, ``(N, 3, 5, 224, 224)``."""
        seen: Tensor = self.netfclip(self.netcnnlip(faces).flatten(1))
        return seen

    def hear(self, coefficients: Tensor) -> Tensor:
        """Embeddings ``(N, 1024)`` of MFCC, ``(N, 1, 13, 20)``."""
        heard: Tensor = self.netfcaud(self.netcnnaud(coefficients).flatten(1))
        return heard


def _flat(inputs: int, outputs: int, kernel: int | tuple[int, int], padding: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, padding=padding), nn.BatchNorm2d(outputs), nn.ReLU()]


def _deep(
    inputs: int,
    outputs: int,
    kernel: tuple[int, int, int],
    stride: int | tuple[int, int, int],
    padding: int | tuple[int, int, int],
) -> list[nn.Module]:
    return [nn.Conv3d(inputs, outputs, kernel, stride, padding), nn.BatchNorm3d(outputs), nn.ReLU()]


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))


def load_syncnet(path: Path) -> tuple[SyncNet, str]:
    """The network with the weights of `syncnet_v2.model`, and the file's name and hash.

    Raises:
        InputError: Missing, or not that file.
    """
    if not path.is_file():
        raise InputError(f"there is no {path}: SyncNet's authors publish syncnet_v2.model with syncnet_python")
    model = SyncNet()
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)  # of PyTorch 0.4: no archive yet
        check_finite(weights, path)
        model.load_state_dict(weights)
    except (RuntimeError, UnpicklingError, EOFError, AttributeError, TypeError, ValueError, KeyError) as error:
        raise InputError(f"{path} is not syncnet_v2.model, or is damaged: {str(error).splitlines()[0]}") from error
    return model.eval(), f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def mfcc(sound: Waveform) -> NDArray[np.float32]:
    """The 13 coefficients every 10 ms, shape ``(13, N)``, by the package that SyncNet's evaluation uses.

    Raises:
        MissingExtraError: It is not installed.
    """
    features = require("python_speech_features")
    levels = (np.clip(sound, -1, 1) * 32767).round().astype(np.int16)
    return np.asarray(features.mfcc(levels, SAMPLE_RATE).T, dtype=np.float32)


@torch.inference_mode()
def judge_face_crops(model: SyncNet, video: Path) -> SyncScores:
    """Scores of a video of face crops with its sound.

    Args:
        model: In evaluation mode.
        video: 224 x 224 pixels, as `run_pipeline.py` of SyncNet's authors leaves it.

    Raises:
        InputError: Pictures of another size, or too short.
        UnusableClipError: It cannot be read.
        MissingExtraError: The extra `syncnet` is not installed.
    """
    sound = load_audio(video)
    pictures = []
    for picture in iter_frames(video, FRAME_RATE):
        if picture.shape != (SIDE, SIDE, 3):
            raise InputError(
                f"{video} has pictures of {picture.shape[1]} x {picture.shape[0]}; SyncNet judges face crops of "
                f"{SIDE} x {SIDE}: make them by run_pipeline.py of syncnet_python (its folder pycrop)"
            )
        pictures.append(picture[..., ::-1])
    count = min(len(pictures), len(sound) // SAMPLES_PER_FRAME) - _WINDOW
    if count < 1:
        raise InputError(
            f"{video} is too short to judge: {len(pictures)} pictures and {len(sound) / SAMPLE_RATE:.2f} s"
        )
    faces = torch.from_numpy(np.stack(pictures)).permute(3, 0, 1, 2)
    coefficients = torch.from_numpy(mfcc(sound))
    seen, heard = [], []
    for start in range(0, count, _TOGETHER):
        frames = range(start, min(start + _TOGETHER, count))
        seen.append(model.see(torch.stack([faces[:, frame : frame + _WINDOW].float() for frame in frames])))
        heard.append(
            model.hear(torch.stack([coefficients[None, :, 4 * frame : 4 * frame + _SPECTRA] for frame in frames]))
        )
    return sync_scores(torch.cat(seen).numpy(), torch.cat(heard).numpy(), zeros_beyond=True)
