"""Changing the width of an audio network in the renderer's Python, called here in this one."""

import inspect
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pase_adapters.renderer_side.orders import Widening
from pase_adapters.renderer_side.widening import Widener, replace_first_layer

ORDERS = Widening("made-up", "made_up.network", "AudioNet", "dim_in", "", 256, "--width")

NETWORK = """
class Base:
    def __init__(self):
        self.based = True

class AudioNet(Base):
    def __init__(self, dim_in=29, dim_aud=64, win_size=16):
        super(AudioNet, self).__init__()
        self.seen = (dim_in, dim_aud, win_size)

class Other:
    def __init__(self, dim_in=29):
        self.seen = dim_in
"""


@pytest.fixture(autouse=True)
def with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def network(source: str = NETWORK) -> ModuleType:
    module = ModuleType("made_up.network")
    module.__file__ = "made_up/network.py"
    exec(source, module.__dict__)  # noqa: S102
    return module


def widened(orders: Widening = ORDERS) -> ModuleType:
    module = network()
    Widener(orders).widen(module)
    return module


@given(
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.sampled_from(["dim_in", "dim_aud", "win_size"]), st.integers(0, 9)),
)
def test_only_the_width_changes(given_: list[int], named: dict[str, int]) -> None:
    def outcome(module: ModuleType) -> Any:
        try:
            return module.AudioNet(*given_, **named).seen
        except TypeError:
            return None

    genuine = outcome(network())
    expected = genuine if genuine is None else (256, *genuine[1:])
    assert outcome(widened()) == expected


def test_class_stays_the_same_object() -> None:
    module = network()
    before, methods = module.AudioNet, set(vars(module.AudioNet))
    Widener(ORDERS).widen(module)
    assert module.AudioNet is before
    assert set(vars(module.AudioNet)) == methods
    assert module.AudioNet(44).based
    assert inspect.signature(module.AudioNet) == inspect.signature(network().AudioNet)


def test_other_classes_keep_their_width() -> None:
    assert widened().Other(44).seen == 44


def test_says_once_what_was_changed(capsys: pytest.CaptureFixture[str]) -> None:
    module = widened()
    assert capsys.readouterr().out == ""
    module.AudioNet(1024)
    module.AudioNet(1024)
    line = "pase-adapt: AudioNet of made_up.network takes 256 features a frame instead of 1024: by --width\n"
    assert capsys.readouterr().out == line


def test_says_at_the_end_that_it_was_in_vain(capsys: pytest.CaptureFixture[str]) -> None:
    widener = Widener(ORDERS)
    module = network()
    widener.widen(module)
    widener.finish()
    assert "never built AudioNet of made_up.network: the width 256 was not used" in capsys.readouterr().err
    module.AudioNet()
    widener.finish()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cls": "AudioNet2"}, "expected the class AudioNet2 with the argument dim_in in made_up/network.py"),
        ({"cls": "__file__"}, "no such class"),
        ({"width_argument": "width"}, "found: its arguments are dim_in, dim_aud, win_size"),
        ({"cls": "Base"}, "with the argument dim_in"),
    ],
)
def test_another_projects_class_is_refused(changes: dict[str, str], expected: str) -> None:
    with pytest.raises(SystemExit, match="a checkout of made-up") as refused:
        Widener(replace(ORDERS, **changes)).widen(network())
    assert expected in str(refused.value)


def test_without_cuda_the_renderers_need_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    widened()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("pase-adapt: warning: made-up needs an NVIDIA GPU with CUDA")
    assert torch.__version__ in line


# A width that is a literal in the code --------------------------------------------------------------------------------


class LiteralNet(nn.Module):
    def __init__(self, dim_aud: int = 76) -> None:
        super().__init__()
        self.encoder_conv = nn.Sequential(
            nn.Conv1d(29, 32, 3, stride=2, padding=1, bias=False, padding_mode="circular"), nn.ReLU()
        )
        self.last = nn.Linear(32, dim_aud)


def test_first_layer_is_replaced_by_one_of_its_kind() -> None:
    net = LiteralNet().double()
    before, others = net.encoder_conv[0], list(net.state_dict())
    assert replace_first_layer(net, "encoder_conv.0", 256) == 29
    after = net.encoder_conv[0]
    assert after.weight.shape == (32, 256, 3)
    assert after.weight.dtype == torch.float64
    for name in ("stride", "padding", "kernel_size", "padding_mode", "bias", "groups", "dilation"):
        assert getattr(after, name) == getattr(before, name)
    assert list(net.state_dict()) == others
    assert net.encoder_conv(torch.zeros(8, 256, 16, dtype=torch.float64)).shape == (8, 32, 8)


def test_literal_width_is_changed_after_construction(capsys: pytest.CaptureFixture[str]) -> None:
    module = ModuleType("helpers")
    module.LiteralNet = type("LiteralNet", (LiteralNet,), {})  # type: ignore[attr-defined]
    Widener(Widening("made-up", "helpers", "LiteralNet", "", "encoder_conv.0", 40, "--width")).widen(module)
    net = module.LiteralNet(dim_aud=64)
    assert (net.encoder_conv[0].in_channels, net.last.out_features) == (40, 64)
    assert "takes 40 features a frame instead of 29" in capsys.readouterr().out
    assert LiteralNet().encoder_conv[0].in_channels == 29


@pytest.mark.parametrize("path", ["encoder_conv.7", "encoder.0", "last"])
def test_absent_first_layer_is_refused(path: str) -> None:
    with pytest.raises(SystemExit, match=f"expected a convolution at {path} of LiteralNet"):
        replace_first_layer(LiteralNet(), path, 256)
