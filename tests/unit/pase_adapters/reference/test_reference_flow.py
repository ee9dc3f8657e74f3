"""From videos of a synthetic speaker to a rendered one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tests.toy_footage import SIZE, lip_features, toy_footage

from pase.audio.waveform import load_audio, save_wav
from pase.errors import InputError
from pase.video.landmarks import STABLE_INDICES
from pase.video.reading import Picture, iter_frames
from pase.video.speaker import speaker_from_sidecar
from pase.video.writing import write_video
from pase_adapters.cli.main import main
from pase_adapters.reference.features import Features
from pase_adapters.reference.footage import Footage, make_footage
from pase_adapters.reference.nerf import ReferenceNerf
from pase_adapters.reference.rendering import draw_mouths, paste, render, render_take, there_and_back
from pase_adapters.reference.store import KINDS, load_model
from pase_adapters.reference.training import BENCHMARK, Settings, Training
from pase_adapters.reference.warming import components
from pase_adapters.registry import load_registry


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return toy_footage(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def features(footage: Footage, tmp_path_factory: pytest.TempPathFactory) -> Features:
    return lip_features(footage, tmp_path_factory.mktemp("features"))


def settings(kind: str, steps: int = 6) -> Settings:
    return Settings(kind, steps=steps, frames=4, pixels=64, warm_up=3)


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_footage_is_what_the_videos_show(footage: Footage) -> None:
    assert footage.mouths.shape == (sum(take.frames for take in footage.takes), SIZE, SIZE, 3)
    assert len(footage.training) + len(footage.validation) == len(footage)
    assert set(footage.training).isdisjoint(footage.validation)
    second = footage.takes[1]
    picture = next(iter_frames(second.video, 25))
    assert np.array_equal(footage.track.crop(picture, second.first, SIZE), footage.mouths[second.first])
    assert np.abs(footage.poses).max() <= 0.5


TINT = np.array([1.1, 1.0, 0.7])


def copied(
    video: Path, folder: Path, change: Callable[[Picture], Picture], points: NDArray[np.float32] | None = None
) -> Path:
    """The video with other pictures, and landmarks."""
    copy = folder / "copy.mp4"
    write_video(copy, [change(picture) for picture in iter_frames(video, 25)], load_audio(video))
    with np.load(video.with_suffix(".landmarks.npz")) as arrays:
        np.savez(copy.with_suffix(".landmarks.npz"), points=arrays["points"] if points is None else points)
    return copy


def warmed(picture: Picture) -> Picture:
    return (picture * TINT).clip(0, 255).astype(np.uint8)


def test_footage_like_another_is_told_from_its_light(footage: Footage, tmp_path: Path) -> None:
    video = footage.takes[0].video
    first = make_footage([video], tmp_path / "first", SIZE, speaker_from_sidecar)
    warm = copied(video, tmp_path, warmed)
    alone = make_footage([warm], tmp_path / "alone", SIZE, speaker_from_sidecar)
    like = make_footage([warm], tmp_path / "like", SIZE, speaker_from_sidecar, first)
    np.testing.assert_allclose(like.light[0], TINT, atol=0.04)
    frames = np.arange(len(first))
    apart = [np.abs(one.pictures(frames) - first.pictures(frames)).mean() for one in (like, alone)]
    assert apart[0] < 0.3 * apart[1]


def test_footage_like_another_is_told_from_its_pose_and_place(footage: Footage, tmp_path: Path) -> None:
    video = footage.takes[0].video
    first = make_footage([video], tmp_path / "first", SIZE, speaker_from_sidecar)
    with np.load(video.with_suffix(".landmarks.npz")) as arrays:
        points = arrays["points"].copy()
    eyes = np.abs(first.track.scale_rotation).mean()
    stable = len(STABLE_INDICES)
    points[..., stable - 2 : stable, 0] += 0.05 * eyes  # the bridge of the nose
    points[..., stable:, 1] += 0.1 * eyes  # the lips
    turned = copied(video, tmp_path, lambda picture: picture, points)
    alone = make_footage([turned], tmp_path / "alone", SIZE, speaker_from_sidecar)
    like = make_footage([turned], tmp_path / "like", SIZE, speaker_from_sidecar, first)
    assert like.poses[:, 0].mean() > first.poses[:, 0].mean() + 0.05
    assert abs(alone.poses[:, 0].mean() - first.poses[:, 0].mean()) < 0.01
    assert like.track.centre == first.track.centre
    assert like.track.lip_points[..., 1].mean() > first.track.lip_points[..., 1].mean() + 0.05
    assert alone.track.centre.imag > first.track.centre.imag + 0.05
    assert np.array_equal(like.means.colour, first.means.colour)
    assert (like.means.nose, like.means.centre) == (first.means.nose, first.means.centre)


def test_the_light_of_each_video_is_taken_out_and_put_back(footage: Footage, tmp_path: Path) -> None:
    video = footage.takes[0].video
    warm = copied(video, tmp_path, warmed)
    both = make_footage([video, warm], tmp_path / "both", SIZE, speaker_from_sidecar)
    half = both.takes[1].first
    np.testing.assert_allclose(both.light[half] / both.light[0], TINT, atol=0.04)
    assert np.ptp(both.light[:half], axis=0).max() == 0
    frames = np.arange(half)
    apart = np.abs(both.pictures(frames) - both.pictures(frames + half)).mean()
    unlit = np.abs(both.mouths[frames] / 255 - both.mouths[frames + half] / 255).mean()
    assert apart < 0.3 * unlit
    model = ReferenceNerf(6, SIZE, torch.from_numpy(both.pictures(frames).mean(axis=0))).eval()
    features = lip_features(both, tmp_path)
    cold, lit = (next(draw_mouths(model, features, both, np.array([one]))).mean(axis=(0, 1)) for one in (0, half))
    np.testing.assert_allclose(lit / cold, both.light[half] / both.light[0], atol=0.03)


def test_a_mouth_put_back_where_it_was_changes_little(footage: Footage) -> None:
    take = footage.takes[0]
    picture = next(iter_frames(take.video, 25))
    mouth = footage.track.crop(picture, 0, 128)
    same = paste(picture, mouth, footage.track, 0)
    assert np.abs(same.astype(int) - picture).mean() < 1
    other = paste(picture, 255 - mouth, footage.track, 0)
    middle = footage.track.scale_rotation[0] * footage.track.centre + footage.track.shift[0]
    x, y = int(middle.real), int(middle.imag)
    assert np.abs(other[y, x].astype(int) - (255 - picture[y, x].astype(int))).max() < 40
    assert np.array_equal(other[0, 0], picture[0, 0])
    outside = replace(footage.track, shift=footage.track.shift + 10_000)
    assert np.array_equal(paste(picture, mouth, outside, 0), picture)


def test_training_that_was_stopped_ends_with_the_same_weights(
    kind: str, footage: Footage, features: Features, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pase_adapters.reference.training._SAVE_EVERY", 2)
    whole = Training(footage, features, settings(kind), tmp_path / "whole").run()
    stopped = Training(footage, features, settings(kind), tmp_path / "stopped")
    step, calls = stopped._step, []

    def dying() -> float:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return step()

    monkeypatch.setattr(stopped, "_step", dying)
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    again = Training(footage, features, settings(kind), tmp_path / "stopped")
    resumed = again.run()
    for name, own in whole.state_dict().items():
        assert torch.equal(own, resumed.state_dict()[name]), name
    loaded, about = load_model(tmp_path / "stopped")
    assert about["training"]["steps"] == 6
    assert (loaded.columns, loaded.source) == (2, features.source)
    assert all(torch.equal(own, loaded.state_dict()[name]) for name, own in resumed.state_dict().items())


def test_a_renderer_learns_what_the_features_tell(kind: str, tmp_path: Path) -> None:
    """On frames that it has not seen it draws the mouth better than the mean picture."""
    footage = toy_footage(tmp_path, clips=1)
    features = lip_features(footage, tmp_path)
    settings = Settings(kind, steps=100, frames=8, pixels=256, warm_up=150)
    model = Training(footage, features, settings, tmp_path / "model").run().eval()
    kept = footage.validation
    mouths = footage.mouths[kept].astype(float)
    drawn = np.stack(list(draw_mouths(model, features, footage, np.arange(len(footage)))))[kept].astype(float)
    still = (mouths - footage.mouths[footage.training].mean(axis=0)) ** 2
    assert ((mouths - drawn) ** 2).mean() < 0.7 * still.mean()


def test_a_folder_with_another_training_is_not_gone_on_with(
    footage: Footage, features: Features, tmp_path: Path
) -> None:
    Training(footage, features, settings("reference-3dgs", 1), tmp_path).run()
    with pytest.raises(InputError, match="other settings"):
        Training(footage, features, settings("reference-3dgs", 2), tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a state", b"PK\x03\x04 half a file"])
def test_a_damaged_state_is_named(content: bytes, footage: Footage, features: Features, tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(InputError, match="remove it to begin anew"):
        Training(footage, features, settings("reference-nerf", 1), tmp_path)


@pytest.mark.parametrize(("kind", "hears"), [("reference-nerf", "er-nerf"), ("reference-3dgs", "gaussian-talker")])
def test_the_commands_lead_to_a_video(
    kind: str, hears: str, footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BENCHMARK, kind, replace(BENCHMARK[kind], warm_up=3))
    videos = [str(take.video) for take in footage.takes]
    subject, model, video = tmp_path / "subject", tmp_path / "model", tmp_path / "out.mp4"
    made = ["--size", "32", "--landmarks", "sidecar", "--output"]
    assert main(["subject", *videos, *made, str(subject)]) == 0
    extra = tmp_path / "extra"
    assert main(["subject", videos[0], *made, str(extra), "--like", str(subject)]) == 0
    assert Footage.open(extra).means.nose == Footage.open(subject).means.nose
    assert main(["--renderer", hears, "--audio", str(subject / "aud.wav"), "--data-dir", str(subject)]) == 0
    trained = ["train", str(subject), "--renderer", kind, "--output", str(model)]
    assert main([*trained, "--steps", "2", "--device", "cpu"]) == 0
    file = subject / load_registry().get(hears).slot(None).training_file
    given = ["--features", str(file), "--audio", str(subject / "aud.wav"), "--output", str(video)]
    assert main(["render", str(model), "--subject", str(subject), *given, "--device", "cpu"]) == 0
    pictures = list(iter_frames(video, 25))
    assert len(pictures) == len(footage)
    assert pictures[0].shape == next(iter_frames(footage.takes[0].video, 25)).shape


def test_options_that_cannot_be(
    footage: Footage, features: Features, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = ["train", str(footage.folder), "--renderer", "reference-3dgs", "--features", str(features.path)]
    output = ["--output", str(tmp_path / "model")]
    assert main([*trained, *output, "--steps", "0"]) == 1
    assert "must be at least 1" in capsys.readouterr().err
    assert main([*trained, *output, "--steps", "1", "--device", "gpu"]) == 1
    assert "no device 'gpu'" in capsys.readouterr().err
    Training(footage, features, settings("reference-3dgs", 1), tmp_path / "model").run()
    given = ["--features", str(features.path), "--audio", str(footage.sound), "--output", str(tmp_path / "out.mp4")]
    rendered = ["render", str(tmp_path / "model"), "--subject", str(footage.folder), *given]
    assert main([*rendered, "--device", "gpu"]) == 1
    assert "no device 'gpu'" in capsys.readouterr().err


def sweep(frames: int) -> NDArray[np.float32]:
    """A tone that rises, of so many video frames: no part of it is like another."""
    time = np.arange(640 * frames) / 16_000
    return (0.3 * np.sin(2 * np.pi * (200 * time + 150 * time**2))).astype(np.float32)


def likeness(video: Path, sound: NDArray[np.float32]) -> float:
    """Correlation of a video's sound with what it should be."""
    heard = load_audio(video)
    assert abs(len(heard) - len(sound)) <= 1024  # a block of AAC
    count = min(len(heard), len(sound))
    return float(np.corrcoef(heard[:count], sound[:count])[0, 1])


