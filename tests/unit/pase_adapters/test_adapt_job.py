import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pase.audio.waveform import save_wav
from pase.errors import InputError
from pase_adapters.adapt import Job, adapt
from pase_adapters.feature_file import note_path, read_origin
from pase_adapters.spec import RendererSpec

CHECKPOINT = Path("checkpoint")


@pytest.fixture
def job(spec: RendererSpec, make_wav: Callable[..., Path], tmp_path: Path) -> Job:
    return Job(spec, make_wav(2.0), CHECKPOINT, tmp_path / "out")


def lines(result: Any) -> list[str]:
    return [command.line for command in result.commands]


def test_writes_one_row_per_frame(job: Job, encoder: Any) -> None:
    result = adapt(job, lambda _: encoder)
    array = np.load(result.features)
    assert result.features == job.output / "aud_eo.npy"
    assert (result.rows, result.frames, result.feature_width) == (50, None, 8)
    assert array.shape == (50, 16, 44)
    assert array[10, 8, 0] == pytest.approx(
        21 * np.sqrt(44 / 8)
    )  # column 8 of row 10: the 20 ms frame 20, counted from 1


def test_unknown_subject_gets_a_copy_command(job: Job, encoder: Any) -> None:
    commands = lines(adapt(job, lambda _: encoder))
    assert commands[0] == f"cp {job.features.resolve()} {note_path(job.features.resolve())} data/ID/"
    assert commands[1] == "python main.py data/ID --workspace trial_ID_pase -O --iters 100000 --asr_model esperanto"


def test_subject_folder_needs_no_copy(job: Job, encoder: Any, make_subject: Callable[[int], Path]) -> None:
    subject = make_subject(50)
    result = adapt(replace(job, output=subject, data_dir=subject), lambda _: encoder)
    assert result.frames == 50
    assert lines(result)[0].startswith(f"python main.py '{subject}' --workspace 'trial_subject one_pase' -O")


@pytest.mark.parametrize(("frames", "filled"), [(49, True), (50, True), (51, True), (51 + 7, False)])
def test_rows_follow_the_subject_within_the_tolerance(
    job: Job, encoder: Any, make_subject: Callable[[int], Path], frames: int, filled: bool
) -> None:
    result = adapt(replace(job, data_dir=make_subject(frames), tolerance=8), lambda _: encoder)
    array = np.load(result.features)
    assert (len(array), result.rows, result.sound_rows) == (frames, frames, 50)
    assert array[-1].any() == filled  # a row far beyond the sound holds nothing but zeros


@pytest.mark.parametrize(("frames", "mild"), [(48, True), (52, True), (75, True), (76, False), (500, False)])
def test_wrong_length_is_refused_with_the_remedy(
    job: Job, encoder: Any, make_subject: Callable[[int], Path], frames: int, mild: bool
) -> None:
    with pytest.raises(InputError, match=f"50 rows.*{frames} video frames") as refused:
        adapt(replace(job, data_dir=make_subject(frames)), lambda _: encoder)
    assert (f"--tolerance {abs(frames - 50)}" in str(refused.value)) == mild
    assert not job.features.exists()


def test_driving_names_the_file_by_the_recording(job: Job, encoder: Any, make_subject: Callable[[int], Path]) -> None:
    result = adapt(replace(job, data_dir=make_subject(500), driving=True), lambda _: encoder)
    assert result.features.name == "speech_eo.npy"
    assert (result.rows, result.frames) == (50, None)
    assert f"--aud {result.features.resolve()} --asr_model esperanto" in lines(result)[0]


def test_a_renderer_that_reads_no_other_recording_says_so(job: Job, encoder: Any) -> None:
    spec = replace(job.spec, driving_commands=(), limits=("it encodes sound itself",))
    with pytest.raises(InputError, match=r"reads no file for another recording\. it encodes sound itself"):
        adapt(replace(job, spec=spec, driving=True), lambda _: encoder)
    assert encoder.encoded == []


def test_driving_by_another_checkpoint_is_refused(
    job: Job, make_encoder: Callable[..., Any], make_subject: Callable[[int], Path]
) -> None:
    subject = make_subject(50)
    adapt(replace(job, output=subject, data_dir=subject), lambda _: make_encoder("model-a"))
    driving = replace(job, data_dir=subject, driving=True)
    with pytest.raises(InputError, match=r"model-a.*model-b"):
        adapt(driving, lambda _: make_encoder("model-b"))
    adapt(driving, lambda _: make_encoder("model-a"))
    adapt(replace(driving, force=True), lambda _: make_encoder("model-b"))


def test_driving_a_subject_of_other_features_is_refused(
    job: Job, encoder: Any, make_subject: Callable[[int], Path]
) -> None:
    subject = make_subject(50)
    np.save(subject / "aud_eo.npy", np.zeros((50, 2, 44), dtype=np.float32))
    with pytest.raises(InputError, match="not written by pase-adapt"):
        adapt(replace(job, data_dir=subject, driving=True), lambda _: encoder)


def test_doing_the_same_again_needs_no_force(job: Job, encoder: Any) -> None:
    adapt(job, lambda _: encoder)
    before = job.features.read_bytes()
    adapt(job, lambda _: encoder)
    assert job.features.read_bytes() == before


