from pathlib import Path

import numpy as np
import pytest
import torch
from tests.audio_kinds import AUDIO_KINDS, make_model

from pase import PASE
from pase.errors import InputError
from pase.inference.phones import PhonePosteriors
from pase.models.checkpoint import CheckpointInfo
from pase.phonemes.inventory import PHONES, VISEME_NAMES


@pytest.mark.parametrize("kind", AUDIO_KINDS)
def test_posteriors_are_those_of_the_heads(kind: str) -> None:
    model = make_model(kind)
    sound = np.random.default_rng(0).standard_normal(9_999).astype(np.float32) / 10
    found = PASE(model, CheckpointInfo(model.config, "x")).phones(sound, 16_000)
    with torch.no_grad():
        states = model.audio(torch.from_numpy(sound)[None]).states[0]
        phones, visemes = model.phone_heads.phone_logits(states), model.phone_heads.viseme_logits(states)
    np.testing.assert_allclose(found.phones, phones.log_softmax(-1), atol=1e-4)
    np.testing.assert_allclose(found.visemes, visemes.log_softmax(-1), atol=1e-4)
    assert (found.rate, found.duration) == (model.audio.rate, 9_999 / 16_000)
    assert (found.phone_names, found.viseme_names) == (PHONES, VISEME_NAMES)


def test_a_checkpoint_without_heads_says_so(tiny_checkpoint: Path) -> None:
    with pytest.raises(InputError, match="has no phone heads"):
        PASE.from_pretrained(tiny_checkpoint).phones(np.zeros(16_000), 16_000)


def test_columns_must_be_the_inventory() -> None:
    with pytest.raises(ValueError, match="expected the shapes"):
        PhonePosteriors(np.zeros((3, 39), np.float32), np.zeros((3, 14), np.float32), 125.0, 1.0)
