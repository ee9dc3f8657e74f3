import numpy as np
import pytest

from pase.corpus.clip import AvOffset
from pase.inspection.statistics import (
    clip_seconds,
    hours,
    phone_seconds,
    quality_values,
    speaker_hours,
    summarise_offsets,
)


def test_lengths(make_record) -> None:
    records = [make_record("a", speaker="x", frames=25), make_record("b", speaker="y", frames=100)]
    records.append(make_record("c", speaker="x", frames=50))
    assert clip_seconds(records).tolist() == [1, 4, 2]
    assert hours(records) == pytest.approx(7 / 3600)
    assert [(name, round(own * 3600, 6)) for name, own in speaker_hours(records)] == [("y", 4), ("x", 3)]


def test_phone_lengths_of_clips_with_and_without_phones(make_record) -> None:
    found = phone_seconds([make_record("a", "B AA B"), make_record("b"), make_record("c", "AA")])
    assert {phone: len(own) for phone, own in found.items()} == {"B": 2, "AA": 2}
    np.testing.assert_allclose(found["B"], 0.2)


def test_quality_of_clips_that_have_it(make_record) -> None:
    records = [
        make_record("a", quality={"snr": 20.0, "blur": 1.0}),
        make_record("b"),
        make_record("c", quality={"snr": 9}),
    ]
    found = quality_values(records)
    assert {name: own.tolist() for name, own in found.items()} == {"blur": [1.0], "snr": [20.0, 9.0]}


def test_offsets(make_record) -> None:
    assert summarise_offsets([make_record("a")]) is None
    offsets = [
        AvOffset(0.04, 5.0, "bilabial"),
        AvOffset(-0.2, 9.0, "model", corrected=True),
        AvOffset(0.0, 3.0, "model"),
    ]
    found = summarise_offsets([make_record("x"), *(make_record(f"c{n}", offset=own) for n, own in enumerate(offsets))])
    assert found is not None
    assert found.seconds.tolist() == [0.04, -0.2, 0.0]
    assert found.corrected.tolist() == [False, True, False]
    assert found.methods == (("bilabial", 1), ("model", 2))