def test_other_recordings_go_there_and_back(footage: Footage, features: Features, tmp_path: Path) -> None:
    Training(footage, features, settings("reference-3dgs", 1), tmp_path).run()
    model, _ = load_model(tmp_path)
    frames = footage.takes[0].frames + 30
    sound = sweep(frames)
    save_wav(tmp_path / "new.wav", sound)
    np.save(tmp_path / "new.npy", np.zeros((frames, 2, features.width), np.float32))
    novel = Features.open(tmp_path / "new.npy")
    assert render(model, novel, tmp_path / "new.wav", footage, tmp_path / "new.mp4") == frames
    assert len(list(iter_frames(tmp_path / "new.mp4", 25))) == frames
    assert likeness(tmp_path / "new.mp4", sound) > 0.95
    assert list(there_and_back(4, 9)) == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert list(there_and_back(1, 3)) == [0, 0, 0]


def test_a_take_keeps_its_own_sound(footage: Footage, features: Features, tmp_path: Path) -> None:
    Training(footage, features, settings("reference-3dgs", 1), tmp_path).run()
    model, _ = load_model(tmp_path)
    save_wav(tmp_path / "aud.wav", sweep(len(footage)))
    resounded = replace(footage, folder=tmp_path)
    take = footage.takes[1]
    own = slice(take.first, take.first + take.frames)
    driving = replace(features, rows=features.rows[own])
    render_take(model, driving, resounded, take, tmp_path / "take.mp4")
    assert len(list(iter_frames(tmp_path / "take.mp4", 25))) == take.frames
    assert likeness(tmp_path / "take.mp4", sweep(len(footage))[640 * own.start : 640 * own.stop]) > 0.95


