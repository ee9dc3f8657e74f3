"""`pase evaluate-video` on a synthetic clip whose landmarks are known, beside sums that are written out."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch

from pase.audio.waveform import load_audio
from pase.cli.main import main
from pase.corpus.synthetic.generate import synthesize
from pase.errors import InputError, MissingExtraError
from pase.evaluation.judge.network import Judge
from pase.evaluation.judge.store import save_judge
from pase.evaluation.rendered import evaluate
from pase.evaluation.rendered.pictures import open_lpips, picture_scores
from pase.video.reading import Picture, iter_frames
from pase.video.speaker import Speaker, speaker_from_sidecar
from pase.video.writing import write_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    synthesize(folder, clips=1, speakers=1, seed=5, landmarks=True, workers=1)
    return next(folder.rglob("*.mp4"))


@pytest.fixture
def seen(clip: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Path, Speaker]:
    """Speakers by video; the clip's own where nothing else is said."""
    own, known = speaker_from_sidecar(clip), {}
    monkeypatch.setattr(evaluate, "find_speaker", lambda video, _: known.get(video, own))
    return known


def copy(clip: Path, path: Path, change=lambda picture: picture, frames: int | None = None) -> Path:
    pictures = [change(picture) for picture in iter_frames(clip, 25)][:frames]
    write_video(path, pictures, load_audio(clip))
    return path


def scores(rendered: Path, reference: Path, model: Path, **options: object) -> dict[str, float]:
    found = evaluate.evaluate_video(rendered, reference, model, **options)  # type: ignore[arg-type]
    return {score.name: score.value for score in found.scores}


def test_a_video_equals_itself(clip: Path, seen: dict[Path, Speaker], tmp_path: Path) -> None:
    save_judge(tmp_path / "judge.safetensors", Judge(), {})
    judge = evaluate.LoadedJudge(Judge().eval(), "judge", {})
    found = scores(clip, clip, clip, phones=clip.with_suffix(".TextGrid"), judge=judge)
    assert found["LMD"] == found["LMD, relative"] == 0
    assert found["aperture"] == pytest.approx(1)
    assert found["width"] == pytest.approx(1)
    assert found["SSIM"] == pytest.approx(1, abs=1e-4)
    assert found["SSIM, mouth"] == pytest.approx(1, abs=1e-4)
    assert found["PSNR"] > 50
    assert found["jitter in silence"] == pytest.approx(found["jitter in silence, reference"], nan_ok=True)
    assert found["LSE-C"] == found["LSE-C, reference"]


