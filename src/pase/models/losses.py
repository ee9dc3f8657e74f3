"""The contrastive loss of PASE (paper section 2.6) with its choices of negatives."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from pase.models.alignment import PhonemeAlignment
from pase.models.model import Encoded
from pase.phonemes.inventory import PHONE_INDEX, SILENCE, UNKNOWN, VISEME_OF_PHONE

_IGNORED = -100


@dataclass(frozen=True)
class ContrastiveConfig:
    """InfoNCE with the audio as anchor.

    Negatives are all other video steps of the batch: those of other clips, and shifted windows of the same clip.

    Attributes:
        temperature: tau of the paper, which does not state it.
        mask_homophenes: Frames of other clips whose phone belongs to the anchor's viseme class are no negatives; else
            the loss would drive /p/ and /b/ apart, which look the same. Silence is no negative of silence within a
            clip either: a mouth at rest does not tell the time.
        symmetric: Also take the video steps as anchors.
    """

    temperature: float = 0.07
    mask_homophenes: bool = True
    symmetric: bool = False


def contrastive_loss(
    alignment: PhonemeAlignment, encoded: Encoded, phones: Tensor, valid: Tensor, config: ContrastiveConfig
) -> Tensor:
    """L_con: each audio step must find the video of its own time among that of all other times and clips.

    Args:
        alignment: Fuses an audio step's query with the video of each candidate.
        encoded: Output of the model for a batch of windows, ``(B, T, D)``.
        phones: Class numbers, shape ``(B, T)``, `UNKNOWN` where not known.
        valid: True where a clip really has a frame, shape ``(B, T)``; the others are neither anchors nor negatives.
        config: Temperature and negatives.

    Returns:
        Scalar.
    """
    windows = alignment.windows(encoded.video)
    similarity = alignment.compare(encoded.audio.flatten(0, 1), encoded.query.flatten(0, 1), windows)
    logits = similarity / config.temperature
    absent = ~valid.flatten()
    excluded = absent[:, None] | absent[None]
    if config.mask_homophenes:
        excluded = excluded | homophene_pairs(phones)
    excluded.fill_diagonal_(False)  # a row keeps something finite, also where it is ignored
    logits = logits.masked_fill(excluded, -torch.inf)
    target = torch.arange(len(logits), device=logits.device).masked_fill(absent, _IGNORED)
    loss = F.cross_entropy(logits, target, ignore_index=_IGNORED)
    if config.symmetric:
        loss = (loss + F.cross_entropy(logits.T, target, ignore_index=_IGNORED)) / 2
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
