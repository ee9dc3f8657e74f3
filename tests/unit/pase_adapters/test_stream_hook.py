"""What a renderer's own Python is told of its real-time path."""

import sys
from pathlib import Path

import pytest

from pase.errors import InputError
from pase_adapters.streaming import hook
from pase_adapters.streaming.hook import StreamHook


def test_orders_name_all_that_the_renderer_needs() -> None:
    orders = hook.RAD_NERF.orders(Path("model"), 44)
    assert (orders.kind, orders.asr) == ("ring", "nerf.asr:ASR")
    assert orders.loaders == ("nerf.asr:AutoProcessor", "nerf.asr:AutoModelForCTC")
    assert orders.worker[0] == sys.executable
    assert orders.worker[-4:] == ("--checkpoint", str(Path("model").resolve()), "--width", "44")


def test_worker_is_shielded_from_the_renderers_modules() -> None:
    orders = hook.LIVETALKING.orders(None, None, python="/opt/pase/python")
    assert orders.worker == ("/opt/pase/python", "-E", "-P", "-m", "pase_adapters.streaming.worker")


@pytest.mark.parametrize(
    "wrong",
    [
        ("flow", "a:B", ()),
        ("ring", "a.B", ()),
        ("ring", "a:B.c", ()),
        ("windows", "a:B", ("b",)),
        ("ring", "a:B; import os", ()),
    ],
)
def test_hook_that_names_nothing(wrong: tuple[str, str, tuple[str, ...]]) -> None:
    with pytest.raises(InputError, match="stream hook"):
        StreamHook(*wrong)
