"""Pictures of a rendered video against the real ones: PSNR, SSIM and, where its weights can be had, LPIPS."""

import math
from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from pathlib import Path
from urllib.error import URLError

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from pase.corpus.clip import CROP_SIZE, FRAME_RATE
from pase.errors import MissingExtraError
from pase.evaluation.rendered.score import Score
from pase.video.lip_crop import FaceTrack
from pase.video.reading import Picture, iter_frames

PictureDistance = Callable[[Tensor, Tensor], Tensor]
"""Of two batches ``(1, 3, H, W)`` in [0, 1]."""

_EQUAL_DB = 20 * math.log10(2 * 255)
"""Equal pictures have no finite ratio: half a level in one of 256 is as near as 8 bits tell."""


def open_lpips() -> PictureDistance:
    """LPIPS (Zhang and others 2018) with AlexNet, which torchvision downloads once.

    Raises:
        MissingExtraError: It cannot be downloaded.
    """
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    try:
        return LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True)
    except (URLError, OSError) as error:
        raise MissingExtraError(
            f"LPIPS needs AlexNet's weights, which torchvision could not download ({error}): connect once, or put "
            f"alexnet-owt-7be5be79.pth into {Path(torch.hub.get_dir()) / 'checkpoints'}"
        ) from error


def picture_scores(
    rendered: Path, reference: Path, frames: int, track: FaceTrack | None, lpips: PictureDistance | None = None
) -> list[Score]:
    """Means over frames, each by itself.

    Args:
        rendered: A video.
        reference: Another of the same size.
        frames: How many to compare, from the first on; no more than the shorter one has.
        track: Where the reference's mouth is, for the same measures of it alone; None leaves these out.
        lpips: What `open_lpips` gives; None leaves it out.

    Raises:
        UnusableClipError: A video cannot be read.
    """
    found: dict[str, list[float]] = {}
    for number, (one, other) in enumerate(_pairs(rendered, reference, frames)):
        parts = {"": (one, other)}
        if track is not None:
            parts[", mouth"] = track.crop(one, number, CROP_SIZE), track.crop(other, number, CROP_SIZE)
        for where, pair in parts.items():
            own, wanted = (_tensor(picture) for picture in pair)
            noise = float(peak_signal_noise_ratio(own, wanted, data_range=1.0))
            found.setdefault(f"PSNR{where}", []).append(min(noise, _EQUAL_DB))
            similar = structural_similarity_index_measure(own, wanted, data_range=1.0)
            found.setdefault(f"SSIM{where}", []).append(float(torch.as_tensor(similar)))
            if lpips is not None:
                with torch.inference_mode():
                    found.setdefault(f"LPIPS{where}", []).append(float(lpips(own, wanted)))
    return [
        Score(name, float(np.mean(values)), "dB" if name.startswith("PSNR") else "", len(values))
        for name, values in found.items()
    ]


def _pairs(rendered: Path, reference: Path, frames: int) -> Iterator[tuple[Picture, Picture]]:
    return islice(zip_longest(iter_frames(rendered, FRAME_RATE), iter_frames(reference, FRAME_RATE)), frames)


def _tensor(picture: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255
