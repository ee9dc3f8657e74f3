"""Rows, frames and sound; needs; what goes wrong when driving."""

import json
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pase.errors import InputError
from pase_adapters.doctor.finding import Severity
from pase_adapters.hazards import DrivingFrames, FatalLengths, Hazards, RealTimePath
from pase_adapters.registry import load_registry
from pase_adapters.spec import RendererSpec, Slot


@pytest.fixture
def patient(patient: Any) -> Any:
    """With narrow features, so that long clips are small files."""
    patient.slot = patient.spec.slot("deepspeech")
    patient.write()
    return patient


SLOTS = [(spec, slot) for spec in load_registry().specs.values() for slot in spec.slots]


@pytest.mark.parametrize(("spec", "slot"), SLOTS, ids=lambda value: value.name)
def test_what_pase_adapt_writes_is_healthy(
    make: Callable[[RendererSpec, Slot], Any], spec: RendererSpec, slot: Slot
) -> None:
    report = make(spec, slot).see(stream_context=8)
    assert [finding for finding in report.findings if finding.code != "no-stream"] == []
    assert report.status == 0


@pytest.mark.parametrize(("spec", "slot"), SLOTS, ids=lambda value: value.name)
def test_half_written_features_are_found_for_every_renderer(
    make: Callable[[RendererSpec, Slot], Any], spec: RendererSpec, slot: Slot
) -> None:
    patient = make(spec, slot)
    patient.features.write_bytes(patient.features.read_bytes()[:-4])
    assert "half-written" in patient.findings()


@pytest.mark.parametrize(
    ("rows", "code", "severity"),
    [
        (54, "one-row-apart", Severity.INFO),
        (56, "one-row-apart", Severity.INFO),
        (53, "rows-against-frames", Severity.ERROR),
        (57, "rows-against-frames", Severity.ERROR),
    ],
)
def test_rows_against_frames(patient: Any, rows: int, code: str, severity: Severity) -> None:
    patient.write(rows=rows)
    findings = patient.findings()
    assert set(findings) == {code}
    assert findings[code].severity is severity
    assert f"{rows} rows for 55 video frames" in findings[code].found


@pytest.mark.parametrize(
    ("per_second", "cause"),
    [
        (30, "the video is 30 fps"),
        (29.97, "the video is 30 fps"),
        (24, "the video is 24 fps"),
        (50, "each 20 ms has a row of its own"),
        (50, "the video is 50 fps"),
        (75, "sound at 48 kHz was taken for 16 kHz"),
        (68.9, "sound at 44.1 kHz was taken for 16 kHz"),
        (12.5, "sound at 8 kHz was taken for 16 kHz"),
    ],
)
def test_rates_are_told_apart(patient: Any, per_second: float, cause: str) -> None:
    patient.frames(600, 60)
    patient.sound(20)
    patient.write(rows=round(20 * per_second))
    finding = patient.findings()["drift"]
    assert finding.severity is Severity.ERROR
    assert cause in finding.found


def test_frames_of_another_rate(patient: Any) -> None:
    """Rows and frames agree and both drift from the sound: the video is to blame, which is told once."""
    patient.frames(545, 55)
    patient.sound(20)
    patient.write(rows=600)
    drift = [finding for finding in patient.see().findings if finding.code == "drift"]
    (frames,) = drift
    assert frames.where == str(patient.folder)
    assert "600 video frames" in frames.found
    assert "30.00 a second, expected 25: the video is 30 fps" in frames.found
    assert "kHz was" not in frames.found
    assert "--fps" in frames.remedy


def test_frames_are_not_explained_by_sample_rates(patient: Any) -> None:
    patient.frames(900, 100)
    patient.sound(20)
    patient.features.unlink()
    found = patient.findings()["drift"].found
    assert found.endswith("expected 25: the video is 50 fps")


def test_a_subject_of_30_fps_is_healthy_when_its_note_says_so(patient: Any) -> None:
    patient.frames(545, 55)
    patient.sound(20)
    patient.write(rows=600, rows_per_second=30.0)
    assert patient.findings() == {}


@pytest.mark.parametrize("seconds", [55 / 25 - 0.08, 55 / 25, 55 / 25 + 0.08])
def test_lengths_that_scripts_of_renderers_give_are_no_drift(patient: Any, seconds: float) -> None:
    patient.sound(seconds)
    assert patient.findings() == {}


def test_ends_that_differ(patient: Any) -> None:
    patient.frames(1000, 100)
    patient.sound(44.4)
    patient.write(rows=1100)
    assert patient.findings()["ends-differ"].severity is Severity.WARNING


def test_another_sound(patient: Any) -> None:
    patient.sound(17)
    assert patient.findings()["other-length"].severity is Severity.ERROR


