"""From where the launcher knows how wide the features are."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pase.errors import InputError
from pase.files import write_json
from pase_adapters.feature_file import Origin, note_path
from pase_adapters.launch.width import Width, launched_slot, read_width, subject_width
from pase_adapters.spec import Launch, RendererSpec

ORIGIN = Origin("er-nerf", "any", "model-a", "f" * 64, 25.0, gated=False)


def save(path: Path, array: NDArray[np.generic], *, note: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)
    if note:
        write_json(note_path(path), dataclasses.asdict(ORIGIN))
    return path


def rows(width: int) -> NDArray[np.float32]:
    return np.zeros((5, 16, width), dtype=np.float32)


@pytest.fixture
def with_option(spec: RendererSpec) -> Callable[[str], RendererSpec]:
    def make(option: str) -> RendererSpec:
        return dataclasses.replace(spec, launch=Launch("nerf.network", subject_option=option))

    return make


@pytest.mark.parametrize("width", [0, -4])
def test_width_is_positive(width: int) -> None:
    with pytest.raises(InputError, match="at least 1"):
        Width(width, "--width")


def test_slot_of_any_width_is_taken(spec: RendererSpec) -> None:
    assert launched_slot(spec).name == "any"


def test_width_and_checkpoint_are_read(spec: RendererSpec, tmp_path: Path) -> None:
    path = save(tmp_path / "aud.npy", rows(48))
    assert read_width(path, launched_slot(spec).layout) == Width(48, f"{path}, PASE checkpoint model-a")


def test_flat_features_have_no_columns(spec: RendererSpec, tmp_path: Path) -> None:
    flat = dataclasses.replace(launched_slot(spec).layout, columns=1, flat=True)
    assert read_width(save(tmp_path / "aud.npy", np.zeros((5, 48))), flat).features == 48
    with pytest.raises(InputError, match=r"shape \(rows, width\)"):
        read_width(save(tmp_path / "aud.npy", rows(48)), flat)


def test_only_the_header_is_read(spec: RendererSpec, tmp_path: Path) -> None:
    """A file of 1 TB, all holes: reading it would take hours and not fit into memory."""
    path = save(tmp_path / "aud.npy", rows(64))
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (268_435_456, 16, 64)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 268_435_456 * 16 * 64 * 4)
    assert read_width(path, launched_slot(spec).layout).features == 64


def test_features_without_a_note_need_a_width(spec: RendererSpec, tmp_path: Path) -> None:
    path = save(tmp_path / "aud.npy", rows(48), note=False)
    with pytest.raises(InputError, match=r"no aud.pase.json beside it.*--width 48"):
        read_width(path, launched_slot(spec).layout)


def half_written(path: Path) -> None:
    save(path, rows(48))
    path.write_bytes(path.read_bytes()[:-100])


def several(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=rows(4))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path: None, "cannot be read: No such file"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: path.write_bytes(b""), "is no whole .npy file"),
        (lambda path: path.write_bytes(b"RIFF" * 100), "is no whole .npy file"),
        (half_written, "its header promises 15488: write it again"),
        (lambda path: np.save(path, np.array([{}]), allow_pickle=True), "holds 1, object, expected"),
        (several, "is no whole .npy file"),
        (lambda path: save(path, rows(4)[0]), r"holds 16 x 4, float32, expected .* \(rows, columns, width\)"),
        (lambda path: save(path, rows(4).astype(np.int64)), "5 x 16 x 4, int64, expected"),
    ],
)
def test_unusable_features_are_refused(
    spec: RendererSpec, tmp_path: Path, make: Callable[[Path], object], expected: str
) -> None:
    path = tmp_path / "aud.npy"
    make(path)
    with pytest.raises(InputError, match=expected) as refused:
        read_width(path, launched_slot(spec).layout)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("", ["data/obama", "-O"]),
        ("-s", ["--type", "face", "-s", "data/obama", "-m", "out"]),
        ("--datadir", ["--datadir=data/obama"]),
    ],
)
def test_subject_on_the_command_line(
    with_option: Callable[[str], RendererSpec], tmp_path: Path, option: str, words: list[str]
) -> None:
    path = save(tmp_path / "data/obama/aud.npy", rows(48))
    assert subject_width(with_option(option), tmp_path, words) == Width(48, f"{path}, PASE checkpoint model-a")


def test_subject_by_a_full_path(spec: RendererSpec, tmp_path: Path) -> None:
    path = save(tmp_path / "elsewhere/aud.npy", rows(48))
    assert subject_width(spec, Path("/checkout"), [str(path.parent)]).features == 48


@pytest.mark.parametrize(
    ("option", "words", "expected"),
    [
        ("", [], "as the first argument behind the script, found nothing"),
        ("", ["-O", "data/obama"], "found '-O'"),
        ("-s", ["-m", "out"], "found no -s with one"),
        ("-s", ["-m", "out", "-s"], "found no -s with one"),
        ("", ["data/nobody"], "data/nobody has no aud.npy: write it by pase-adapt --renderer er-nerf --slot any"),
    ],
)
def test_absent_subject_is_refused(
    with_option: Callable[[str], RendererSpec], tmp_path: Path, option: str, words: list[str], expected: str
) -> None:
    with pytest.raises(InputError, match=expected) as refused:
        subject_width(with_option(option), tmp_path, words)
    assert "--width N" in str(refused.value)


def test_set_of_subjects_has_one_width(spec: RendererSpec, tmp_path: Path) -> None:
    for name in ("may", "macron"):
        save(tmp_path / "pretrain" / name / "aud.npy", rows(48))
    assert subject_width(spec, tmp_path, ["pretrain"]).features == 48
    save(tmp_path / "pretrain" / "obama" / "aud.npy", rows(32))
    with pytest.raises(InputError, match=r"obama/aud.npy has 32 features, .*macron/aud.npy has 48"):
        subject_width(spec, tmp_path, ["pretrain"])
