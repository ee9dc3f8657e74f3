"""Presence, shape, type and numbers of the feature file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pase_adapters.array_file import read_array_file
from pase_adapters.doctor.finding import Severity
from pase_adapters.doctor.values import scan_values
from pase_adapters.spec import Need

SHAPE = (55, 16, 44)


def noise(shape: tuple[int, ...] = SHAPE, dtype: str = "<f4") -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def test_nothing_is_wrong_with_a_healthy_subject(patient: Any) -> None:
    report = patient.see()
    assert report.findings == ()
    assert report.status == 0
    assert any("55 x 16 x 44, float32" in line for line in report.checked)


def test_missing_features(patient: Any) -> None:
    patient.features.unlink()
    finding = patient.findings()["no-features"]
    assert finding.severity is Severity.ERROR
    assert finding.remedy.startswith("pase-adapt --renderer er-nerf --slot esperanto --audio '")
    assert "--data-dir" in finding.remedy


def test_features_under_the_name_of_another_slot(patient: Any) -> None:
    np.save(patient.folder / "aud_hu.npy", noise((55, 16, 1024)))
    patient.features.unlink()
    finding = patient.findings()["wrong-name"]
    assert "aud_hu.npy (55 x 16 x 1024, float32)" in finding.found
    assert "--slot hubert" in finding.remedy
    assert "--asr_model hubert" in finding.remedy


def test_features_under_a_name_that_no_slot_reads(patient: Any) -> None:
    patient.features.rename(patient.folder / "features.npy")
    finding = patient.findings()["wrong-name"]
    assert "features.npy" in finding.found
    assert "--slot esperanto" in finding.remedy


def test_other_arrays_of_the_subject_are_not_taken_for_features(patient: Any) -> None:
    np.save(patient.folder / "blinks.npy", noise((55, 52)))
    np.save(patient.folder / "bs.npy", noise((55, 16, 52)))
    patient.spec = replace(patient.spec, needs=(*patient.spec.needs, Need("bs.npy", "its preprocessing")))
    (patient.folder / "broken.npy").write_bytes(b"nothing")
    patient.features.unlink()
    assert "no-features" in patient.findings()


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ((55, 44), "wrong-shape"),
        ((1, 55, 16, 44), "wrong-shape"),
        ((), "wrong-shape"),
        ((55, 16, 1023), "wrong-width"),
        ((55, 16, 1024), "wrong-width"),
        ((55, 16, 0), "wrong-width"),
        ((55, 0, 44), "wrong-columns"),
        ((55, 17, 44), "columns-cut"),
        ((3, 16, 44), "too-short"),
        ((0, 16, 44), "too-short"),
    ],
)
def test_wrong_shapes(patient: Any, shape: tuple[int, ...], code: str) -> None:
    patient.spoil(noise(shape))
    report = patient.see()
    assert code in {finding.code for finding in report.findings}
    assert report.status == 1


def test_two_axes_are_taken_for_labels(patient: Any) -> None:
    patient.spoil(noise((55, 44)))
    assert "class labels" in patient.findings()["wrong-shape"].found


def test_width_of_another_slot_is_recognised(patient: Any) -> None:
    patient.spoil(noise((55, 16, 1024)))
    found = patient.findings()["wrong-width"].found
    assert "slot any (aud.npy) or hubert (aud_hu.npy)" in found
    assert "deepspeech" not in found


@pytest.mark.parametrize("columns", [1, 2, 8])
def test_fewer_columns_are_taken_with_a_warning(patient: Any, columns: int) -> None:
    patient.spoil(noise((55, columns, 44)))
    assert patient.findings()["other-columns"].severity is Severity.WARNING
    assert patient.see().status == 3


def test_any_width_fits_the_launched_slot(patient: Any) -> None:
    patient.slot = patient.spec.slot("any")
    patient.spoil(noise((55, 16, 333)))
    assert set(patient.findings()) == {"no-note"}


@pytest.mark.parametrize("dtype", ["<i4", "|u1", "<c8", "|b1", "<U3", ">f4", "|V8"])
def test_types_that_no_renderer_takes(patient: Any, dtype: str) -> None:
    patient.spoil(np.zeros((55, 16, 44), dtype))
    assert patient.findings()["wrong-type"].severity is Severity.ERROR


def test_pickled_objects(patient: Any) -> None:
    array = np.empty((55, 16, 4), dtype=object)
    np.save(patient.features, array, allow_pickle=True)
    assert "wrong-type" in patient.findings()


@pytest.mark.parametrize("dtype", ["<f2", "<f8"])
def test_other_floats_are_no_fault(patient: Any, dtype: str) -> None:
    patient.spoil(noise(dtype=dtype))
    assert patient.findings()["other-type"].severity is Severity.INFO
    assert patient.see().status == 0


def test_half_written(patient: Any) -> None:
    content = patient.features.read_bytes()
    patient.features.write_bytes(content[:-1])
    assert patient.findings()["half-written"].severity is Severity.ERROR


def test_bytes_behind_the_array(patient: Any) -> None:
    with patient.features.open("ab") as file:
        file.write(b"more")
    assert patient.findings()["extra-bytes"].severity is Severity.WARNING


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04 an archive", b"\x93NUMPY\x03\x00" + bytes(40)])
def test_no_array_at_all(patient: Any, content: bytes) -> None:
    patient.features.write_bytes(content)
    finding = patient.findings()["unreadable"]
    assert finding.severity is Severity.ERROR
    assert "no whole .npy file" in finding.found


def put(array: np.ndarray, row: int, value: float) -> None:
    array[row, 3, 5] = value


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(patient: Any, value: float) -> None:
    patient.change(lambda array: put(array, 54, value))
    assert "1 numbers are NaN or infinite, in row 54" in patient.findings()["not-finite"].found


@pytest.mark.parametrize(
    ("value", "severity"), [(-5e4, Severity.ERROR), (2e4, Severity.WARNING), (1e4, None), (-9e3, None)]
)
def test_huge_numbers(patient: Any, value: float, severity: Severity | None) -> None:
    patient.change(lambda array: put(array, 0, value))
    finding = patient.findings().get("huge-values")
    assert (finding and finding.severity) == severity


def clear(array: np.ndarray, rows: slice) -> None:
    array[rows] = 0


@pytest.mark.parametrize(
    ("rows", "code", "severity"),
    [
        (slice(None), "all-zero", Severity.ERROR),
        (slice(7, 9), "zero-rows", Severity.WARNING),
        (slice(54, 55), "zero-rows", Severity.INFO),
        (slice(0, 1), "zero-rows", Severity.WARNING),
    ],
)
def test_rows_of_zeros(patient: Any, rows: slice, code: str, severity: Severity) -> None:
    patient.change(lambda array: clear(array, rows))
    assert patient.findings()[code].severity is severity


def test_zeros_of_the_silence_gate_are_meant(patient: Any) -> None:
    patient.write(gated=True)
    patient.change(lambda array: clear(array, slice(7, 30)))
    assert patient.findings()["zero-rows"].severity is Severity.INFO


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8"])
def test_scan_in_blocks_sees_what_a_look_at_the_whole_sees(tmp_path: Path, order: str, dtype: str) -> None:
    array = np.asarray(noise((3000, 2, 512), dtype), order=order)
    array[[0, 1234, 2999], 1, 7] = [np.nan, -np.inf, np.inf]
    array[[5, 2047, 2048]] = 0
    array[77, 0, 0] = -1000
    np.save(tmp_path / "a.npy", array)
    file = read_array_file(tmp_path / "a.npy")
    values = scan_values(file)
    assert file.fortran == (order == "F")
    assert values.not_finite == 3
    assert values.largest == 1000
    assert values.bad_rows.tolist() == [0, 1234, 2999]
    assert values.zero_rows.tolist() == [5, 2047, 2048]
