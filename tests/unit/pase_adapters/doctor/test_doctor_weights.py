"""The renderer's own checkpoints, saved as its trainers save them, and files that would run code."""

import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pase.errors import InputError
from pase_adapters.doctor.finding import Severity
from pase_adapters.doctor.weights import read_audio_widths

LAYER = "audio_net.encoder_conv.0.weight"


class HeadLikeErNerf(nn.Module):
    """An audio network among other parts."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.audio_net = nn.Module()
        self.audio_net.encoder_conv = nn.Sequential(nn.Conv1d(width, 32, 3, stride=2, padding=1), nn.LeakyReLU(0.02))
        self.sigma_net = nn.Linear(4, 4)
        self.register_buffer("density_grid", torch.zeros(1, 64))


def trained(width: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    model = HeadLikeErNerf(width)
    optimizer = torch.optim.AdamW(model.parameters(), lr=np.float64(5e-3))
    sum(parameter.sum() for parameter in model.parameters()).backward()
    optimizer.step()
    return model, optimizer


def like_er_nerf(width: int) -> dict[str, Any]:
    """Everything that ER-NeRF's trainer puts into a full checkpoint; scores are NumPy numbers."""
    model, optimizer = trained(width)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5 ** (step / 100))
    shadow = [parameter.detach().clone() for parameter in model.parameters()]
    return {
        "epoch": 3,
        "global_step": 100,
        "stats": {
            "loss": [np.float64(0.5), 0.25],
            "valid_loss": [np.float32(0.5)],
            "results": [np.float64(0.125)],
            "checkpoints": ["trial/checkpoints/ngp_ep0003.pth"],
            "best_result": None,
        },
        "mean_count": 12,
        "mean_density": 0.5,
        "mean_density_torso": 0,
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": scheduler.state_dict(),
        "scaler": torch.amp.GradScaler("cpu").state_dict(),
        "ema": {"decay": 0.95, "num_updates": 100, "shadow_params": shadow, "collected_params": []},
        "model": model.state_dict(),
    }


def like_talking_gaussian(width: int) -> tuple[Any, ...]:
    """What TalkingGaussian saves: Gaussians, weights of the motion network, its optimizer, the iteration."""
    model, optimizer = trained(width)
    radius = np.float64(1.1)
    points = nn.Parameter(torch.zeros(5, 3))
    return (3, points, torch.zeros(5), optimizer.state_dict(), radius), model.state_dict(), optimizer.state_dict(), 100


def like_gaussian_talker(width: int) -> tuple[Any, ...]:
    """Weights of the deformation network among the Gaussians' own."""
    weights = OrderedDict(
        (f"deformation_net.{name}", value) for name, value in HeadLikeErNerf(width).state_dict().items()
    )
    return (3, nn.Parameter(torch.zeros(5, 3)), weights, np.float64(1.1)), 10_000


def like_ad_nerf(width: int) -> dict[str, Any]:
    weights = HeadLikeErNerf(width).state_dict()
    return {"global_step": 1, "network_audnet_state_dict": weights, "optimizer_state_dict": {}}


@pytest.mark.parametrize("made", [like_er_nerf, like_talking_gaussian, like_gaussian_talker, like_ad_nerf])
@pytest.mark.parametrize("zipped", [True, False])
def test_widths_of_checkpoints_as_renderers_save_them(tmp_path: Path, made: Any, zipped: bool) -> None:
    torch.save(made(96), tmp_path / "r.pth", _use_new_zipfile_serialization=zipped)
    widths = read_audio_widths(tmp_path / "r.pth", LAYER)
    assert list(widths.values()) == [96]
    assert all(name.endswith(LAYER) for name in widths)


