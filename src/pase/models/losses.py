"""The losses of PASE, above all the contrastive one (paper section 2.6) with its negatives and homophenes.

Where several ranks train together, each loss is this rank's part of it, see `pase.models.ranks`; negatives come from
the batches of all ranks.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from pase.errors import InputError
from pase.models.alignment import PhonemeAlignment
from pase.models.heads import LipShapeHead, PhoneHeads
from pase.models.model import Encoded
from pase.models.ranks import all_rows, rank, ranks, share_of_mean
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
    homophenes: Literal["negatives", "masked", "soft"] = "negatives"
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
    audio, query = encoded.audio[both].flatten(0, 1), encoded.query[both].flatten(0, 1)
    everywhere = all_rows(both)
    windows = alignment.windows(all_rows(encoded.video)[everywhere])
    phones, valid = all_rows(phones)[everywhere], all_rows(valid)[everywhere]
    owners = torch.arange(len(everywhere), device=both.device)[everywhere] // len(both)
    own = (owners == rank()).repeat_interleave(valid.shape[1]).nonzero()[:, 0]
    candidates = _Candidates.of_batch(phones, valid, own, config)
    logits = alignment.compare(audio, query, windows) / config.temperature
    backward = None
    if config.symmetric:
        turned = logits.T
        if ranks() > 1:
            every_audio, every_query = (
                all_rows(some)[everywhere].flatten(0, 1) for some in (encoded.audio, encoded.query)
            )
            own_video = alignment.windows(encoded.video[both])
            turned = alignment.compare(every_audio, every_query, own_video).T / config.temperature
        backward = _info_nce(turned, candidates, config.softness)
    if queued is not None:
        older = alignment.compare(audio, query, alignment.windows(queued.video)) / config.temperature
        logits = torch.cat([logits, older], dim=1)
        candidates = candidates.and_queued(phones.flatten()[own], queued, config)
    forward = _info_nce(logits, candidates, config.softness)
    return forward if backward is None else (forward + backward) / 2


@dataclass(frozen=True)
class _Candidates:
    """What each of this rank's N anchors is compared with: the steps of the whole batch, then others.

    Which pairs of the batch are compared does not depend on the side from which one looks, so that all this holds for
    audio steps among video steps and for video steps among audio steps.

    Attributes:
        anchors: True for steps that are anchors, shape ``(N,)``.
        own: Place among the candidates of the step of the anchor's own time, shape ``(N,)``.
        compared: True where a candidate takes part, shape ``(N, M)``; each anchor's own always does.
        right: True for homophenes that count as right answers too, shape ``(N, M)``; None where none do.
    """

    anchors: Tensor
    own: Tensor
    compared: Tensor
    right: Tensor | None

    @classmethod
    def of_batch(cls, phones: Tensor, valid: Tensor, own: Tensor, config: ContrastiveConfig) -> "_Candidates":
        """Of the phones and valid frames of the batches of all ranks, this rank's steps among them."""
        clips = torch.arange(len(phones), device=phones.device).repeat_interleave(phones.shape[1])
        same_clip = clips[own, None] == clips[None]
        present = valid.flatten()
        compared = torch.zeros_like(same_clip)
        if "batch" in config.negatives:
            compared |= ~same_clip
        if "shifted" in config.negatives:
            compared |= same_clip
        compared &= present & present[own, None]
        compared, right = _treat_homophenes(compared, homophene_pairs(phones, own), config)
        # A row keeps something finite, also where it is ignored.
        compared = compared.scatter(1, own[:, None], value=True)
        return cls(present[own], own, compared, right)

    def and_queued(self, phones: Tensor, queued: QueuedVideo, config: ContrastiveConfig) -> "_Candidates":
        """Add the steps of earlier batches; `phones` are those of the anchors."""
        present = queued.valid.flatten().expand(len(self.anchors), -1)
        alike = _same_viseme(phones, queued.phones.flatten())
        compared, right = _treat_homophenes(present, alike, config)
        if self.right is not None and right is not None:
            right = torch.cat([self.right, right], dim=1)
        return _Candidates(self.anchors, self.own, torch.cat([self.compared, compared], dim=1), right)


def _treat_homophenes(compared: Tensor, alike: Tensor, config: ContrastiveConfig) -> tuple[Tensor, Tensor | None]:
    """Which candidates take part, and which of them are right answers too."""
    if config.homophenes == "masked":
        return compared & ~alike, None
    return compared, alike & compared if config.homophenes == "soft" else None


def _info_nce(logits: Tensor, candidates: _Candidates, softness: float) -> Tensor:
    """Mean over anchors of the cross-entropy between the softmax over candidates and the target."""
    scores = logits.masked_fill(~candidates.compared, -torch.inf).log_softmax(1)
    own = scores.gather(1, candidates.own[:, None])[:, 0]
    loss = -own
    if candidates.right is not None:
        count = candidates.right.sum(1)
        others = scores.masked_fill(~candidates.right, 0).sum(1) / count.clamp_min(1)
        loss = torch.where(count > 0, -(1 - softness) * own - softness * others, loss)
    return share_of_mean(loss[candidates.anchors].sum(), candidates.anchors.sum())


def homophene_pairs(phones: Tensor, own: Tensor | None = None) -> Tensor:
    """Pairs of steps from different clips that belong to one viseme class, and pairs of silent steps of one clip.

    Args:
        phones: Class numbers, shape ``(B, T)``.
        own: Numbers of the steps whose pairs are wanted, shape ``(N,)``; None: all ``B T``.

    Returns:
        Boolean, shape ``(N, B T)``; unknown phones pair with nothing, and no step pairs with itself.
    """
    steps, every = phones.flatten(), torch.arange(phones.numel(), device=phones.device)
    own = every if own is None else own
    clips = every // phones.shape[1]
    silent = steps == PHONE_INDEX[SILENCE]
    apart = (clips[own, None] != clips[None]) | silent
    return _same_viseme(steps[own], steps) & apart & (own[:, None] != every[None])


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
    visemes = torch.tensor(VISEME_OF_PHONE, device=phones.device)[phones[known]]
    errors = F.cross_entropy(heads.viseme_logits(audio[known]), visemes, reduction="sum") + F.cross_entropy(
        heads.phone_logits(audio[known].detach()), phones[known], reduction="sum"
    )
    return share_of_mean(errors, known.sum())


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
    wanted = shapes[valid]
    return share_of_mean((head(audio[valid]) - wanted).square().sum(), wanted.square().sum())
