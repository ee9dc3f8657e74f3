import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pase.errors import InputError
from pase_adapters.spec import RendererSpec
from pase_adapters.subject import count_frames


def test_frames_of_both_splits_count(make_subject: Callable[[int], Path], spec: RendererSpec) -> None:
    assert count_frames(make_subject(50), spec) == 50


def test_dropped_frames_keep_their_place(tmp_path: Path, spec: RendererSpec) -> None:
    """The last frame asks for row 9, however many frames before it were thrown away."""
    (tmp_path / "transforms_train.json").write_text(json.dumps({"frames": [{"aud_id": 0}, {"aud_id": 7}]}))
    (tmp_path / "transforms_val.json").write_text(json.dumps({"frames": [{"aud_id": 9}]}))
    assert count_frames(tmp_path, spec) == 10


def test_absent_folder(tmp_path: Path, spec: RendererSpec) -> None:
    with pytest.raises(InputError, match="does not exist"):
        count_frames(tmp_path / "nobody", spec)


def test_folder_that_is_no_subject(tmp_path: Path, spec: RendererSpec) -> None:
    with pytest.raises(InputError, match=r"transforms_train\.json and transforms_val\.json not found"):
        count_frames(tmp_path, spec)


def test_half_processed_subject(make_subject: Callable[[int], Path], spec: RendererSpec) -> None:
    folder = make_subject(50)
    (folder / "transforms_val.json").unlink()
    with pytest.raises(InputError, match=r": transforms_val\.json not found"):
        count_frames(folder, spec)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "JSON"),
        ("[]", "no list of frames"),
        ('{"frames": {}}', "no list of frames"),
        ('{"frames": []}', "lists no video frames"),
        ('{"frames": [3]}', "frame 0 has the aud_id None"),
        ('{"frames": [{"aud_id": 0}, {"aud_id": -1}]}', "frame 1 has the aud_id -1"),
        ('{"frames": [{"aud_id": 0.5}]}', "aud_id 0.5"),
        ('{"frames": [{"aud_id": true}]}', "aud_id True"),
    ],
)
def test_damaged_lists(tmp_path: Path, spec: RendererSpec, text: str, message: str) -> None:
    for name in spec.frame_lists:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        count_frames(tmp_path, spec)
