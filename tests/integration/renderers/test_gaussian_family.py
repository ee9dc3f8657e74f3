"""What the 3D Gaussian splatting renderers do with the files that pase-adapt writes, rebuilt from the facts.

test_gaussian_family_real.py runs the renderers' own code, where there are checkouts, and compares it with this.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.integration.renderers import gaussian_rebuilt as rebuilt
from tests.integration.renderers.contract import (
    FRAMES,
    MUTATIONS,
    TRAINING,
    changed,
    check_row,
    check_windows,
    index_track,
    list_frames,
    mutated_tracks,
    noise_track,
    write,
)
from torch import Tensor

from pase_adapters.renderers import egstalker, gaussian_talker, gstalk, instag, talking_gaussian
from pase_adapters.spec import RendererSpec, Slot

READERS = {
    talking_gaussian.SPEC: rebuilt.TALKING_GAUSSIAN,
    instag.SPEC: rebuilt.INSTAG,
    gstalk.SPEC: rebuilt.INSTAG,
    gaussian_talker.SPEC: rebuilt.GAUSSIAN_TALKER,
    egstalker.SPEC: rebuilt.GAUSSIAN_TALKER,
}
BY_NUMBER = [spec for spec, reader in READERS.items() if reader.by_number]
BY_PLACE = [spec for spec, reader in READERS.items() if not reader.by_number]
GROWING = (instag.SPEC, gstalk.SPEC)

every_renderer = pytest.mark.parametrize("spec", READERS, ids=lambda spec: spec.name)
by_number = pytest.mark.parametrize("spec", BY_NUMBER, ids=lambda spec: spec.name)
by_place = pytest.mark.parametrize("spec", BY_PLACE, ids=lambda spec: spec.name)
every_slot = pytest.mark.parametrize(
    ("spec", "slot"),
    [pytest.param(spec, slot, id=f"{spec.name}-{slot.name}") for spec in READERS for slot in spec.slots],
)


@pytest.fixture
def subject(tmp_path: Path) -> Path:
    """The lists of frames are all that the rebuilt readers look at."""
    list_frames(tmp_path / "transforms_train.json", range(TRAINING))
    list_frames(tmp_path / "transforms_val.json", range(TRAINING, FRAMES))
    return tmp_path


def arrays(windows: Sequence[Tensor]) -> NDArray[np.float32]:
    return torch.stack(list(windows)).numpy()


def check_training(spec: RendererSpec, slot: Slot, windows: NDArray[np.float32]) -> None:
    """Every window of the training split; GaussianTalker's last three end in zeros, not in the rows that follow."""
    frames = list(range(TRAINING))
    if READERS[spec].by_number:
        check_windows(windows, frames, slot.layout, total=FRAMES)
        return
    check_windows(windows[:-3], frames[:-3], slot.layout, total=FRAMES)
    assert len(windows) == TRAINING
    for missing, last in enumerate(windows[-3:], start=1):
        assert last[-missing - 1].any()
        assert not last[-missing:].any()


@every_slot
def test_every_training_window_holds_the_right_rows_and_columns(subject: Path, spec: RendererSpec, slot: Slot) -> None:
    write(subject, spec, slot, index_track(FRAMES), FRAMES)
    check_training(spec, slot, arrays(READERS[spec].train(subject, slot, first=TRAINING)))


@every_slot
def test_another_recording_begins_at_the_first_frame(subject: Path, spec: RendererSpec, slot: Slot) -> None:
    features = write(subject / "speech.npy", spec, slot, index_track(4), 4)
    windows = READERS[spec].drive(subject, features)
    check_windows(arrays(windows[:4]), range(4), slot.layout, total=4)


@every_renderer
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_wrong_layout_is_caught(subject: Path, spec: RendererSpec, mutation: str) -> None:
    slot = spec.slots[0]
    write(subject, spec, MUTATIONS[mutation](slot), index_track(FRAMES), FRAMES)
    with pytest.raises(AssertionError):
        check_training(spec, slot, arrays(READERS[spec].train(subject, slot, first=TRAINING)))