def test_pictures_by_plain_numpy(clip: Path, tmp_path: Path) -> None:
    draws = np.random.default_rng(0)

    def grain(picture: Picture) -> Picture:
        return np.clip(picture.astype(int) + draws.integers(-40, 41, picture.shape), 0, 255).astype(np.uint8)

    noisy = copy(clip, tmp_path / "noisy.mp4", grain, frames=3)
    found = {score.name: score.value for score in picture_scores(noisy, clip, 2, None)}
    pairs = [
        (one.astype(float) / 255, other.astype(float) / 255)
        for one, other in zip(iter_frames(noisy, 25), iter_frames(clip, 25), strict=False)
    ][:2]
    ratios = [-10 * np.log10(((one - other) ** 2).mean()) for one, other in pairs]
    assert found["PSNR"] == pytest.approx(np.mean(ratios), rel=1e-4)
    assert found["SSIM"] == pytest.approx(np.mean([similarity(one, other) for one, other in pairs]), abs=1e-4)


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM (Wang and others 2004): Gaussian windows of 11 pixels, standard deviation 1.5, mirrored at the edges."""
    kernel = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    kernel /= kernel.sum()

    def blurred(values: np.ndarray) -> np.ndarray:
        padded = np.pad(values, 5, mode="reflect")
        rows = np.lib.stride_tricks.sliding_window_view(padded, 11, axis=0) @ kernel
        return np.lib.stride_tricks.sliding_window_view(rows, 11, axis=1) @ kernel

    found = []
    for channel in range(3):
        a, b = one[..., channel], other[..., channel]
        mean_a, mean_b = blurred(a), blurred(b)
        var_a, var_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
        both = blurred(a * b) - mean_a * mean_b
        top = (2 * mean_a * mean_b + 0.01**2) * (2 * both + 0.03**2)
        found.append((top / ((mean_a**2 + mean_b**2 + 0.01**2) * (var_a + var_b + 0.03**2))).mean())
    return float(np.mean(found))


def test_frames_without_a_face_are_counted_and_told(
    clip: Path, seen: dict[Path, Speaker], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rendered = copy(clip, tmp_path / "rendered.mp4")
    whole = speaker_from_sidecar(clip)
    points = whole.points.copy()
    points[3:7] = np.nan
    seen[rendered] = replace(whole, points=points)
    output = tmp_path / "scores.json"
    assert (
        main(["evaluate-video", str(rendered), str(clip), "--face-model", _model(tmp_path), "--output", str(output)])
        == 0
    )
    assert f"no face in 4 of {len(points)} frames of {rendered}" in capsys.readouterr().out
    told = json.loads(output.read_text())
    assert told["faceless"] == [4, 0]
    assert told["codec"] == "h264, 25 frames a second"
    lmd = next(score for score in told["scores"] if score["name"] == "LMD")
    assert (lmd["value"], lmd["count"]) == (0, len(points) - 4)
    lost = next(score for score in told["scores"] if score["name"] == "frames without a face")
    assert (lost["value"], lost["count"]) == (pytest.approx(4 / len(points)), len(points))


def test_a_face_lost_for_long_leaves_all_but_sync(
    clip: Path, seen: dict[Path, Speaker], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rendered = copy(clip, tmp_path / "rendered.mp4")
    whole = speaker_from_sidecar(clip)
    points = whole.points.copy()
    points[3:11] = np.nan
    seen[rendered] = replace(whole, points=points)
    save_judge(tmp_path / "judge.safetensors", Judge(), {})
    output = tmp_path / "scores.json"
    arguments = ["evaluate-video", str(rendered), str(clip), "--face-model", _model(tmp_path), "--output", str(output)]
    phones = str(clip.with_suffix(".TextGrid"))
    assert main([*arguments, "--judge", str(tmp_path / "judge.safetensors"), "--phones", phones]) == 0
    told = capsys.readouterr().out
    assert f"LSE-C, LSE-D, offset not measured: {rendered}: no face in the 8 frames from number 3 on" in told
    found = {score["name"]: score for score in json.loads(output.read_text())["scores"]}
    for name in ("LSE-C", "LSE-D", "offset"):
        assert (found[name]["value"], found[name]["count"]) == (pytest.approx(np.nan, nan_ok=True), 0)
        assert np.isfinite(found[f"{name}, reference"]["value"])
    for name in ("LMD", "PSNR", "PSNR, mouth", "frames without a face"):
        assert np.isfinite(found[name]["value"])
    assert "closures, recall" in found


def _model(folder: Path) -> str:
    """A file that is taken for the face model."""
    import zipfile

    with zipfile.ZipFile(folder / "model.task", "w") as archive:
        archive.writestr("a", "b")
    return str(folder / "model.task")


def test_videos_that_cannot_be_compared(clip: Path, seen: dict[Path, Speaker], tmp_path: Path) -> None:
    whole = speaker_from_sidecar(clip)
    small, short, blind = tmp_path / "small.mp4", tmp_path / "short.mp4", tmp_path / "blind.mp4"
    seen[small] = replace(whole, size=(100, 100))
    seen[short] = replace(whole, points=whole.points[:-2])
    points = whole.points.copy()
    points[::2] = np.nan
    other = whole.points.copy()
    other[1::2] = np.nan
    seen[blind], seen[tmp_path / "other.mp4"] = replace(whole, points=points), replace(whole, points=other)
    for video, told in ((small, "must have one size"), (short, "at most 1 may differ")):
        with pytest.raises(InputError, match=told):
            evaluate.evaluate_video(video, clip, clip)
    with pytest.raises(InputError, match="no frame shows a face in both"):
        evaluate.evaluate_video(blind, tmp_path / "other.mp4", clip)


def test_lpips_without_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise URLError("no route")

    monkeypatch.setattr("torchvision.models.alexnet", offline)
    with pytest.raises(MissingExtraError, match="AlexNet"):
        open_lpips()


def test_lpips_is_one_of_the_measures(clip: Path) -> None:
    def distance(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return (one - other).abs().mean()

    found = {score.name: score.value for score in picture_scores(clip, clip, 2, None, distance)}
    assert found["LPIPS"] == 0
