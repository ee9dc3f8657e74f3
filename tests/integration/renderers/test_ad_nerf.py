"""AD-NeRF itself on the files and by the commands of pase-adapt; test_nerf_family.py has what runs anywhere.

Its head is trained for some steps on the CPU by its own script, so that what its audio networks see and say is seen.
"""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from tests.integration.renderers.contract import (
    FRAMES,
    TRAINING,
    check_row,
    check_windows,
    checkout_or_skip,
    index_track,
    list_frames,
    run_probe,
    words_after,
    write,
)
from tests.integration.renderers.nerf_rebuilt import AudioNets, rows_of_frames, window

from pase_adapters.renderers.ad_nerf import SPEC
from pase_adapters.spec import Command

Arrays = dict[str, NDArray[np.float32]]
SLOT = SPEC.slot("deepspeech")
STEPS = 24
SMALL = (
    "--nosmo_iters 0 --N_rand 8 --N_samples 8 --N_importance 4 --netwidth 8 --netwidth_fine 8 --netdepth 2 "
    "--netdepth_fine 2 --i_testset 1000000"
)


def row_by_frame_id(array: NDArray[np.float32], frame_id: int) -> NDArray[np.float32]:
    """The row that the head's own test takes: by `frame_id`, which nothing holds within the file."""
    row: NDArray[np.float32] = array[frame_id]
    return row


def rows_of_speech(array: NDArray[np.float32], poses: int) -> NDArray[np.float32]:
    """The rows that the torso's script speaks: until the features or the poses end."""
    return array[:poses]


def test_a_frame_beyond_a_short_file_stops_the_heads_test(tmp_path: Path) -> None:
    rows = FRAMES - 1
    array = np.load(write(tmp_path, SPEC, SLOT, index_track(rows), rows))
    check_row(row_by_frame_id(array, rows - 1).T, rows - 1, SLOT.layout, total=rows, width=24)
    with pytest.raises(IndexError):
        row_by_frame_id(array, FRAMES - 1)


def test_speech_ends_with_the_poses(tmp_path: Path) -> None:
    array = np.load(write(tmp_path, SPEC, SLOT, index_track(FRAMES), FRAMES))
    assert len(rows_of_speech(array, TRAINING)) == TRAINING
    assert len(rows_of_speech(array[:30], TRAINING)) == 30


def prepare(folder: Path) -> Path:
    """A subject as process_data.sh leaves it."""
    for name in ("head_imgs", "com_imgs"):
        (folder / name).mkdir(parents=True)
        for frame in range(FRAMES):
            Image.new("RGB", (32, 32), (90, 90, 90)).save(folder / name / f"{frame}.jpg")
    Image.new("RGB", (32, 32)).save(folder / "bc.jpg")
    list_frames(folder / "transforms_train.json", range(TRAINING), face_rect=[8, 8, 16, 16])
    list_frames(folder / "transforms_val.json", range(TRAINING, FRAMES), face_rect=[8, 8, 16, 16])
    common = "datadir = /elsewhere\nbasedir = /elsewhere/logs\nexpname = grey\nnear = 0.5\nfar = 1.1\n"
    for name in ("HeadNeRF", "TorsoNeRF"):
        (folder / f"{name}_config.txt").write_text(common)
    test = "with_test = 1\ntest_pose_file = transforms_val.json\n"
    (folder / "TorsoNeRFTest_config.txt").write_text(common + test)
    return folder


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("my subjects") / "grey head")


@pytest.fixture(scope="module")
def seen(subject: Path) -> Arrays:
    checkout = checkout_or_skip("AD-NeRF", "NeRFs/HeadNeRF/run_nerf.py")
    folder = subject.parent
    write(subject, SPEC, SLOT, index_track(FRAMES), FRAMES)
    speech = write(folder / "speech_pase.npy", SPEC, SLOT, index_track(30), 30)
    values = {"data": str(subject), "workspace": "trial", "features": str(speech), "audio": "speech.wav"}

    def arguments(command: Command, script: str) -> list[str]:
        found, *rest = words_after(command, SLOT, **values)
        assert found == f"NeRFs/{script}/run_nerf.py"
        return rest

    head, _, torso, own = SPEC.training_commands
    job = {
        "head": [*arguments(head, "HeadNeRF"), *SMALL.split(), "--N_iters", str(STEPS), "--i_weights", str(STEPS)],
        "head tests": {
            "as processed": str(subject),
            "with its keys": str(prepare_head_test(folder / "for the head")),
        },
        "torso": arguments(torso, "TorsoNeRF"),
        "speech": {
            "own": arguments(own, "TorsoNeRF"),
            "driving": arguments(SPEC.driving_commands[0], "TorsoNeRF"),
        },
    }
    return run_probe(Path(__file__).with_name("ad_nerf_probe.py"), checkout, job, folder)


