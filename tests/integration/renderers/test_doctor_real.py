"""The doctor reads checkpoints that ER-NeRF's own trainer saves of its own network."""

from pathlib import Path

from tests.integration.renderers.contract import checkout_or_skip, run_probe

from pase_adapters.doctor.weights import read_audio_widths
from pase_adapters.renderers.er_nerf import SPEC


def test_widths_in_checkpoints_of_er_nerf_itself(tmp_path: Path) -> None:
    checkout = checkout_or_skip("ER-NeRF", "nerf_triplane/utils.py")
    widths = {"hubert": 1024, "deepspeech": 29}
    for switch in widths:
        (tmp_path / switch).mkdir()
    job = {switch: str(tmp_path / switch) for switch in widths}
    run_probe(Path(__file__).with_name("doctor_probe.py"), checkout, job, tmp_path)
    for switch, width in widths.items():
        for name in ("ngp_ep0003.pth", "ngp.pth"):
            assert list(read_audio_widths(tmp_path / switch / name, SPEC.audio_layer).values()) == [width]
