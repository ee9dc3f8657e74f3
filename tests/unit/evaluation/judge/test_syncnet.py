"""SyncNet's protocol, with random weights in place of those that cannot be shipped."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pase.cli.main import main
from pase.errors import InputError
from pase.evaluation.judge.syncnet import SIDE, SyncNet, judge_face_crops, load_syncnet, mfcc
from pase.video.writing import write_video


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("syncnet") / "syncnet_v2.model"
    torch.save(SyncNet().state_dict(), path)
    return path


def crops(path: Path, frames: int = 30, side: int = SIDE) -> Path:
    draws = np.random.default_rng(0)
    pictures = (draws.integers(0, 255, (side, side, 3)).astype(np.uint8) for _ in range(frames))
    write_video(path, pictures, (0.1 * draws.standard_normal(frames * 640)).astype(np.float32))
    return path


def test_names_and_shapes_are_those_of_the_published_weights() -> None:
    shapes = {name: tuple(own.shape) for name, own in SyncNet().state_dict().items()}
    assert shapes["netcnnaud.0.weight"] == (64, 1, 3, 3)
    assert shapes["netcnnaud.18.weight"] == (512, 256, 5, 4)
    assert shapes["netcnnlip.0.weight"] == (96, 3, 5, 7, 7)
    assert shapes["netcnnlip.18.weight"] == (512, 256, 1, 6, 6)
    assert shapes["netfcaud.3.weight"] == shapes["netfclip.3.weight"] == (1024, 512)


def test_windows_are_those_of_the_published_evaluation(weights: Path, tmp_path: Path) -> None:
    pytest.importorskip("python_speech_features", reason="the extra syncnet is not installed")
    from pase.audio.waveform import load_audio
    from pase.video.reading import iter_frames

    video = crops(tmp_path / "crop.mp4")
    model, identity = load_syncnet(weights)
    assert identity.startswith("syncnet_v2.model ")
    scores = judge_face_crops(model, video)
    pictures = [picture[..., ::-1].astype(np.float32) for picture in iter_frames(video, 25)]
    coefficients = mfcc(load_audio(video))
    assert coefficients.shape[0] == 13
    seen, heard = [], []
    with torch.inference_mode():
        for frame in range(len(pictures) - 5):
            stack = np.stack(pictures[frame : frame + 5]).transpose(3, 0, 1, 2)
            seen.append(model.see(torch.from_numpy(stack.copy())[None])[0])
            heard.append(
                model.hear(torch.from_numpy(coefficients[:, 4 * frame : 4 * frame + 20].copy())[None, None])[0]
            )
    padded = [torch.zeros(1024)] * 15 + heard + [torch.zeros(1024)] * 15
    means = [
        float(np.mean([float((seen[k] - padded[k + shift] + 1e-6).norm()) for k in range(len(seen))]))
        for shift in range(31)
    ]
    assert scores.distance == pytest.approx(min(means), rel=1e-4)
    assert scores.confidence == pytest.approx(float(np.median(means)) - min(means), rel=1e-3, abs=1e-4)


def test_the_command(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("python_speech_features", reason="the extra syncnet is not installed")
    video = crops(tmp_path / "crop.mp4", frames=12)
    assert main(["syncnet", str(video), "--model", str(weights)]) == 0
    assert "mean of 1: LSE-C" in capsys.readouterr().out


def test_what_syncnet_cannot_judge(weights: Path, tmp_path: Path) -> None:
    model, _ = load_syncnet(weights)
    with pytest.raises(InputError, match=r"run_pipeline\.py"):
        judge_face_crops(model, crops(tmp_path / "small.mp4", side=96))
    with pytest.raises(InputError, match="too short"):
        judge_face_crops(model, crops(tmp_path / "short.mp4", frames=4))
    with pytest.raises(InputError, match="there is no"):
        load_syncnet(tmp_path / "syncnet_v2.model")
    torch.save({"a": torch.zeros(3)}, tmp_path / "other.model")
    with pytest.raises(InputError, match=r"not syncnet_v2\.model"):
        load_syncnet(tmp_path / "other.model")
    (tmp_path / "text.model").write_text("not weights")
    with pytest.raises(InputError, match=r"not syncnet_v2\.model"):
        load_syncnet(tmp_path / "text.model")
