"""A judge's scores of a video or a clip."""

import numpy as np
import torch
from numpy.typing import NDArray

from pase.audio.waveform import Waveform
from pase.errors import InputError
from pase.evaluation.judge.hearing import PER_FRAME, mel_bands
from pase.evaluation.judge.network import WINDOW, Judge, whole, windows
from pase.evaluation.judge.scores import LEAST_WINDOWS, SyncScores, sync_scores
from pase.evaluation.judge.training import grey_mouths


@torch.inference_mode()
def judge_mouths(judge: Judge, lips: NDArray[np.uint8], sound: Waveform) -> SyncScores:
    """Scores of lip crops and their sound.

    Args:
        judge: In evaluation mode.
        lips: RGB, shape ``(T, H, W, 3)``, at 25 frames a second, cut as `pase.video.lip_crop` does.
        sound: 16 kHz, shape ``(N,)``, of the same beginning.

    Raises:
        InputError: Too few frames to compare shifts.
    """
    least = LEAST_WINDOWS + WINDOW - 1
    if len(lips) < least:
        raise InputError(f"{len(lips)} frames are too few to judge sync: at least {least} are needed")
    mouths = grey_mouths(lips).float() / 255
    bands = torch.from_numpy(mel_bands(sound, len(lips)))
    frames = whole(mouths)
    seen = torch.cat([judge.see(windows(mouths, part)) for part in torch.split(frames, 128)])
    heard = torch.cat([judge.hear(windows(bands, part, PER_FRAME)) for part in torch.split(frames, 128)])
    return sync_scores(seen.numpy(), heard.numpy(), zeros_beyond=False)