@every_renderer
@pytest.mark.parametrize("mutation", mutated_tracks())
def test_wrong_features_are_caught(subject: Path, spec: RendererSpec, mutation: str) -> None:
    slot = spec.slots[0]
    write(subject, spec, slot, mutated_tracks()[mutation], FRAMES)
    reader = READERS[spec]
    windows = arrays([*reader.train(subject, slot, first=TRAINING), *reader.train(subject, slot, "val", first=99)])
    with pytest.raises(AssertionError):
        for frame, seen in enumerate(windows):
            check_row(seen[4], frame, slot.layout, total=FRAMES, width=24)


@every_slot
def test_audio_networks_give_a_finite_code(subject: Path, spec: RendererSpec, slot: Slot) -> None:
    track = noise_track(FRAMES, width=24)
    write(subject, spec, slot, track, FRAMES)
    nets = rebuilt.AudioNets(slot.layout.fitted(24).width or 0, grows=spec in GROWING)
    for seen in READERS[spec].train(subject, slot, first=TRAINING):
        code = nets(seen)
        assert code.shape == (1, 32)
        assert code.isfinite().all()


# Sharp edges ----------------------------------------------------------------------------------------------------------


@every_renderer
@pytest.mark.parametrize("columns", [17, 20])
def test_columns_past_the_sixteenth_are_cut_off(tmp_path: Path, spec: RendererSpec, columns: int) -> None:
    slot = spec.slots[0]
    wide = rebuilt.load(write(tmp_path / "wide.npy", spec, changed(slot, columns=columns), index_track(FRAMES), FRAMES))
    right = rebuilt.load(write(tmp_path / "right.npy", spec, slot, index_track(FRAMES), FRAMES))
    nets = rebuilt.AudioNets(right.shape[1], grows=spec in GROWING)
    assert wide.shape[2] == columns
    assert torch.equal(nets(rebuilt.window(wide, 20)), nets(rebuilt.window(right, 20)))


@every_renderer
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_fewer_rows_than_the_smallest_allowed_crash_the_attention(
    tmp_path: Path, spec: RendererSpec, rows: int
) -> None:
    slot = spec.slots[0]
    seen = rebuilt.window(rebuilt.load(write(tmp_path, spec, slot, index_track(rows), rows)), 0)
    assert len(seen) < 8
    with pytest.raises(RuntimeError, match="shape"):
        rebuilt.AudioNets(seen.shape[1])(seen)


@every_renderer
def test_the_smallest_allowed_number_of_rows_works(tmp_path: Path, spec: RendererSpec) -> None:
    slot = spec.slots[0]
    rows = slot.layout.min_rows
    features = rebuilt.load(write(tmp_path, spec, slot, index_track(rows), rows))
    windows = [rebuilt.window(features, place) for place in range(rows)]
    check_windows(arrays(windows), range(rows), slot.layout, total=rows)
    assert rebuilt.AudioNets(features.shape[1])(windows[0]).isfinite().all()


@by_number
def test_validation_frames_see_the_rows_before_their_list_begins(subject: Path, spec: RendererSpec) -> None:
    slot = spec.slots[0]
    write(subject, spec, slot, index_track(FRAMES), FRAMES)
    windows = READERS[spec].train(subject, slot, "val")
    expected = range(TRAINING, FRAMES - READERS[spec].drops_last)
    check_windows(arrays(windows), expected, slot.layout, total=FRAMES)


@by_number
def test_rows_are_those_of_the_pictures_number(subject: Path, spec: RendererSpec) -> None:
    slot = spec.slots[0]
    write(subject, spec, slot, index_track(FRAMES), FRAMES)
    list_frames(subject / "transforms_train.json", range(TRAINING), aud_id=0)
    check_training(spec, slot, arrays(READERS[spec].train(subject, slot, first=TRAINING)))


@by_number
def test_a_short_file_drops_the_frames_beyond_it(subject: Path, spec: RendererSpec) -> None:
    """The first frame without a row still passes, with four rows of sound and four of zeros."""
    slot = spec.slots[0]
    write(subject, spec, slot, index_track(18), 18)
    windows = READERS[spec].train(subject, slot, first=20)
    check_windows(arrays(windows), range(19), slot.layout, total=18)
    assert not windows[18][4:].any()


