"""The contrastive loss of PASE (paper section 2.6) with its choices of negatives and of homophenes."""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from pase.errors import InputError
from pase.models.alignment import PhonemeAlignment
from pase.models.heads import LipShapeHead, PhoneHeads
from pase.models.model import Encoded
from pase.models.video_queue import QueuedVideo
from pase.phonemes.inventory import PHONE_INDEX, SILENCE, UNKNOWN, VISEME_OF_PHONE

Negatives = Literal["batch", "shifted", "queue"]


@dataclass(frozen=True)
class ContrastiveConfig:
    """InfoNCE with the audio as anchor.

    Attributes:
        temperature: tau of the paper, which does not state it.
        negatives: Where they come from: ``"batch"``, video steps of other clips of the batch; ``"shifted"``, other
            times of the same clip; ``"queue"``, video steps of the last batches, as they were encoded then.
        queue: Windows that the queue holds.
        homophenes: What steps of other clips are that belong to the anchor's viseme class: ``"negatives"``, as the
            paper draws them, although /p/ and /b/ look the same; ``"masked"``, left out; ``"soft"``, right answers
            too, with a share of the target. But for ``"negatives"``, silence is no negative of silence within a clip
            either: a mouth at rest does not tell the time.
        softness: Share of the target that homophenes get together, where they are soft.
        symmetric: Also take the video steps as anchors.
    """

    temperature: float = 0.07
    negatives: tuple[Negatives, ...] = ("batch", "shifted")
    queue: int = 128
    homophenes: Literal["negatives", "masked", "soft"] = "masked"
    softness: float = 0.2
    symmetric: bool = True

    def __post_init__(self) -> None:
        if not self.negatives or len(set(self.negatives)) != len(self.negatives):
            raise InputError(f"contrastive.negatives are {list(self.negatives)}: name at least one kind, each once")
        if not 0 < self.temperature <= 10 or not 0 <= self.softness < 1 or self.queue < 1:
            raise InputError(
                f"contrastive: temperature {self.temperature} (expected 0 ... 10), softness {self.softness} "
                f"(0 ... 1), queue {self.queue} (at least 1)"
            )


def contrastive_loss(
    alignment: PhonemeAlignment,
    encoded: Encoded,
    phones: Tensor,
    valid: Tensor,
    config: ContrastiveConfig,
    queued: QueuedVideo | None = None,
) -> Tensor:
    """L_con: each audio step must find the video of its own time among that of all other times and clips.

    Args:
        alignment: Fuses an audio step's query with the video of each candidate.
        encoded: Output of the model for a batch of windows, ``(B, T, D)``.
        phones: Class numbers, shape ``(B, T)``, `UNKNOWN` where not known.
        valid: True where a clip really has a frame, shape ``(B, T)``; the others are neither anchors nor negatives, as
            are clips without sound or without a face.
        config: Temperature and negatives.
        queued: Video of earlier batches, if negatives come from there.

    Returns:
        Scalar; 0 where no clip has both sound and a face.
    """
    both = encoded.heard & encoded.seen
    if not both.any():
        return encoded.audio.sum() * 0.0
    audio, video, query = encoded.audio[both], encoded.video[both], encoded.query[both]
    phones, valid = phones[both], valid[both]
    steps = audio.flatten(0, 1), query.flatten(0, 1)
    logits = alignment.compare(*steps, alignment.windows(video)) / config.temperature
    candidates = _Candidates.of_batch(phones, valid, config)
    backward = _info_nce(logits.T, candidates.turned(), config.softness) if config.symmetric else None
    if queued is not None:
        older = alignment.compare(*steps, alignment.windows(queued.video)) / config.temperature
        logits = torch.cat([logits, older], dim=1)
        candidates = candidates.and_queued(phones, queued, config)
    forward = _info_nce(logits, candidates, config.softness)
    return forward if backward is None else (forward + backward) / 2


