import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pase.errors import InputError
from pase.inference.track import FeatureTrack
from pase_adapters import feature_file
from pase_adapters.feature_file import FeatureFile, Origin, hash_file, note_path, read_origin, writing
from pase_adapters.layout import make_rows
from pase_adapters.spec import RendererSpec

ORIGIN = Origin("er-nerf", "hubert", "model-a", "0" * 64, 25, gated=False)
OTHER = replace(ORIGIN, model_id="model-b", audio_sha256="1" * 64)


def track(seconds: int, width: int = 6) -> FeatureTrack:
    states = np.random.default_rng(0).normal(size=(125 * seconds + 1, width)).astype(np.float32)
    return FeatureTrack(states, 125, float(seconds), "model-a")


def test_file_holds_the_rows_and_the_note_tells_of_them(tmp_path: Path, spec: RendererSpec) -> None:
    path, features = tmp_path / "new" / "aud_hu.npy", track(12)
    FeatureFile(spec.slot("hubert").layout, features, 300, ORIGIN).write(path)
    array = np.load(path, allow_pickle=False)
    np.testing.assert_array_equal(
        array, make_rows(features, spec.slot("hubert").layout, 0, 300)
    )  # 300 rows: more than one block
    note = json.loads((tmp_path / "new" / "aud_hu.pase.json").read_text())
    assert note["rows"] == 300
    assert note["feature_width"] == 6
    assert note["scale"] == pytest.approx((1024 / 6) ** 0.5)
    assert note["layout"]["first_column"] == -8
    assert read_origin(path) == ORIGIN
    assert sorted(found.name for found in path.parent.iterdir()) == ["aud_hu.npy", "aud_hu.pase.json"]


def test_same_input_gives_the_same_bytes(tmp_path: Path, spec: RendererSpec) -> None:
    for name in ("a", "b"):
        FeatureFile(spec.slot("hubert").layout, track(2), 50, ORIGIN).write(tmp_path / name / "aud_hu.npy")
    for file in ("aud_hu.npy", "aud_hu.pase.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_failure_leaves_the_old_file_and_its_note(tmp_path: Path, spec: RendererSpec) -> None:
    path = tmp_path / "aud_hu.npy"
    FeatureFile(spec.slot("hubert").layout, track(2), 50, ORIGIN).write(path)
    before = path.read_bytes()
    broken = track(20)
    broken.states[-10:] = np.nan  # found in the second block
    with pytest.raises(InputError, match="NaN"):
        FeatureFile(spec.slot("hubert").layout, broken, 500, OTHER).write(path)
    assert path.read_bytes() == before
    assert read_origin(path) == ORIGIN
    assert sorted(found.name for found in tmp_path.iterdir()) == ["aud_hu.npy", "aud_hu.pase.json"]


def test_killed_between_file_and_note_leaves_no_false_note(
    tmp_path: Path, spec: RendererSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "aud_hu.npy"
    FeatureFile(spec.slot("hubert").layout, track(2), 50, ORIGIN).write(path)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(feature_file, "write_json", die)
    with pytest.raises(KeyboardInterrupt):
        FeatureFile(spec.slot("hubert").layout, track(3), 75, OTHER).write(path)
    assert read_origin(path) is None


def test_unwritable_folder(tmp_path: Path, spec: RendererSpec) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write to the folder"):
        FeatureFile(spec.slot("hubert").layout, track(2), 50, ORIGIN).write(tmp_path / "file" / "aud_hu.npy")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_full_disk_is_one_message(tmp_path: Path, spec: RendererSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *rest: genuine(Path("/dev/full"), *rest))
    with pytest.raises(InputError, match="No space left on device"):
        FeatureFile(spec.slot("hubert").layout, track(2), 50, ORIGIN).write(tmp_path / "aud_hu.npy")


def test_a_second_process_is_told_to_wait(tmp_path: Path) -> None:
    path = tmp_path / "aud_hu.npy"
    hold = (
        "import sys\nfrom pathlib import Path\nfrom pase_adapters.feature_file import writing\n"
        "with writing(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.readline()\n"
    )
    arguments = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="being written by another process"), writing(path):
            pass
        other.kill()
    with writing(path):  # a lock ends with its process
        pass


def test_no_note(tmp_path: Path) -> None:
    assert read_origin(tmp_path / "aud_hu.npy") is None


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"renderer": "er-nerf", "slot": "hubert", "model_id": 3, "audio_sha256": "x"}', "{"]
)
def test_foreign_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "aud_hu.pase.json").write_text(text)
    with pytest.raises(InputError, match=r"aud_hu\.pase\.json"):
        read_origin(tmp_path / "aud_hu.npy")


def test_note_path_of_a_name_with_dots() -> None:
    assert note_path(Path("my speech.v2_hu.npy")) == Path("my speech.v2_hu.pase.json")


def test_hash(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"sound")
    assert hash_file(tmp_path / "x") == hashlib.sha256(b"sound").hexdigest()
    with pytest.raises(InputError, match="absent"):
        hash_file(tmp_path / "absent")


MEASURE = """
import resource, sys
from pathlib import Path
import numpy as np
from pase.inference.track import FeatureTrack
from pase_adapters.feature_file import FeatureFile, Origin
from pase_adapters.renderers.er_nerf import SPEC
def grow(seconds):
    states = np.ones((125 * seconds + 1, 8), dtype=np.float32)
    track = FeatureTrack(states, 125, float(seconds))
    origin = Origin("er-nerf", "hubert", "m", "0", 25, False)
    FeatureFile(SPEC.slot("hubert").layout, track, 25 * seconds, origin).write(Path(sys.argv[1]) / "aud_hu.npy")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
few = grow(12)
print(grow(120) - few)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kB on Linux only")
def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    """Ten times the rows, 197 MB of file: less than a tenth of it in memory."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) < 20_000
