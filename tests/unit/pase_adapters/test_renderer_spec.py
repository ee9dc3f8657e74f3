import subprocess
from dataclasses import FrozenInstanceError, replace
from pathlib import Path, PurePath
from typing import Any

import pytest

from pase.errors import InputError
from pase_adapters.spec import Command, Launch, RendererSpec, RowLayout, Slot

LAYOUT: dict[str, int] = {
    "rows_per_second": 25,
    "columns_per_second": 50,
    "columns": 16,
    "first_column": -8,
    "width": 1024,
    "min_rows": 4,
}
SLOT = Slot("hubert", RowLayout(**LAYOUT), "aud_hu.npy", "{stem}_hu.npy", "--asr_model hubert")


@pytest.mark.parametrize("name", ["rows_per_second", "columns_per_second", "columns", "width", "min_rows"])
def test_layout_refuses_less_than_one(name: str) -> None:
    with pytest.raises(InputError, match=name):
        RowLayout(**{**LAYOUT, name: 0})


def test_a_flat_layout_has_one_column() -> None:
    with pytest.raises(InputError, match="one column"):
        RowLayout(**LAYOUT, flat=True)


def test_a_layout_of_any_width_is_fitted_to_the_features() -> None:
    assert RowLayout(**{**LAYOUT, "width": None}).fitted(128).width == 128
    assert RowLayout(**LAYOUT).fitted(128).width == 1024


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "ER NeRF"}, "lower-case"),
        ({"name": ""}, "lower-case"),
        ({"description": ""}, "description"),
        ({"licence": ""}, "licence"),
        ({"frame_lists": ()}, "frame_lists"),
        ({"pictures": "*.jpg"}, "either frame_lists or pictures"),
        ({"training_commands": ()}, "training_commands"),
        ({"slots": ()}, "slots"),
        ({"slots": (SLOT, SLOT)}, "one name"),
        ({"launch": None, "slots": (replace(SLOT, layout=RowLayout(**{**LAYOUT, "width": None})),)}, "no launch"),
        ({"project_url": "github.com/x"}, "https"),
    ],
)
def test_spec_refuses_wrong_values(spec: RendererSpec, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(spec, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"training_file": "sub/aud.npy"}, "plain"),
        ({"training_file": "aud.pt"}, "npy"),
        ({"driving_file": "aud_hu.npy"}, "stem"),
        ({"name": "Hubert"}, "lower-case"),
    ],
)
def test_slot_refuses_wrong_values(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(SLOT, **change)


def test_slots_are_found_by_name(spec: RendererSpec) -> None:
    assert spec.slot(None) == spec.slots[0]
    assert spec.slot("any").launched
    with pytest.raises(InputError, match=r"no slot 'mel'; it has esperanto, any"):
        spec.slot("mel")


@pytest.mark.parametrize("both", [("dim_in", "encoder_conv.0"), ("", "")])
def test_a_launch_changes_one_thing(both: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="either"):
        Launch("nerf.network", width_argument=both[0], first_layer=both[1])


def test_spec_is_frozen(spec: RendererSpec) -> None:
    with pytest.raises(FrozenInstanceError):
        spec.name = "other"  # type: ignore[misc]


def test_file_names(spec: RendererSpec) -> None:
    audio = PurePath("some/where/my speech.v2.wav")
    assert spec.slots[0].feature_file(audio, driving=False) == "aud_eo.npy"
    assert spec.slots[0].feature_file(audio, driving=True) == "my speech.v2_eo.npy"


def test_command_refuses_unknown_fields() -> None:
    with pytest.raises(InputError, match="checkpoint"):
        Command("train", "python main.py {checkpoint}")


def test_command_needs_text() -> None:
    with pytest.raises(InputError, match="title"):
        Command("", "python main.py")


def test_printed_commands_survive_a_shell(spec: RendererSpec, tmp_path: Path) -> None:
    """Odd folder names reach the renderer as they are, and the newest head is found."""
    workspace = "trial_it's $HOME & co_pase"
    checkpoints = tmp_path / workspace / "checkpoints"
    checkpoints.mkdir(parents=True)
    for name in ("ngp.pth", "ngp_ep0019.pth", "ngp_ep0020.pth"):
        (checkpoints / name).touch()
    values = {"data": "/data/a b", "workspace": workspace, "features": "x y.npy", "audio": "x y.wav"}
    for command in spec.training_commands:
        script = 'python() { printf "%s\\n" "$@"; }\n' + command.filled("python", SLOT.switch, **values).line
        done = subprocess.run(["/bin/sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        words = done.stdout.splitlines()
        assert words[:3] == ["main.py", "/data/a b", "--workspace"]
        assert words[3] in (workspace, f"{workspace}_torso")
        assert words[-2:] == ["--asr_model", "hubert"]
        if "--head_ckpt" in words:
            assert words[words.index("--head_ckpt") + 1] == f"{workspace}/checkpoints/ngp_ep0020.pth"


def test_braces_in_a_path_are_a_path() -> None:
    ready = Command("train", "{python} main.py {data}").filled("python", "", data="/data/{x} y")
    assert ready.line == "python main.py '/data/{x} y'"


def test_sound_is_added_to_the_newest_rendered_video(spec: RendererSpec, tmp_path: Path) -> None:
    results = tmp_path / "trial one_pase_torso" / "results"
    results.mkdir(parents=True)
    for name in ("ngp_ep0028.mp4", "ngp_ep0028_depth.mp4"):
        (results / name).touch()
    values = {"data": "d", "workspace": "trial one_pase", "features": "f", "audio": "my speech.wav"}
    script = 'ffmpeg() { printf "%s\\n" "$@"; }\n' + spec.driving_commands[-1].filled("python", "", **values).line
    done = subprocess.run(["/bin/sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    words = done.stdout.splitlines()
    assert words[:4] == ["-i", "trial one_pase_torso/results/ngp_ep0028.mp4", "-i", "my speech.wav"]
