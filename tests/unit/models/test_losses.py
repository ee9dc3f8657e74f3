from dataclasses import replace

import numpy as np
import pytest
import torch

from pase.errors import InputError
from pase.models.alignment import PhonemeAlignment
from pase.models.config import AlignmentConfig
from pase.models.heads import PhoneHeads
from pase.models.losses import ContrastiveConfig, contrastive_loss, homophene_pairs, phone_loss
from pase.models.model import Encoded
from pase.models.video_queue import QueuedVideo, enqueue
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN, VISEME_OF_PHONE


@pytest.fixture
def alignment() -> PhonemeAlignment:
    torch.manual_seed(0)
    return PhonemeAlignment(16, AlignmentConfig(anchors=True, heads=2, reach=2)).eval()


def encoded_of(audio: torch.Tensor, video: torch.Tensor) -> Encoded:
    nothing = torch.zeros(*audio.shape[:2], 1)
    everything = torch.ones(len(audio), dtype=torch.bool)
    return Encoded(audio, video, audio, nothing, nothing, everything, everything)


def reference_loss(similarity: np.ndarray, allowed: np.ndarray, temperature: float) -> float:
    """InfoNCE of the paper's section 2.6, anchor by anchor."""
    losses = []
    for i, row in enumerate(similarity / temperature):
        terms = [np.exp(s) for j, s in enumerate(row) if j == i or allowed[i, j]]
        losses.append(-np.log(np.exp(row[i]) / sum(terms)))
    return float(np.mean(losses))


@pytest.mark.parametrize("masked", [False, True])
def test_equals_an_independent_info_nce(alignment: PhonemeAlignment, masked: bool) -> None:
    audio, video = torch.randn(2, 2, 5, 16)
    phones = torch.tensor([[1, 2, 3, 4, 5], [5, 6, 1, UNKNOWN, 8]])
    config = ContrastiveConfig(temperature=0.2, homophenes="masked" if masked else "negatives", symmetric=False)
    loss = contrastive_loss(alignment, encoded_of(audio, video), phones, torch.ones(2, 5, dtype=torch.bool), config)
    windows = alignment.windows(video)
    similarity = np.array(
        [
            torch.cosine_similarity(step, alignment.fuse(step.expand(2, 5, 16), windows).flatten(0, 1), dim=-1)
            .detach()
            .numpy()
            for step in audio.flatten(0, 1)
        ]
    )
    allowed = ~homophene_pairs(phones).numpy() if masked else np.ones((10, 10), dtype=bool)
    assert abs(float(loss.detach()) - reference_loss(similarity, allowed, 0.2)) < 1e-5


def test_homophenes_of_other_clips_are_paired() -> None:
    p, b, m, t, s = (PHONE_INDEX[x] for x in ("P", "B", "M", "T", "SIL"))
    phones = torch.tensor([[p, t, s, s], [b, m, UNKNOWN, s]])
    pairs = homophene_pairs(phones)
    found = {(i, j) for i, j in pairs.nonzero().tolist() if i < j}
    assert found == {(0, 4), (0, 5), (2, 3), (2, 7), (3, 7)}
    assert torch.equal(pairs, pairs.T)


def test_invalid_steps_change_nothing(alignment: PhonemeAlignment) -> None:
    """Attention still reaches two frames into what is not valid, so the valid part ends three frames earlier here."""
    audio, video = torch.randn(2, 1, 8, 16)
    phones = torch.full((1, 8), UNKNOWN)
    valid = torch.tensor([[True] * 5 + [False] * 3])
    config = ContrastiveConfig(symmetric=True)
    loss = contrastive_loss(alignment, encoded_of(audio, video), phones, valid, config)
    audio[0, 5:], video[0, 7:] = 7.0, -7.0
    other = contrastive_loss(alignment, encoded_of(audio, video), phones, valid, config)
    assert torch.isfinite(loss)
    assert float(loss.detach()) == float(other.detach())


def test_other_clips_and_shifted_windows_are_negatives(alignment: PhonemeAlignment) -> None:
    audio, video = torch.randn(2, 2, 6, 16)
    phones, valid = torch.full((2, 6), UNKNOWN), torch.ones(2, 6, dtype=torch.bool)
    config = ContrastiveConfig()
    both = contrastive_loss(alignment, encoded_of(audio, video), phones, valid, config)
    alone = [
        contrastive_loss(alignment, encoded_of(a[None], v[None]), phones[:1], valid[:1], config)
        for a, v in zip(audio, video, strict=True)
    ]
    assert float(torch.stack(alone).mean().detach()) > 0  # shifted windows of the same clip
    assert float(both.detach()) > float(torch.stack(alone).mean().detach())  # and those of the other