def prepare_head_test(folder: Path) -> Path:
    """A subject with the keys that the head's own test wants, one frame longer than its features."""
    prepare(folder)
    write(folder, SPEC, SLOT, index_track(TRAINING - 1), TRAINING - 1)
    path = folder / "transforms_train.json"
    content = json.loads(path.read_text())
    content["focal_length"] = content["focal_len"]
    content["frames"] = [{**frame, "frame_id": frame["aud_id"]} for frame in content["frames"]]
    path.write_text(json.dumps(content))
    return folder


def training_rows(subject: Path) -> torch.Tensor:
    array = torch.from_numpy(np.load(subject / SLOT.training_file))
    return rows_of_frames(array, range(TRAINING))


@pytest.mark.slow
def test_real_training_of_the_head_sees_the_right_windows(seen: Arrays, subject: Path) -> None:
    windows = seen["head/windows"].transpose(0, 1, 3, 2)
    scale, rows, frames = np.sqrt(29 / 24), training_rows(subject), []
    for eight in windows:
        frames.append(round((eight[4, 0, 8] / scale - 1) / 2))  # column 8 of a frame's own row is moment 2i
        np.testing.assert_array_equal(eight, window(rows, frames[-1]))
        if frames[-1] < TRAINING - 3:
            check_windows(eight[None], frames[-1:], SLOT.layout, total=FRAMES)
    assert len(set(frames)) > STEPS / 2


@pytest.mark.slow
def test_real_networks_agree_with_the_rebuilt_ones(seen: Arrays) -> None:
    weights = [torch.from_numpy(seen[name]) for name in seen if name.startswith(("head/weights/", "head/attention/"))]
    nets = AudioNets(29, 64, 32)
    nets.load_state_dict(dict(zip(nets.state_dict(), weights, strict=True)))  # both in the order of the signal
    last = torch.from_numpy(seen["head/windows"][-1]).transpose(1, 2)
    with torch.no_grad():
        np.testing.assert_allclose(nets.rows(last), seen["head/rows"][-1], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(nets(last)[0], seen["head/codes"][-1], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_real_head_goes_into_the_run_of_the_torso(seen: Arrays, subject: Path) -> None:
    line = SPEC.training_commands[1].filled("python", "", data=str(subject), workspace="trial").line
    subprocess.run([shutil.which("bash") or "bash", "-c", line], check=True)
    assert str(seen["torso/expname"]) == "trial_com"
    (path,) = (subject / "logs" / "trial_com").glob("*_head.tar")
    content = torch.load(path, weights_only=True)
    assert content["network_audnet_state_dict"][SPEC.audio_layer].shape == (32, 29, 3)


@pytest.mark.slow
def test_real_torso_loads_each_frames_row(seen: Arrays) -> None:
    rows = seen["torso/rows"].transpose(0, 2, 1)
    check_windows(rows[:, None], range(FRAMES), SLOT.layout, total=FRAMES, rows=range(1))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "expected", "total"), [("own", TRAINING, FRAMES), ("driving", 30, 30)])
def test_real_speech_takes_row_after_row_while_poses_last(seen: Arrays, name: str, expected: int, total: int) -> None:
    rows = seen[f"{name}/rows"].transpose(0, 2, 1)
    assert len(seen[f"{name}/poses"]) == expected
    check_windows(rows[:, None], range(expected), SLOT.layout, total=total, rows=range(1))


@pytest.mark.slow
@pytest.mark.parametrize(("subject_name", "error"), [("as processed", "KeyError"), ("with its keys", "IndexError")])
def test_real_test_of_the_head_is_not_for_use(seen: Arrays, subject_name: str, error: str) -> None:
    assert str(seen[f"head test {subject_name}/error"]).startswith(error)
