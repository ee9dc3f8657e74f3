"""The contrastive loss of PASE (paper section 2.6) with its choices of negatives."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from pase.models.model import Encoded, PaseModel
from pase.phonemes.inventory import PHONE_INDEX, SILENCE, UNKNOWN, VISEME_OF_PHONE

_IGNORED = -100


@dataclass(frozen=True)
class ContrastiveConfig:
    """InfoNCE with the audio as anchor.

    Attributes:
        temperature: tau of the paper, which does not state it.
        shifts: Each anchor also meets its own query over the video this many frames away, either side: negatives from
            shifted windows of the same clip.
        mask_homophenes: Frames of other clips whose phone belongs to the anchor's viseme class are no negatives; else
            the loss would drive /p/ and /b/ apart, which look the same. Silence is no negative of silence within a
            clip either: a mouth at rest does not tell the time.
        symmetric: Also take the fused features as anchors.
    """

    temperature: float = 0.07
    shifts: Sequence[int] = (1, 2, 3, 5, 8)
    mask_homophenes: bool = True
    symmetric: bool = False


def contrastive_loss(
    model: PaseModel, encoded: Encoded, phones: Tensor, valid: Tensor, config: ContrastiveConfig
) -> Tensor:
    """L_con: each audio step must find the fused feature of its own time among those of all other times and clips.

    Args:
        model: For the fused features of shifted video.
        encoded: Output of the model for a batch of windows, ``(B, T, D)``.
        phones: Class numbers, shape ``(B, T)``, `UNKNOWN` where not known.
        valid: True where a clip really has a frame, shape ``(B, T)``; the others are neither anchors nor negatives.
        config: Temperature and negatives.

    Returns:
        Scalar.
    """
    audio = F.normalize(encoded.audio, dim=-1).flatten(0, 1)
    fused = F.normalize(encoded.fused, dim=-1).flatten(0, 1)
    logits = audio @ fused.T / config.temperature
    if config.mask_homophenes:
        logits = logits.masked_fill(homophene_pairs(phones), -torch.inf)
    logits = logits.masked_fill(~valid.flatten(), -torch.inf)
    target = torch.arange(len(audio), device=audio.device).masked_fill(~valid.flatten(), _IGNORED)
    shifted = [
        model.shifted_similarity(encoded.audio, encoded.query, encoded.video, sign * shift).flatten()
        for shift in config.shifts
        for sign in (-1, 1)
    ]
    extra = [(values / config.temperature).nan_to_num(-torch.inf)[:, None] for values in shifted]
    loss = F.cross_entropy(torch.cat([logits, *extra], dim=1), target, ignore_index=_IGNORED)
    if config.symmetric:
        back = logits.T.masked_fill(~valid.flatten(), -torch.inf)
        loss = (loss + F.cross_entropy(back, target, ignore_index=_IGNORED)) / 2
    return loss


def homophene_pairs(phones: Tensor) -> Tensor:
    """Pairs of steps from different clips that belong to one viseme class, and pairs of silent steps of one clip.

    Args:
        phones: Class numbers, shape ``(B, T)``.

    Returns:
        Boolean, shape ``(B T, B T)``; unknown phones pair with nothing, and no step pairs with itself.
    """
    table = torch.tensor([*VISEME_OF_PHONE, UNKNOWN], device=phones.device)
    visemes = table[phones].flatten()  # UNKNOWN = -1 picks the last entry
    clips = torch.arange(len(phones), device=phones.device).repeat_interleave(phones.shape[1])
    same_viseme = (visemes[:, None] == visemes[None]) & (visemes[:, None] != UNKNOWN)
    silent = phones.flatten() == PHONE_INDEX[SILENCE]
    itself = torch.eye(len(clips), dtype=torch.bool, device=phones.device)
    return same_viseme & ((clips[:, None] != clips[None]) | silent) & ~itself
