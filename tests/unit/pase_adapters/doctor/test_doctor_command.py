"""The command: text, JSON, exit status, speed; and files of any bytes."""

import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pase.errors import InputError
from pase_adapters.array_file import read_array_file
from pase_adapters.cli.main import main
from pase_adapters.doctor.finding import Finding, Severity, worst_first
from pase_adapters.doctor.shape import check_shape
from pase_adapters.doctor.values import scan_values, scannable
from pase_adapters.renderers.er_nerf import SPEC

Doctor = Callable[..., tuple[int, str]]


def test_a_healthy_subject(doctor: Doctor) -> None:
    status, text = doctor()
    assert status == 0
    assert "Nothing is wrong." in text
    assert "Looked at:" in text
    assert "aud_eo.npy: 55 x 16 x 44, float32" in text
    assert "55 video frames" in text
    assert "error" not in text
    assert "warning" not in text


def test_errors_come_first_with_their_remedies(patient: Any, doctor: Doctor) -> None:
    patient.spoil(np.ones((55, 2, 44), np.float32))
    (patient.folder / "au.csv").unlink()
    status, text = doctor()
    assert status == 1
    assert text.index("1 error:") < text.index("1 warning:") < text.index("For your information:")
    assert "-> pase-adapt --renderer er-nerf --slot esperanto --audio" in text
    assert "Nothing is wrong" not in text


def test_warnings_alone_have_a_status_of_their_own(patient: Any, doctor: Doctor) -> None:
    with patient.features.open("ab") as file:
        file.write(b"more")
    status, text = doctor()
    assert status == 3
    assert "1 warning:" in text


def test_json_is_one_document(patient: Any, doctor_json: Callable[..., Any]) -> None:
    patient.features.unlink()
    document = doctor_json()
    assert document["status"] == 1
    assert (document["renderer"], document["slot"]) == ("er-nerf", "esperanto")
    (finding,) = document["findings"]
    assert set(finding) == {"severity", "code", "found", "where", "remedy"}
    assert (finding["severity"], finding["code"]) == ("error", "no-features")
    assert document["checked"]


def test_nothing_is_changed(patient: Any, doctor: Doctor) -> None:
    def state() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in patient.folder.rglob("*")}

    before = state()
    doctor("--driving-features", str(patient.features), "--stream-context", "8")
    assert state() == before


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--slot", "wav2vec"], "no slot 'wav2vec'"),
        (["--renderer", "er-nrf"], "Did you mean er-nerf"),
        (["--data-dir", "nowhere"], "nowhere"),
        (["--audio", "no.wav"], "no.wav"),
        (["--driving-features", "no.npy"], "no.npy"),
        (["--checkpoint", "nowhere"], "nowhere"),
        (["--checkpoint-file", "no.pth"], "no.pth"),
        (["--stream-context", "0"], "stream context"),
        (["--data-dir", "x" * 5000], "xxx"),
    ],
)
def test_bad_input_is_refused_with_a_message(doctor: Doctor, more: list[str], text: str) -> None:
    status, printed = doctor(*more)
    assert status == 1
    assert text in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("arguments", [["doctor"], ["doctor", "--renderer", "er-nerf", "--stream-context", "many"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_torch_is_not_imported_without_need(patient: Any) -> None:
    code = (
        "import sys; from pase_adapters.cli.main import main; "
        f"status = main(['doctor', '--renderer', 'er-nerf', '--data-dir', {str(patient.folder)!r}]); "
        "sys.exit(status or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False).returncode == 0


def test_help_needs_no_numpy() -> None:
    code = (
        "import sys; from pase_adapters.cli.main import main\n"
        "try: main(['doctor', '--help'])\n"
        "except SystemExit: sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False).returncode == 0


def test_memory_is_flat(tmp_path: Path) -> None:
    """A sparse file of 400 MB is read with a few megabytes more than a small one."""
    peaks = []
    for rows in (100, 6_000):
        path = tmp_path / f"{rows}.npy"
        with path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (rows, 16, 1024)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + rows * 16 * 1024 * 4)
        code = (
            "import resource, sys; from pathlib import Path\n"
            "from pase_adapters.array_file import read_array_file\n"
            "from pase_adapters.doctor.values import scan_values\n"
            "assert len(scan_values(read_array_file(Path(sys.argv[1]))).zero_rows) == int(sys.argv[2])\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, path, str(rows)], capture_output=True, text=True, timeout=120, check=True
        )
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] - peaks[0] < 32


def test_worst_first_keeps_the_order_within_a_severity() -> None:
    found = [
        Finding(severity, code, "", "") for severity, code in zip([*Severity, *Severity][::-1], "abcdef", strict=True)
    ]
    assert "".join(finding.code for finding in worst_first(found)) == "cfbead"


# Files of any bytes ---------------------------------------------------------------------------------------------------

LENGTHS = st.one_of(st.integers(-3, 40), st.integers(-(2**70), 2**70), st.booleans())
SHAPES = st.lists(LENGTHS, max_size=5).map(tuple)
TYPES = st.one_of(
    st.sampled_from(["<f4", ">f4", "<f2", "<f8", "<f16", "|O", "<U4", "<i8", "|V3", "<M8[s]", "f4", "<c8", "|S0"]),
    st.text(max_size=5),
    st.just([("a", "<f4")]),
    st.just([("a", "<f4", (2, 2)), ("b", [("c", "|O")])]),
    st.integers(),
)
HEADERS = st.fixed_dictionaries(
    {"descr": TYPES, "fortran_order": st.one_of(st.booleans(), st.integers()), "shape": st.one_of(SHAPES, st.text())}
)
TEXTS = st.one_of(
    HEADERS.map(repr),
    st.text(max_size=60),
    st.sampled_from(
        ["(" * 3000, "[" * 300, "{'a':" * 99, "\\", "'\\d'", "1e999", "lambda: 0", "9" * 5000, "\x00", "f''"]
    ),
)


def npy(version: int, text: str, data: bytes) -> bytes:
    header = text.encode("utf-8", "surrogatepass")
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


FILES = st.one_of(
    st.binary(max_size=80),
    st.binary(max_size=80).map(lambda content: b"\x93NUMPY" + content),
    st.builds(npy, st.integers(0, 4), TEXTS, st.binary(max_size=200)),
)


@settings(max_examples=300, deadline=None)
@given(content=FILES, cut=st.integers(0, 400))
def test_files_of_any_bytes_are_judged_or_refused(content: bytes, cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aud_eo.npy"
        path.write_bytes(content[: len(content) - cut] if cut < len(content) else content)
        try:
            file = read_array_file(path)
        except InputError:
            return
        assert list(check_shape(file, SPEC, SPEC.slots[0], "")) or file.shape[1:] == (16, 44)
        if scannable(file):
            scan_values(file)


@settings(max_examples=100, deadline=None)
@given(
    shape=st.tuples(st.integers(0, 9), st.integers(0, 5), st.integers(0, 5)),
    dtype=st.sampled_from(["<f2", "<f4", "<f8"]),
    missing=st.integers(0, 50),
)
def test_a_file_is_half_written_exactly_when_bytes_are_missing(
    shape: tuple[int, ...], dtype: str, missing: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aud_eo.npy"
        np.save(path, np.zeros(shape, dtype))
        held = path.stat().st_size
        gone = min(missing, int(np.prod(shape)) * np.dtype(dtype).itemsize)
        path.write_bytes(path.read_bytes()[: held - gone])
        codes = {finding.code for finding in check_shape(read_array_file(path), SPEC, SPEC.slots[0], "")}
        assert ("half-written" in codes) == (gone > 0)