def test_sound_at_another_sample_rate(patient: Any) -> None:
    with wave.open(str(patient.folder / "aud.wav"), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 48_000 * 55 // 25))
    finding = patient.findings()["sample-rate"]
    assert finding.severity is Severity.INFO
    assert "48000 Hz" in finding.found


def test_without_sound(patient: Any) -> None:
    (patient.folder / "aud.wav").unlink()
    assert patient.findings()["no-sound"].severity is Severity.INFO


@pytest.mark.parametrize("content", [b"", b"no sound at all", b"RIFF\x00\x00\x00\x00WAVE"])
def test_sound_that_cannot_be_read(patient: Any, content: bytes) -> None:
    (patient.folder / "aud.wav").write_bytes(content)
    assert patient.findings()["unreadable-sound"].severity is Severity.ERROR


def test_a_split_that_is_too_short(patient: Any) -> None:
    patient.frames(52, 3)
    finding = patient.findings()["too-short"]
    assert finding.where.endswith("transforms_val.json")
    assert "at least 4" in finding.found


def test_a_short_split_whose_windows_reach_beyond_it(patient: Any) -> None:
    patient.spec = replace(patient.spec, hazards=Hazards(own_windows=("transforms_train.json",)))
    patient.frames(52, 3)
    assert patient.findings() == {}
    patient.frames(3, 52)
    assert patient.findings()["too-short"].where.endswith("transforms_train.json")


@pytest.mark.parametrize("content", [None, "{}", "not json", '{"frames": [{"aud_id": "x"}]}', '{"frames": []}'])
def test_no_processed_subject(patient: Any, content: str | None) -> None:
    for name in patient.spec.frame_lists:
        (patient.folder / name).unlink()
        if content is not None:
            (patient.folder / name).write_text(content)
    report = patient.see()
    assert "no-frames" in {finding.code for finding in report.findings}
    assert report.status == 1


def test_missing_and_empty_files_beside_the_features(patient: Any) -> None:
    (patient.folder / "au.csv").unlink()
    finding = patient.findings()["missing-file"]
    assert "OpenFace" in finding.remedy
    (patient.folder / "au.csv").touch()
    assert patient.findings()["empty-file"].where.endswith("au.csv")


# Driving --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("context", "text"), [(2, "crashes"), (3, "crashes"), (4, "wrong windows"), (6, "wrong win")])
def test_a_small_stream_context(patient: Any, context: int, text: str) -> None:
    finding = patient.findings(stream_context=context)["stream-context"]
    assert finding.severity is Severity.ERROR
    assert text in finding.found


@pytest.mark.parametrize("context", [8, 10, 50])
def test_a_stream_context_that_works(patient: Any, context: int) -> None:
    assert patient.findings(stream_context=context) == {}


@pytest.mark.parametrize("context", [0, -8])
def test_no_stream_context(patient: Any, context: int) -> None:
    with pytest.raises(InputError, match="stream context"):
        patient.see(stream_context=context)


def test_training_on_two_columns_and_streaming_sixteen(patient: Any) -> None:
    patient.slot = replace(patient.slot, layout=replace(patient.slot.layout, columns=2, first_column=0))
    patient.spec = replace(patient.spec, slots=(patient.slot,))
    patient.write()
    assert patient.findings() == {}
    assert patient.findings(stream_context=8)["stream-columns"].severity is Severity.ERROR


def test_a_renderer_without_a_real_time_path(patient: Any) -> None:
    patient.spec = replace(patient.spec, hazards=Hazards())
    assert set(patient.findings(stream_context=4)) == {"no-stream"}


@pytest.mark.parametrize(
    ("chunks", "hit"), [(201, 0), (202, 1), (209, 1), (210, 0), (402, 1), (409, 1), (9, 0), (2, 0)]
)
def test_fatal_lengths_of_a_script(patient: Any, chunks: int, hit: int) -> None:
    frames = -(-chunks // 2)
    patient.frames(frames, 5)
    sound = patient.sound(chunks / 50, "other.wav")
    assert ("fatal-length" in patient.findings(audio=sound)) == bool(hit)
    if hit:
        assert patient.findings(audio=sound)["fatal-length"].severity is Severity.INFO
        assert patient.findings(audio=sound, stream_context=50)["fatal-length"].severity is Severity.WARNING


@pytest.mark.parametrize("change", [{"first": 0}, {"last": 201}, {"period": 7}, {"rate": 0}])
def test_fatal_lengths_refuse_wrong_values(change: dict[str, int]) -> None:
    with pytest.raises(InputError, match="fatal lengths"):
        replace(FatalLengths("asr.py", 50, 50, 202, 209, 200, "another"), **change)


def test_real_time_path_refuses_wrong_values() -> None:
    with pytest.raises(InputError, match="at least 1"):
        RealTimePath(columns=0)


def driven(patient: Any, tmp_path: Path, short: str, rows: int) -> dict[str, Any]:
    limit = DrivingFrames("transforms_val.json", short)
    patient.spec = replace(patient.spec, hazards=Hazards(driving_frames=limit))
    patient.frames(45, 10)
    found: dict[str, Any] = patient.findings(driving=patient.write(tmp_path / "speech_hu.npy", rows=rows))
    return found


def test_a_recording_shorter_than_the_frames_it_is_spoken_on(patient: Any, tmp_path: Path) -> None:
    finding = driven(patient, tmp_path, "the batch is lost", 9)["driving-too-short"]
    assert "9 rows, transforms_val.json has 10 frames: the batch is lost" in finding.found
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(("rows", "short"), [(10, "the batch is lost"), (9, "")])
def test_a_recording_that_is_long_enough(patient: Any, tmp_path: Path, rows: int, short: str) -> None:
    assert driven(patient, tmp_path, short, rows) == {}


def test_a_recording_that_is_cut(patient: Any, tmp_path: Path) -> None:
    assert driven(patient, tmp_path, "", 11)["driving-too-long"].severity is Severity.WARNING


def test_lists_of_frames_are_counted_not_their_numbers(patient: Any) -> None:
    """Dropped frames leave holes in the numbers: 3 frames are too few, whatever rows they ask for."""
    frames = [{"img_id": i, "aud_id": i} for i in (50, 52, 54)]
    (patient.folder / "transforms_val.json").write_text(json.dumps({"frames": frames}))
    assert set(patient.findings()) == {"too-short"}
