"""What the NeRF family does with the files that pase-adapt writes, by its loaders and audio networks rebuilt.

Runs anywhere. test_nerf_family_real.py, test_ad_nerf.py and test_geneface.py run the renderers themselves and show that
the rebuilding computes the same numbers.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.integration.renderers.contract import (
    FRAMES,
    MUTATIONS,
    TRAINING,
    changed,
    check_windows,
    index_track,
    mutated_tracks,
    noise_track,
    write,
)
from tests.integration.renderers.nerf_rebuilt import AudioNets, rows_of_frames, window, windows

from pase.inference.track import FeatureTrack
from pase_adapters.renderers import ad_nerf, er_nerf, geneface, rad_nerf, synctalk
from pase_adapters.spec import RendererSpec, Slot

CODES = {"ad-nerf": (64, 32), "er-nerf": (32, 32), "geneface": (64, 64), "rad-nerf": (64, 64), "synctalk": (32, 32)}
"""Numbers that a row becomes, and how many of them the attention looks at."""

FAMILY = [er_nerf.SPEC, rad_nerf.SPEC, synctalk.SPEC, ad_nerf.SPEC, geneface.SPEC]
INPUTS = [pytest.param(spec, slot, id=f"{spec.name}-{slot.name}") for spec in FAMILY for slot in spec.slots]
MAIN_INPUTS = [pytest.param(spec, spec.slot(None), id=spec.name) for spec in FAMILY]
each_input = pytest.mark.parametrize(("spec", "slot"), INPUTS)
each_renderer = pytest.mark.parametrize(("spec", "slot"), MAIN_INPUTS)

ER_SLOT = er_nerf.SPEC.slot("hubert")


def read(path: Path, frames: range = range(FRAMES)) -> torch.Tensor:
    return rows_of_frames(torch.from_numpy(np.load(path, allow_pickle=False)).float(), frames)


def nets(spec: RendererSpec, width: int) -> AudioNets:
    torch.manual_seed(0)
    return AudioNets(width, *CODES[spec.name]).eval()


@each_input
def test_every_window_holds_the_right_rows_and_columns(tmp_path: Path, spec: RendererSpec, slot: Slot) -> None:
    path = write(tmp_path, spec, slot, index_track(FRAMES), FRAMES)
    check_windows(windows(read(path)).numpy(), range(FRAMES), slot.layout, total=FRAMES)


@each_input
def test_file_is_plain_float32(tmp_path: Path, spec: RendererSpec, slot: Slot) -> None:
    array = np.load(write(tmp_path, spec, slot, index_track(FRAMES), FRAMES), allow_pickle=False)
    assert array.shape == (FRAMES, slot.layout.columns, slot.layout.width or 24)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous


@pytest.mark.parametrize("mutation", MUTATIONS)
@each_renderer
def test_a_wrong_layout_is_caught(tmp_path: Path, spec: RendererSpec, slot: Slot, mutation: str) -> None:
    path = write(tmp_path, spec, MUTATIONS[mutation](slot), index_track(FRAMES), FRAMES)
    with pytest.raises(AssertionError):
        check_windows(windows(read(path)).numpy(), range(FRAMES), slot.layout, total=FRAMES)


@pytest.mark.parametrize(("name", "track"), mutated_tracks().items())
def test_wrong_features_are_caught(tmp_path: Path, name: str, track: FeatureTrack) -> None:
    path = write(tmp_path, er_nerf.SPEC, ER_SLOT, track, FRAMES)
    with pytest.raises(AssertionError):
        check_windows(windows(read(path)).numpy(), range(FRAMES), ER_SLOT.layout, total=FRAMES)


def test_a_row_too_few_is_caught(tmp_path: Path) -> None:
    path = write(tmp_path, er_nerf.SPEC, ER_SLOT, index_track(FRAMES), FRAMES - 1)
    with pytest.raises(AssertionError):
        check_windows(windows(read(path)).numpy(), range(FRAMES), ER_SLOT.layout, total=FRAMES)


def test_last_row_serves_frames_beyond_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, er_nerf.SPEC, ER_SLOT, index_track(FRAMES), FRAMES)
    rows = read(path, range(FRAMES - 1, FRAMES + 2))
    assert torch.equal(rows[0], rows[1])
    assert torch.equal(rows[0], rows[2])


@each_renderer
def test_a_split_does_not_hear_what_came_before_it(tmp_path: Path, spec: RendererSpec, slot: Slot) -> None:
    """The first four frames of the validation split see zeros in the place of the training split's last rows."""
    path = write(tmp_path, spec, slot, index_track(FRAMES), FRAMES)
    seen = windows(read(path, range(TRAINING, FRAMES)))
    for place, rows in enumerate(seen):
        assert not rows[: 4 - place].any()
        assert rows[4 - place].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@each_input