def rewrite(path: Path, *changes: tuple[bytes, bytes]) -> None:
    """Replace bytes in a checkpoint's pickle."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            for old, new in changes if name.endswith("/data.pkl") else ():
                assert old in content
                content = content.replace(old, new)
            archive.writestr(name, content)


def test_a_checkpoint_of_numpy_1_and_a_gpu(tmp_path: Path) -> None:
    torch.save(like_er_nerf(64), tmp_path / "r.pth")
    on_gpu = (b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
    rewrite(tmp_path / "r.pth", (b"numpy._core.multiarray", b"numpy.core.multiarray"), on_gpu)
    assert list(read_audio_widths(tmp_path / "r.pth", LAYER).values()) == [64]


def test_other_weights_of_a_like_name_do_not_count(tmp_path: Path) -> None:
    weights = {f"old_{LAYER}": torch.zeros(32, 7, 3), LAYER: torch.zeros(32, 9), f"a.{LAYER}": torch.zeros(32, 5, 3)}
    torch.save(weights, tmp_path / "r.pth")
    assert read_audio_widths(tmp_path / "r.pth", LAYER) == {f"a.{LAYER}": 5}


def test_a_structure_that_holds_itself(tmp_path: Path) -> None:
    content: list[Any] = [{LAYER: torch.zeros(32, 5, 3)}]
    content.append(content)
    torch.save(content, tmp_path / "r.pth")
    assert read_audio_widths(tmp_path / "r.pth", LAYER) == {LAYER: 5}


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_would_run_code_is_refused_and_does_not_run_it(tmp_path: Path, zipped: bool) -> None:
    content = {**like_er_nerf(64), "bomb": Bomb(tmp_path / "boom")}
    torch.save(content, tmp_path / "r.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"code|more than weights") as error:
        read_audio_widths(tmp_path / "r.pth", LAYER)
    assert not (tmp_path / "boom").exists()
    assert ("mkdir" in str(error.value)) == zipped
    assert "weights_only" not in str(error.value)


def test_a_plain_pickle_that_would_run_code(tmp_path: Path) -> None:
    (tmp_path / "r.pth").write_bytes(pickle.dumps(Bomb(tmp_path / "boom")))
    with pytest.raises(InputError, match=r"code|more than weights|no PyTorch"):
        read_audio_widths(tmp_path / "r.pth", LAYER)
    assert not (tmp_path / "boom").exists()


def test_numpy_arrays_of_objects_do_not_get_through(tmp_path: Path) -> None:
    """The way for NumPy's numbers is not a way for objects."""
    torch.save({"stats": np.array([Bomb(tmp_path / "boom")], dtype=object)}, tmp_path / "r.pth")
    with pytest.raises(InputError):
        read_audio_widths(tmp_path / "r.pth", LAYER)
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_damaged_checkpoints(tmp_path: Path, keep: float) -> None:
    torch.save(like_er_nerf(64), tmp_path / "r.pth")
    content = (tmp_path / "r.pth").read_bytes()
    (tmp_path / "r.pth").write_bytes(content[: int(keep if keep >= 1 else keep * len(content))])
    with pytest.raises(InputError, match="damaged"):
        read_audio_widths(tmp_path / "r.pth", LAYER)


# Findings -------------------------------------------------------------------------------------------------------------


def saved(patient: Any, width: int) -> Path:
    path: Path = patient.folder / "ngp.pth"
    torch.save(like_er_nerf(width), path)
    return path


def test_features_that_fit_the_trained_renderer(patient: Any) -> None:
    report = patient.see(weights=saved(patient, 44))
    assert report.findings == ()
    assert any("takes 44 features" in line for line in report.checked)


def test_features_that_do_not_fit_the_trained_renderer(patient: Any) -> None:
    finding = patient.findings(weights=saved(patient, 1024))["width-against-weights"]
    assert finding.severity is Severity.ERROR
    assert "trained on 1024 features, the features have 44" in finding.found
    assert "--slot hubert" in finding.remedy
    assert "--asr_model hubert" in finding.remedy


def test_the_slot_counts_where_features_are_missing(patient: Any) -> None:
    patient.features.unlink()
    found = patient.findings(weights=saved(patient, 64))["width-against-weights"].found
    assert "the slot esperanto has 44" in found


@pytest.mark.parametrize(("trained_on", "wrong"), [(24, False), (32, True)])
def test_the_launched_slot_has_the_width_of_its_features(patient: Any, trained_on: int, wrong: bool) -> None:
    patient.slot = patient.spec.slot("any")
    patient.write()
    assert ("width-against-weights" in patient.findings(weights=saved(patient, trained_on))) == wrong


def test_a_checkpoint_of_another_program(patient: Any, tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "r.pth")
    assert patient.findings(weights=tmp_path / "r.pth")["no-audio-network"].severity is Severity.WARNING


def test_a_checkpoint_that_cannot_be_read_does_not_end_the_examination(patient: Any, tmp_path: Path) -> None:
    (tmp_path / "r.pth").write_bytes(b"nothing")
    (patient.folder / "au.csv").unlink()
    assert set(patient.findings(weights=tmp_path / "r.pth")) == {"unreadable-weights", "missing-file"}