def test_components_are_of_unit_size_together(footage: Footage) -> None:
    found = components(footage)
    assert found.shape == (len(footage), 24)
    assert 0.5 < np.square(found[footage.training]).mean() < 2


def test_what_does_not_fit_is_refused(footage: Footage, features: Features, tmp_path: Path) -> None:
    Training(footage, features, settings("reference-3dgs", 1), tmp_path / "model").run()
    model, _ = load_model(tmp_path / "model")
    np.save(tmp_path / "short.npy", np.zeros((len(footage) - 2, 2, features.width), np.float32))
    np.save(tmp_path / "wide.npy", np.zeros((len(footage), 2, features.width + 1), np.float32))
    short, wide = Features.open(tmp_path / "short.npy"), Features.open(tmp_path / "wide.npy")
    with pytest.raises(InputError, match=r"rows and .* frames"):
        Training(footage, short, settings("reference-nerf"), tmp_path / "other")
    with pytest.raises(InputError, match=r"short\.npy has .* lasts"):
        render(model, short, footage.sound, footage, tmp_path / "out.mp4")
    with pytest.raises(InputError, match="was trained on 6"):
        render(model, wide, footage.sound, footage, tmp_path / "out.mp4")
    small = replace(footage, mouths=footage.mouths[:, :16, :16])
    with pytest.raises(InputError, match="--size 32"):
        render(model, features, footage.sound, small, tmp_path / "out.mp4")
    np.save(tmp_path / "long.npy", np.zeros((len(footage), 16, features.width), np.float32))
    long = Features.open(tmp_path / "long.npy")
    with pytest.raises(InputError, match="16 columns, the renderer was trained on rows of 2"):
        render(model, long, footage.sound, footage, tmp_path / "out.mp4")
    with pytest.raises(InputError, match="16 columns, the renderer was trained on rows of 2"):
        render_take(
            model,
            replace(long, rows=long.rows[: footage.takes[0].frames]),
            footage,
            footage.takes[0],
            tmp_path / "out.mp4",
        )
    with pytest.raises(InputError, match=r"rows and .* frames"):
        render_take(model, features, footage, footage.takes[0], tmp_path / "out.mp4")
    model.source = "a"
    with pytest.raises(InputError, match="make them again with that checkpoint"):
        render(model, replace(features, source="b"), footage.sound, footage, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((5, 44), np.float32), "1 to 16 columns"),
        (np.zeros((5, 17, 44), np.float32), "1 to 16 columns"),
        (np.zeros((5, 2, 44), np.int64), "1 to 16 columns"),
        (np.full((5, 2, 44), np.nan, np.float32), "not finite"),
    ],
)
def test_feature_files_that_are_none(array: np.ndarray, told: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=told):
        Features.open(tmp_path / "a.npy")