def test_audio_networks_give_a_finite_code(tmp_path: Path, spec: RendererSpec, slot: Slot, dtype: torch.dtype) -> None:
    rows = read(write(tmp_path, spec, slot, noise_track(FRAMES), FRAMES))
    net, frames = nets(spec, rows.shape[1]).to(dtype), (0, 3, 20, FRAMES - 1)
    codes = torch.cat([net(window(rows, frame).to(dtype)) for frame in frames])
    assert codes.shape == (len(frames), CODES[spec.name][0])
    assert codes.isfinite().all()
    assert len(codes.unique(dim=0)) == len(frames)


@pytest.mark.parametrize("width", [44, 128, 512])
def test_first_layer_starts_as_lively_as_with_full_width(tmp_path: Path, width: int) -> None:
    spread = {}
    for size in (width, 1024):
        # Each 20 ms keep one value, so that interpolation does not lower the variance.
        noise = np.random.default_rng(0).normal(size=(2 * FRAMES, size)).astype(np.float32)
        states = noise[np.minimum(np.arange(5 * FRAMES + 1) * 2 // 5, 2 * FRAMES - 1)]
        path = write(tmp_path, er_nerf.SPEC, ER_SLOT, FeatureTrack(states, 125, FRAMES / 25), FRAMES)
        with torch.no_grad():
            rows = read(path, range(8, FRAMES - 8))
            spread[size] = float(nets(er_nerf.SPEC, 1024).convolutions[0](rows).std())
    assert spread[width] == pytest.approx(spread[1024], rel=0.1)


@pytest.mark.parametrize("rows", [1, 2, 3])
@each_renderer
def test_fewer_rows_than_the_smallest_allowed_crash_the_attention(
    tmp_path: Path, spec: RendererSpec, slot: Slot, rows: int
) -> None:
    """Three rows leave 7 of 8 places filled; this is why the layout's min_rows is 4."""
    seen = read(write(tmp_path, spec, slot, index_track(rows), rows), range(rows))
    with pytest.raises(RuntimeError, match="shape"):
        nets(spec, seen.shape[1])(window(seen, 0))


@each_renderer
def test_the_smallest_allowed_number_of_rows_works(tmp_path: Path, spec: RendererSpec, slot: Slot) -> None:
    rows = slot.layout.min_rows
    seen = windows(read(write(tmp_path, spec, slot, index_track(rows), rows), range(rows)))
    check_windows(seen.numpy(), range(rows), slot.layout, total=rows)
    assert nets(spec, seen.shape[2])(seen[0]).isfinite().all()


@pytest.mark.parametrize("columns", [17, 20, 32])
def test_columns_beyond_16_are_cut_off_in_silence(tmp_path: Path, columns: int) -> None:
    long = read(write(tmp_path, er_nerf.SPEC, changed(ER_SLOT, columns=columns), noise_track(FRAMES), FRAMES))
    right = read(write(tmp_path, er_nerf.SPEC, ER_SLOT, noise_track(FRAMES), FRAMES))
    net = nets(er_nerf.SPEC, 1024)
    assert long.shape[2] == columns
    assert torch.equal(net(windows(long)[20]), net(windows(right)[20]))
    assert ER_SLOT.layout.max_columns == ER_SLOT.layout.columns == 16


@pytest.mark.parametrize("columns", [1, 2, 3, 8])
def test_fewer_columns_than_16_are_taken_too(tmp_path: Path, columns: int) -> None:
    """So a file of 2 columns, as HuBERT's, and a real-time path of 16 meet one network without a word of warning."""
    short = read(write(tmp_path, er_nerf.SPEC, changed(ER_SLOT, columns=columns), noise_track(FRAMES), FRAMES))
    assert nets(er_nerf.SPEC, 1024)(windows(short)[20]).isfinite().all()


def test_no_printed_command_of_the_family_is_left_without_its_switch() -> None:
    for spec in (er_nerf.SPEC, rad_nerf.SPEC, synctalk.SPEC):
        for command in (*spec.training_commands, *spec.driving_commands):
            assert ("main.py" in command.line) == command.line.endswith("{switch}")