@dataclass(frozen=True)
class _Candidates:
    """What each of N anchors is compared with: first the N steps of the batch, its own among them, then others.

    Attributes:
        anchors: True for steps that are anchors, shape ``(N,)``.
        compared: True where a candidate takes part, shape ``(N, M)``; each anchor's own always does.
        right: True for homophenes that count as right answers too, shape ``(N, M)``; None where none do.
    """

    anchors: Tensor
    compared: Tensor
    right: Tensor | None

    @classmethod
    def of_batch(cls, phones: Tensor, valid: Tensor, config: ContrastiveConfig) -> "_Candidates":
        clips = torch.arange(len(phones), device=phones.device).repeat_interleave(phones.shape[1])
        same_clip = clips[:, None] == clips[None]
        present = valid.flatten()
        compared = torch.zeros_like(same_clip)
        if "batch" in config.negatives:
            compared |= ~same_clip
        if "shifted" in config.negatives:
            compared |= same_clip
        compared &= present & present[:, None]
        alike = homophene_pairs(phones)
        compared, right = _treat_homophenes(compared, alike, config)
        # A row keeps something finite, also where it is ignored.
        return cls(present, compared.fill_diagonal_(True), right)

    def and_queued(self, phones: Tensor, queued: QueuedVideo, config: ContrastiveConfig) -> "_Candidates":
        """Add the steps of earlier batches."""
        present = queued.valid.flatten().expand(len(self.anchors), -1)
        alike = _same_viseme(phones.flatten(), queued.phones.flatten())
        compared, right = _treat_homophenes(present, alike, config)
        if self.right is not None and right is not None:
            right = torch.cat([self.right, right], dim=1)
        return _Candidates(self.anchors, torch.cat([self.compared, compared], dim=1), right)

    def turned(self) -> "_Candidates":
        """With the video steps of the batch as anchors."""
        return _Candidates(self.anchors, self.compared.T, None if self.right is None else self.right.T)


def _treat_homophenes(compared: Tensor, alike: Tensor, config: ContrastiveConfig) -> tuple[Tensor, Tensor | None]:
    """Which candidates take part, and which of them are right answers too."""
    if config.homophenes == "masked":
        return compared & ~alike, None
    return compared, alike & compared if config.homophenes == "soft" else None


def _info_nce(logits: Tensor, candidates: _Candidates, softness: float) -> Tensor:
    """Mean over anchors of the cross-entropy between the softmax over candidates and the target."""
    scores = logits.masked_fill(~candidates.compared, -torch.inf).log_softmax(1)
    own = scores.diagonal()
    loss = -own
    if candidates.right is not None:
        count = candidates.right.sum(1)
        others = scores.masked_fill(~candidates.right, 0).sum(1) / count.clamp_min(1)
        loss = torch.where(count > 0, -(1 - softness) * own - softness * others, loss)
    return loss[candidates.anchors].mean()


def homophene_pairs(phones: Tensor) -> Tensor:
    """Pairs of steps from different clips that belong to one viseme class, and pairs of silent steps of one clip.

    Args:
        phones: Class numbers, shape ``(B, T)``.

    Returns:
        Boolean, shape ``(B T, B T)``; unknown phones pair with nothing, and no step pairs with itself.
    """
    clips = torch.arange(len(phones), device=phones.device).repeat_interleave(phones.shape[1])
    silent = phones.flatten() == PHONE_INDEX[SILENCE]
    itself = torch.eye(len(clips), dtype=torch.bool, device=phones.device)
    return _same_viseme(phones.flatten(), phones.flatten()) & ((clips[:, None] != clips[None]) | silent) & ~itself


def _same_viseme(phones: Tensor, others: Tensor) -> Tensor:
    """Boolean, shape ``(N, M)``; unknown phones are like nothing."""
    table = torch.tensor([*VISEME_OF_PHONE, UNKNOWN], device=phones.device)  # UNKNOWN = -1 picks the last entry
    left, right = table[phones], table[others]
    return (left[:, None] == right[None]) & (left[:, None] != UNKNOWN)


def phone_loss(heads: PhoneHeads, audio: Tensor, phones: Tensor, valid: Tensor) -> Tensor:
    """Cross-entropy of the viseme head, which teaches the encoder, and of the phone head, which only reads it.

    Args:
        heads: The model's.
        audio: A, shape ``(B, T, D)``.
        phones: Class numbers, shape ``(B, T)``, `UNKNOWN` where not known.
        valid: True where a clip really has a frame, shape ``(B, T)``.

    Returns:
        Scalar; 0 where no phone is known.
    """
    known = valid & (phones != UNKNOWN)
    if not known.any():
        return audio.sum() * 0.0
    visemes = torch.tensor(VISEME_OF_PHONE, device=phones.device)[phones[known]]
    return F.cross_entropy(heads.viseme_logits(audio[known]), visemes) + F.cross_entropy(
        heads.phone_logits(audio[known].detach()), phones[known]
    )


def lip_shape_loss(head: LipShapeHead, audio: Tensor, shapes: Tensor, valid: Tensor) -> Tensor:
    """Share of the lip points' variance that the head does not predict from the sound.

    Args:
        head: The model's.
        audio: A, shape ``(B, T, D)``.
        shapes: Displacement of the lip points in mouth widths, shape ``(B, T, 80)``.
        valid: True where sound and face are known, shape ``(B, T)``.

    Returns:
        Scalar; 0 where nothing is valid, 1 for a head that predicts no motion.
    """
    if not valid.any():
        return audio.sum() * 0.0
    wanted = shapes[valid]
    error: Tensor = (head(audio[valid]) - wanted).square().mean()
    return error / wanted.square().mean().clamp_min(1e-8)