@pytest.mark.parametrize("change", ["checkpoint", "sound", "renderer", "foreign"])
def test_other_features_are_not_overwritten_unasked(
    job: Job, make_encoder: Callable[..., Any], make_wav: Callable[..., Path], change: str
) -> None:
    adapt(job, lambda _: make_encoder())
    before = job.features.read_bytes()
    expected = {
        "checkpoint": r"another checkpoint \(model-a, now model-b\)",
        "sound": "another recording",
        "renderer": "renderer er-nerf",
        "foreign": "not written by pase-adapt",
    }[change]
    later = make_encoder("model-b" if change == "checkpoint" else "model-a")
    if change == "sound":
        job = replace(job, audio=make_wav(3.0, "other.wav"))
    if change == "renderer":
        job = replace(job, spec=replace(job.spec, name="rad-nerf"))
    if change == "foreign":
        job.features.with_suffix(".pase.json").unlink()
    with pytest.raises(InputError, match=expected):
        adapt(job, lambda _: later)
    assert later.encoded == []  # refused before the long work
    assert job.features.read_bytes() == before
    adapt(replace(job, force=True), lambda _: later)
    origin = read_origin(job.features)
    assert origin is not None
    assert origin.model_id == later.info.model_id


def test_note_names_the_checkpoint_and_the_sound(job: Job, encoder: Any) -> None:
    adapt(job, lambda _: encoder)
    note = json.loads((job.output / "aud_eo.pase.json").read_text())
    assert note["model_id"] == "model-a"
    assert len(note["audio_sha256"]) == 64
    assert note["duration"] == 2.0


@pytest.mark.parametrize(("seconds", "rows"), [(0.01, 1), (0.12, 3)])
def test_too_short_for_the_renderer(
    job: Job, encoder: Any, make_wav: Callable[..., Path], seconds: float, rows: int
) -> None:
    with pytest.raises(InputError, match=rf"gives {rows} rows .* at least 4 \(0\.16 s\)"):
        adapt(replace(job, audio=make_wav(seconds)), lambda _: encoder)
    assert not job.features.exists()


def test_four_rows_are_enough(job: Job, encoder: Any, make_wav: Callable[..., Path]) -> None:
    assert adapt(replace(job, audio=make_wav(0.16)), lambda _: encoder).rows == 4


@pytest.mark.parametrize(
    ("slot", "width", "shape", "kept"),
    [("hubert", 2048, 1024, 1024), ("hubert", 128, 1024, 128), ("pase", 128, 32, 32), ("any", 128, 128, 128)],
)
def test_features_are_padded_projected_or_left_as_the_slot_wants(
    job: Job, make_encoder: Callable[..., Any], slot: str, width: int, shape: int, kept: int
) -> None:
    result = adapt(replace(job, slot_name=slot), lambda _: make_encoder(width=width))
    array = np.load(result.features)
    assert array.shape == result.shape == (50, 16, shape)
    assert (result.encoder_width, result.feature_width) == (width, kept)
    assert array[10, 8, 1] == pytest.approx(np.sqrt(shape / kept))
    assert array[10, 8, kept - 1] != 0
    assert not array[:, :, kept:].any()


def test_a_slot_of_any_width_is_started_by_the_launcher(job: Job, encoder: Any) -> None:
    commands = lines(adapt(replace(job, slot_name="any"), lambda _: encoder))
    assert commands[1].startswith("pase-adapt run --renderer er-nerf -- main.py data/ID --workspace trial_ID_pase -O")
    assert all(line.endswith("--asr_model pase") for line in commands[1:])


@pytest.mark.parametrize(("fps", "rows"), [(None, 50), (30, 60), (30000 / 1001, 60), (50, 100)])
def test_rows_follow_the_frame_rate(job: Job, encoder: Any, fps: float | None, rows: int) -> None:
    array = np.load(adapt(replace(job, fps=fps), lambda _: encoder).features)
    assert len(array) == rows
    for row in (9, rows // 2):  # column 8 begins with the video frame, whose moment feature 0 tells
        assert array[row, 8, 0] / np.sqrt(44 / 8) == pytest.approx(50 * row / (fps or 25) + 1, abs=1e-3)


def test_features_for_another_frame_rate_or_with_the_gate_are_not_the_same(job: Job, encoder: Any) -> None:
    adapt(job, lambda _: encoder)
    adapt(job, lambda _: encoder)
    with pytest.raises(InputError, match="was made for 25 frames per second"):
        adapt(replace(job, fps=30), lambda _: encoder)
    with pytest.raises(InputError, match="was made without the silence gate"):
        adapt(replace(job, gated=True), lambda _: encoder)


def test_the_gate_brings_pauses_to_rest(job: Job, encoder: Any, tmp_path: Path) -> None:
    tone = 0.3 * np.sin(np.arange(16_000) * 0.1).astype(np.float32)
    save_wav(tmp_path / "pause.wav", np.concatenate([tone, np.zeros(32_000, np.float32), tone]))
    spoken = replace(job, audio=tmp_path / "pause.wav", driving=True)
    result = adapt(replace(spoken, gated=True), lambda _: encoder)
    array = np.load(result.features)[:, 8, 1] / np.sqrt(44 / 8)  # a feature that is one everywhere
    assert result.silent == pytest.approx(0.36, abs=0.03)  # 2 s of 4, less what is held and faded at both ends
    np.testing.assert_allclose(array[[5, 20, 80, 95]], 1)
    np.testing.assert_array_equal(array[35:65], 0)
    assert np.abs(np.diff(array)).max() < 0.55  # 40 ms of a fade of 120 ms, and no step


def test_absent_sound_is_refused_before_the_checkpoint_is_loaded(job: Job, tmp_path: Path) -> None:
    def load(_: Path) -> Any:
        pytest.fail("loaded")

    with pytest.raises(InputError, match=r"absent\.wav cannot be read: No such file"):
        adapt(replace(job, audio=tmp_path / "absent.wav"), load)


def test_unwritable_output(job: Job, encoder: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write to the folder"):
        adapt(replace(job, output=tmp_path / "file"), lambda _: encoder)
    assert encoder.encoded == []


def test_negative_tolerance(job: Job) -> None:
    with pytest.raises(InputError, match="tolerance"):
        replace(job, tolerance=-1)
