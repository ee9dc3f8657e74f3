import numpy as np
import pytest
import torch

from pase.models.alignment import PhonemeAlignment
from pase.models.config import AlignmentConfig
from pase.models.losses import ContrastiveConfig, contrastive_loss, homophene_pairs
from pase.models.model import Encoded
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN


@pytest.fixture
def alignment() -> PhonemeAlignment:
    torch.manual_seed(0)
    return PhonemeAlignment(16, AlignmentConfig(heads=2)).eval()


def encoded_of(audio: torch.Tensor, video: torch.Tensor) -> Encoded:
    nothing = torch.zeros(*audio.shape[:2], 1)
    return Encoded(audio, video, audio, nothing, nothing)


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
    config = ContrastiveConfig(temperature=0.2, mask_homophenes=masked)
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
