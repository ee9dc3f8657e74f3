"""GeneFace's RAD-NeRF itself on the file and by the commands of pase-adapt; test_nerf_family.py has what runs anywhere.

Its own script bakes the features into the training set, its loader cuts the windows, its network listens.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.integration.renderers.contract import (
    FRAMES,
    TRAINING,
    check_windows,
    checkout_or_skip,
    index_track,
    list_frames,
    make_subject,
    run_probe,
    words_after,
    write,
)
from tests.integration.renderers.nerf_rebuilt import AudioNets

from pase_adapters.renderers.geneface import SPEC

Arrays = dict[str, NDArray[np.float32]]
SLOT = SPEC.slot(None)
SCRIPTS = ("data_gen/nerf/binarizer.py", "tasks/run.py", "tasks/run.py")


def bake(array: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Rows for all frames: a short file is filled with zeros, unlike elsewhere in the family, a long one cut."""
    missing = np.zeros((max(0, frames - len(array)), 16, 44), np.float32)
    return np.concatenate([array, missing])[:frames]


@pytest.mark.parametrize("rows", [FRAMES - 2, FRAMES, FRAMES + 2])
def test_frames_beyond_the_file_get_silence(tmp_path: Path, rows: int) -> None:
    """The ends of rows that do not fit are zeros already, so that nothing jumps there."""
    array = np.load(write(tmp_path, SPEC, SLOT, index_track(rows), rows))
    baked = bake(array, FRAMES).transpose(0, 2, 1)
    check_windows(baked[:, None], range(FRAMES), SLOT.layout, total=rows, rows=range(1))


def prepare(folder: Path) -> Path:
    """A subject as process_data.sh leaves it."""
    make_subject(folder)
    list_frames(folder / "transforms_train.json", range(TRAINING), face_rect=[8, 8, 16, 16])
    list_frames(folder / "transforms_val.json", range(TRAINING, FRAMES), face_rect=[8, 8, 16, 16])
    random = np.random.default_rng(0)
    np.save(folder / "vid_coeff.npy", {"coeff": random.normal(size=(FRAMES, 257)).astype(np.float32)})
    np.save(folder / "aud_deepspeech.npy", np.zeros((FRAMES, 16, 29)))
    np.save(folder / "aud_hubert.npy", np.zeros((2 * FRAMES, 1024), np.float32))
    np.save(folder / "aud_mel_f0.npy", {"mel": np.zeros((2 * FRAMES, 80)), "f0": np.zeros(2 * FRAMES)})
    return folder


def bake_and_load(folder: Path, rows: int) -> Arrays:
    checkout = checkout_or_skip("GeneFace", "data_gen/nerf/binarizer.py")
    subject = prepare(folder / "data" / "processed" / "videos" / "May")  # it has config files for that name
    write(subject, SPEC, SLOT, index_track(rows), rows)
    values = {"data": str(subject), "workspace": "trial", "features": "", "audio": ""}
    job: dict[str, object] = {"folder": str(folder)}
    for name, script, command in zip(("bake", "head", "torso"), SCRIPTS, SPEC.training_commands, strict=True):
        found, *arguments = words_after(command, SLOT, **values)
        assert found == script
        assert (checkout / found).is_file()
        job[name] = arguments
    return run_probe(Path(__file__).with_name("geneface_probe.py"), checkout, job, folder)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    return bake_and_load(tmp_path_factory.mktemp("my subjects"), FRAMES)


@pytest.mark.slow
def test_real_training_sees_the_right_windows(seen: Arrays) -> None:
    windows = seen["train/windows"].transpose(0, 1, 3, 2)
    assert len(windows) == TRAINING
    whole = TRAINING - 3
    check_windows(windows[:whole], range(whole), SLOT.layout, total=FRAMES)
    assert not windows[-1, 5:].any()


@pytest.mark.slow
def test_real_validation_sees_its_own_rows_and_zeros_before(seen: Arrays) -> None:
    windows = seen["val/windows"].transpose(0, 1, 3, 2)
    assert len(windows) == FRAMES - TRAINING
    for place, window in enumerate(windows):
        assert not window[: 4 - place].any()
        check_windows(window[None, 4:5], [TRAINING + place], SLOT.layout, total=FRAMES, rows=range(1))


@pytest.mark.slow
def test_real_networks_agree_with_the_rebuilt_ones(seen: Arrays) -> None:
    weights = {name.removeprefix("weight/"): seen[name] for name in seen if name.startswith("weight/")}
    assert next(iter(weights)) == SPEC.audio_layer
    nets = AudioNets(44, 64)
    nets.load_state_dict(dict(zip(nets.state_dict(), map(torch.from_numpy, weights.values()), strict=True)))
    windows = torch.from_numpy(seen["train/windows"]).transpose(2, 3)
    with torch.no_grad():
        codes = torch.cat([nets(window) for window in windows])
    np.testing.assert_allclose(codes.numpy(), seen["train/codes"], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_real_commands_are_understood(seen: Arrays) -> None:
    assert str(seen["cond_type"]) == "esperanto"
    assert str(seen["work_dir"]) == "checkpoints/trial"
    assert str(seen["head_model_dir"]) == "checkpoints/trial"
    assert "gen_dir_name" not in seen["settings"]  # which its test reads: no test is printed
    assert not any("--infer" in command.line for command in SPEC.training_commands)


@pytest.mark.slow
def test_real_short_file_is_filled_with_zeros(tmp_path: Path) -> None:
    rows = FRAMES - 2
    windows = bake_and_load(tmp_path, rows)["val/windows"].transpose(0, 1, 3, 2)
    check_windows(windows[-1, None, 2:3], [rows - 1], SLOT.layout, total=rows, rows=range(1))
    assert not windows[-1, 3:].any()