def test_half_a_feature_file(features: Features, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(features.path.read_bytes()[:-8])
    with pytest.raises(InputError, match="half-written"):
        Features.open(tmp_path / "a.npy")


def test_videos_that_cannot_become_footage(footage: Footage, tmp_path: Path) -> None:
    video, new = footage.takes[0].video, tmp_path / "new"
    with pytest.raises(InputError, match="given twice"):
        make_footage([video, video], new, SIZE, speaker_from_sidecar)
    with pytest.raises(InputError, match="holds footage already"):
        make_footage([video], footage.folder, SIZE, speaker_from_sidecar)
    with pytest.raises(InputError, match="holds no footage"):
        Footage.open(tmp_path)
    speaker = speaker_from_sidecar(video)
    width, height = speaker.size
    for size in ((width - 1, height), (width, height - 1)):
        with pytest.raises(InputError, match=r"even width and height.*ffmpeg"):
            make_footage([video], new, SIZE, lambda _, size=size: replace(speaker, size=size))
    with pytest.raises(InputError, match=r"outside the picture.*Cut the video"):
        make_footage([video], new, SIZE, lambda _: replace(speaker, points=speaker.points + 10_000))
    lost = speaker.points.copy()
    lost[3:13] = np.nan
    with pytest.raises(InputError, match=r"no face in the 10 frames from number 3.*Cut the video"):
        make_footage([video], new, SIZE, lambda _: replace(speaker, points=lost))
    nobody = copied(video, tmp_path, lambda picture: picture, np.full_like(speaker.points, np.nan))
    with pytest.raises(InputError, match="shows no face in any"):
        make_footage([nobody], new, SIZE, speaker_from_sidecar)
    assert not (new / "footage.json").exists()


def test_sound_that_ends_before_the_pictures(footage: Footage, tmp_path: Path) -> None:
    take = footage.takes[0]
    pictures = list(iter_frames(take.video, 25))
    speaker = speaker_from_sidecar(take.video)
    sound = sweep(len(pictures))
    write_video(tmp_path / "early.mp4", pictures, sound[: -640 * 20])
    with pytest.raises(InputError, match=r"early.mp4 ends 0\.\d+ s before its pictures"):
        make_footage([tmp_path / "early.mp4"], tmp_path / "early", SIZE, lambda _: speaker)
    write_video(tmp_path / "padded.mp4", pictures, sound[: -640 * 8])
    padded = make_footage([tmp_path / "padded.mp4"], tmp_path / "padded", SIZE, lambda _: speaker)
    heard = load_audio(padded.sound)
    assert len(heard) == 640 * len(padded)
    assert np.abs(heard[-640 * 5 :]).max() < 0.01 < np.abs(heard[-640 * 12 : -640 * 9]).max()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 9}, "format 1"),
        ({"width": 10**9}, "width"),
        ({"size": "x"}, "size"),
        ({"size": True}, "size"),
        ({"columns": 17}, "columns"),
        ({"source": None}, "source"),
        ({"renderer": []}, "format 1"),
    ],
)
def test_damaged_models(
    change: dict[str, object], told: str, footage: Footage, features: Features, tmp_path: Path
) -> None:
    import json

    Training(footage, features, settings("reference-3dgs", 1), tmp_path).run()
    path = tmp_path / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InputError, match=told):
        load_model(tmp_path)


def test_damaged_weights(footage: Footage, features: Features, tmp_path: Path) -> None:
    Training(footage, features, settings("reference-nerf", 1), tmp_path).run()
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="damaged"):
        load_model(tmp_path)
    save_file({name: value * torch.nan for name, value in weights.items()}, path)
    with pytest.raises(InputError, match="NaN or infinite"):
        load_model(tmp_path)
    with pytest.raises(InputError, match="holds no trained renderer"):
        load_model(tmp_path / "elsewhere")
