from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.errors import InputError
from pase.models.config import AlignmentConfig, AudioConfig, ModelConfig


@given(dim=st.sampled_from([64, 128, 512]), layers=st.integers(1, 8), reconstruction=st.booleans())
def test_json_round_trip(dim: int, layers: int, reconstruction: bool) -> None:
    config = ModelConfig(
        dim=dim, audio=AudioConfig(layers=layers, stride=1), alignment=AlignmentConfig(anchors=True, reach=1)
    )
    if not reconstruction:
        config = ModelConfig(dim=dim, reconstruction=None)
    assert ModelConfig.from_json(config.to_json()) == config


FOUR_HEADS = {"anchors": True, "heads": 4, "reach": 2, "phone_dropout": 0.5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dim": 10**9}, "dim is 1000000000"),
        ({"dim": 130, "alignment": FOUR_HEADS}, "cannot be divided among 4 heads"),
        ({"audio": {"hidden": 256}}, "audio: missing"),
        ({"audio": "gru"}, "audio: expected a mapping, found str"),
        ({"surprise": 1}, "unknown"),
    ],
)
def test_wrong_entries_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ModelConfig.from_json({**ModelConfig(dim=128).to_json(), **change})


def test_wrong_types_are_named() -> None:
    value = ModelConfig().to_json()
    value["audio"]["layers"] = "two"
    with pytest.raises(InputError, match=r"audio\.layers: expected int, found 'two'"):
        ModelConfig.from_json(value)