@pytest.mark.parametrize("spec", GROWING, ids=lambda spec: spec.name)
def test_the_last_frame_is_dropped_and_poses_repeat(subject: Path, spec: RendererSpec) -> None:
    slot, reader = spec.slots[0], READERS[spec]
    write(subject, spec, slot, index_track(FRAMES), FRAMES)
    assert len(reader.train(subject, slot)) == TRAINING - 1
    speech = write(subject / "speech.npy", spec, slot, index_track(100), 100)
    check_windows(arrays(reader.drive(subject, speech)), range(100), slot.layout, total=100)


def test_talking_gaussian_cuts_a_long_recording_where_the_training_list_ends(subject: Path) -> None:
    spec, slot = talking_gaussian.SPEC, talking_gaussian.SPEC.slots[0]
    speech = write(subject / "speech.npy", spec, slot, index_track(60), 60)
    windows = rebuilt.TALKING_GAUSSIAN.drive(subject, speech)
    check_windows(arrays(windows), range(TRAINING), slot.layout, total=60)


@by_place
def test_first_validation_frames_hear_zeros_as_their_past(subject: Path, spec: RendererSpec) -> None:
    slot = spec.slots[0]
    list_frames(subject / "transforms_val.json", range(TRAINING - 6, FRAMES))
    write(subject, spec, slot, index_track(FRAMES), FRAMES)
    windows = arrays(READERS[spec].train(subject, slot, "val"))
    for index in range(4):
        assert not windows[index, : 4 - index].any()
        check_row(windows[index, 4], TRAINING - 6 + index, slot.layout, total=FRAMES, width=24)
    check_windows(windows[4:], range(TRAINING - 2, FRAMES), slot.layout, total=FRAMES)


@by_place
def test_rows_are_those_of_the_sound_and_the_last_is_repeated(subject: Path, spec: RendererSpec) -> None:
    slot = spec.slots[0]
    write(subject, spec, slot, index_track(30), 30)
    windows = READERS[spec].train(subject, slot)
    assert torch.equal(windows[35][4], windows[35][7])
    check_row(windows[35][4].numpy(), 29, slot.layout, total=30, width=24)
    list_frames(subject / "transforms_train.json", range(TRAINING), aud_id=7)
    check_row(READERS[spec].train(subject, slot)[20][4].numpy(), 7, slot.layout, total=30, width=24)


@by_place
def test_another_recording_has_as_many_frames_as_the_validation_list(subject: Path, spec: RendererSpec) -> None:
    slot = spec.slots[0]
    speech = write(subject / "speech.npy", spec, slot, index_track(60), 60)
    windows = READERS[spec].drive(subject, speech)
    check_windows(arrays(windows), range(FRAMES - TRAINING), slot.layout, total=60)


@by_place
def test_a_recording_shorter_than_the_validation_list_fails_beyond_its_end(subject: Path, spec: RendererSpec) -> None:
    slot = spec.slots[0]
    list_frames(subject / "transforms_val.json", range(16))
    speech = write(subject / "speech.npy", spec, slot, index_track(5), 5)
    windows = READERS[spec].drive(subject, speech)
    assert [len(seen) for seen in windows[:6]] == [8] * 6
    assert all(len(seen) < 8 for seen in windows[6:])
    with pytest.raises(RuntimeError, match="shape"):
        rebuilt.AudioNets(slot.layout.width or 0)(windows[6])


# The specifications ---------------------------------------------------------------------------------------------------


@every_slot
def test_switch_and_file_name_each_other(spec: RendererSpec, slot: Slot) -> None:
    names = {"hubert": "aud_hu.npy", "esperanto": "aud_eo.npy"}
    if spec in BY_PLACE:
        assert (slot.switch, slot.training_file) == ("", "aud_ds.npy")
        return
    extractor = slot.switch.removeprefix("--audio_extractor ")
    deepspeech = "aud_ds.npy" if spec is talking_gaussian.SPEC else "aud.npy"
    assert slot.training_file == names.get(extractor, deepspeech)
    assert extractor == ("hubert" if slot.launched else slot.name)