@pytest.fixture
def pair() -> tuple[Encoded, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    phones = torch.tensor([[1, 2, 7, 4], [31, 6, 1, 8]])
    return encoded_of(*torch.randn(2, 2, 4, 16)), phones, torch.ones(2, 4, dtype=torch.bool)


def test_a_batch_without_sound_and_face_together_has_no_loss(alignment: PhonemeAlignment, pair) -> None:
    encoded, phones, valid = pair
    alone = replace(encoded, heard=torch.tensor([True, False]), seen=torch.tensor([False, True]))
    assert contrastive_loss(alignment, alone, phones, valid, ContrastiveConfig()).item() == 0


def test_clips_without_a_face_are_no_negatives(alignment: PhonemeAlignment, pair) -> None:
    encoded, phones, valid = pair
    first = encoded_of(encoded.audio[:1], encoded.video[:1])
    alone = contrastive_loss(alignment, first, phones[:1], valid[:1], ContrastiveConfig())
    unseen = replace(encoded, seen=torch.tensor([True, False]))
    assert torch.equal(contrastive_loss(alignment, unseen, phones, valid, ContrastiveConfig()), alone)


def test_shifted_negatives_alone_are_those_of_each_clip_by_itself(alignment: PhonemeAlignment, pair) -> None:
    encoded, phones, valid = pair
    config = ContrastiveConfig(negatives=("shifted",))
    both = contrastive_loss(alignment, encoded, phones, valid, config)
    alone = [
        contrastive_loss(alignment, encoded_of(a[None], v[None]), p[None], valid[:1], config)
        for a, v, p in zip(encoded.audio, encoded.video, phones, strict=True)
    ]
    torch.testing.assert_close(both, torch.stack(alone).mean())


def test_queued_video_is_compared_like_that_of_other_clips(alignment: PhonemeAlignment, pair) -> None:
    """Each of two clips against a queue that holds the other: together they are a batch of both."""
    encoded, phones, valid = pair
    first = encoded_of(encoded.audio[:1], encoded.video[:1])
    # The queue holds video, which is compared with sound: one direction.
    config = ContrastiveConfig(negatives=("batch", "shifted", "queue"), symmetric=False)
    queue = QueuedVideo(encoded.video[1:], phones[1:], valid[1:])
    queued = contrastive_loss(alignment, first, phones[:1], valid[:1], config, queue)
    second = contrastive_loss(
        alignment,
        encoded_of(encoded.audio[1:], encoded.video[1:]),
        phones[1:],
        valid[1:],
        config,
        QueuedVideo(encoded.video[:1], phones[:1], valid[:1]),
    )
    batch = contrastive_loss(alignment, encoded, phones, valid, ContrastiveConfig(symmetric=False))
    torch.testing.assert_close((queued + second) / 2, batch)


def test_the_queue_keeps_the_newest_windows() -> None:
    def windows(first: int, count: int, frames: int = 3) -> QueuedVideo:
        numbers = torch.arange(first, first + count)
        return QueuedVideo(
            numbers[:, None, None].expand(-1, frames, 2).float(),
            numbers[:, None].expand(-1, frames),
            torch.ones(count, frames, dtype=torch.bool),
        )

    queue = enqueue(enqueue(None, windows(0, 4), 6), windows(4, 4), 6)
    assert queue.phones[:, 0].tolist() == [2, 3, 4, 5, 6, 7]
    assert len(enqueue(queue, windows(0, 2, frames=5), 6).video) == 2  # of another length: a new queue


def test_soft_homophenes_pull_what_masked_ones_leave_alone(alignment: PhonemeAlignment) -> None:
    """A /p/ and another clip's /b/: negatives want the other's video far, soft targets as near as their share."""
    torch.manual_seed(2)
    audio, video = torch.randn(2, 2, 1, 16)
    phones, valid = torch.tensor([[PHONE_INDEX["P"]], [PHONE_INDEX["B"]]]), torch.ones(2, 1, dtype=torch.bool)
    softness, found = 0.4, {}
    for homophenes in ("negatives", "masked", "soft"):
        config = ContrastiveConfig(homophenes=homophenes, softness=softness)
        found[homophenes] = float(contrastive_loss(alignment, encoded_of(audio, video), phones, valid, config).detach())
    turned = float(
        contrastive_loss(
            alignment, encoded_of(audio, video.flip(0)), phones, valid, ContrastiveConfig(homophenes="negatives")
        ).detach()
    )
    assert found["masked"] == 0
    assert found["soft"] == pytest.approx((1 - softness) * found["negatives"] + softness * turned, rel=1e-5)


def test_soft_homophenes_that_are_not_valid_are_no_right_answers(alignment: PhonemeAlignment) -> None:
    torch.manual_seed(3)
    phones = torch.full((2, 4), PHONE_INDEX["P"])
    valid = torch.tensor([[True] * 4, [True, True, False, False]])
    config = ContrastiveConfig(homophenes="soft", symmetric=True)
    loss = contrastive_loss(alignment, encoded_of(*torch.randn(2, 2, 4, 16)), phones, valid, config)
    assert torch.isfinite(loss)


def test_only_the_viseme_head_teaches_the_encoder() -> None:
    torch.manual_seed(0)
    heads = PhoneHeads(8)
    audio = torch.randn(1, 3, 8, requires_grad=True)
    phones, valid = torch.tensor([[3, UNKNOWN, 5]]), torch.tensor([[True, True, False]])
    loss = phone_loss(heads, audio, phones, valid)
    expected = torch.nn.functional.cross_entropy(heads.viseme_logits(audio[0, :1]), torch.tensor([VISEME_OF_PHONE[3]]))
    (gradient,) = torch.autograd.grad(loss, audio, retain_graph=True)
    (of_visemes,) = torch.autograd.grad(expected, audio)
    torch.testing.assert_close(gradient, of_visemes)
    assert gradient[0, 1:].abs().max() == 0


@pytest.mark.parametrize(
    "settings",
    [{"negatives": ()}, {"negatives": ("batch", "batch")}, {"temperature": 0.0}, {"softness": 1.0}, {"queue": 0}],
)
def test_settings_out_of_range_are_refused(settings: dict) -> None:
    with pytest.raises(InputError, match="contrastive"):
        ContrastiveConfig(**settings)
