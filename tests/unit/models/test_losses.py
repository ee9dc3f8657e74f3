import numpy as np
import torch

from pase.models.config import ModelConfig
from pase.models.losses import ContrastiveConfig, contrastive_loss, homophene_pairs
from pase.models.model import Encoded, PaseModel
from pase.phonemes.inventory import PHONE_INDEX, UNKNOWN


def encoded_of(audio: torch.Tensor, fused: torch.Tensor) -> Encoded:
    nothing = torch.zeros(*audio.shape[:2], 1)
    return Encoded(audio, fused, audio, fused, nothing, nothing)


def reference_loss(audio: np.ndarray, fused: np.ndarray, allowed: np.ndarray, temperature: float) -> float:
    """InfoNCE of the paper's section 2.6, anchor by anchor."""
    losses = []
    for i, anchor in enumerate(audio):
        similarity = [np.dot(anchor, f) / np.linalg.norm(anchor) / np.linalg.norm(f) / temperature for f in fused]
        terms = [np.exp(s) for j, s in enumerate(similarity) if j == i or allowed[i, j]]
        losses.append(-np.log(np.exp(similarity[i]) / sum(terms)))
    return float(np.mean(losses))


def test_equals_an_independent_info_nce(tiny_config: ModelConfig) -> None:
    torch.manual_seed(0)
    audio, fused = torch.randn(2, 2, 5, 16)
    phones = torch.tensor([[1, 2, 3, 4, 5], [5, 6, 1, UNKNOWN, 8]])
    model = PaseModel(tiny_config).eval()
    for masked in (False, True):
        config = ContrastiveConfig(temperature=0.2, shifts=(), mask_homophenes=masked)
        loss = contrastive_loss(model, encoded_of(audio, fused), phones, torch.ones(2, 5, dtype=torch.bool), config)
        allowed = ~homophene_pairs(phones).numpy() if masked else np.ones((10, 10), dtype=bool)
        expected = reference_loss(audio.reshape(10, 16).numpy(), fused.reshape(10, 16).numpy(), allowed, 0.2)
        assert abs(float(loss) - expected) < 1e-5


def test_homophenes_of_other_clips_are_paired() -> None:
    p, b, m, t, s = (PHONE_INDEX[x] for x in ("P", "B", "M", "T", "SIL"))
    phones = torch.tensor([[p, t, s, s], [b, m, UNKNOWN, s]])
    pairs = homophene_pairs(phones)
    found = {(i, j) for i, j in pairs.nonzero().tolist() if i < j}
    assert found == {(0, 4), (0, 5), (2, 3), (2, 7), (3, 7)}
    assert torch.equal(pairs, pairs.T)


def test_invalid_steps_change_nothing(tiny_config: ModelConfig) -> None:
    torch.manual_seed(0)
    audio, fused = torch.randn(2, 1, 6, 16)
    phones = torch.full((1, 6), UNKNOWN)
    valid = torch.tensor([[True, True, True, True, False, False]])
    model = PaseModel(tiny_config).eval()
    config = ContrastiveConfig(shifts=(), symmetric=True)
    loss = contrastive_loss(model, encoded_of(audio, fused), phones, valid, config)
    audio[0, 4:], fused[0, 4:] = 7.0, -7.0
    other = contrastive_loss(model, encoded_of(audio, fused), phones, valid, config)
    short = contrastive_loss(
        model, encoded_of(audio[:, :4], fused[:, :4]), phones[:, :4], torch.ones(1, 4, dtype=torch.bool), config
    )
    assert torch.isfinite(loss)
    assert float(loss) == float(other)
    assert abs(float(loss) - float(short)) < 1e-6


def test_shifted_windows_add_negatives(tiny_config: ModelConfig) -> None:
    torch.manual_seed(0)
    model = PaseModel(tiny_config).eval()
    encoded = encoded_of(*torch.randn(2, 2, 6, 16))
    phones, valid = torch.full((2, 6), UNKNOWN), torch.ones(2, 6, dtype=torch.bool)
    losses = [
        float(contrastive_loss(model, encoded, phones, valid, ContrastiveConfig(shifts=shifts)).detach())
        for shifts in ((), (1,), (1, 2, 9))
    ]
    assert losses[0] < losses[1] < losses[2]
    beyond = float(contrastive_loss(model, encoded, phones, valid, ContrastiveConfig(shifts=(1, 2))).detach())
    assert losses[2] == beyond  # nine frames lie outside the window of six: no negative
