import numpy as np
import pytest
import torch

from pase.errors import InputError
from pase.evaluation.representations import PaseFeatures, open_inputs, untrained
from pase.inference.encoder import PASE


def sound(samples: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def test_features_are_what_renderers_get(tiny_model, tiny_checkpoint):
    found = PaseFeatures(tiny_model).rows(sound(50 * 640 - 800), 50)
    padded = np.pad(sound(50 * 640 - 800), (0, 800))
    expected = PASE.from_pretrained(tiny_checkpoint).encode(padded, 16_000).at_rate(25)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_sound_beyond_the_picture_is_cut_off(tiny_model):
    own = PaseFeatures(tiny_model)
    np.testing.assert_array_equal(own.rows(sound(50 * 640), 30), own.rows(sound(50 * 640)[: 30 * 640], 30))


def test_the_untrained_network_is_decided_by_the_seed_alone(tiny_model):
    state = torch.random.get_rng_state()
    first = untrained(tiny_model, 3).rows(sound(6400), 10)
    np.testing.assert_array_equal(first, untrained(tiny_model, 3).rows(sound(6400), 10))
    assert not np.allclose(first, untrained(tiny_model, 4).rows(sound(6400), 10))
    assert torch.equal(state, torch.random.get_rng_state()), "the caller's random numbers stay as they are"


def test_the_models_own_features_come_first_and_nothing_twice(tiny_model):
    opened = open_inputs(("log-mel", "untrained", "log-mel"), tiny_model)
    assert [source.name for source in opened] == ["PASE", "log-mel", "untrained"]
    assert [source.rows(sound(6400), 10).shape for source in opened] == [(10, s.width) for s in opened]
    with pytest.raises(InputError, match="there is no baseline 'log-mal'"):
        open_inputs(("log-mal",), tiny_model)
