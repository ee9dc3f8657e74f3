# ruff: noqa: RUF001 -- IPA is made of letters that look like others
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.errors import InputError
from pase.phonemes.labels import LabelledInterval, phone_of_label
from pase.phonemes.repair import BOUNDARY_TOLERANCE, END_TOLERANCE, repair_phones, repair_words

TIMES = st.floats(-0.2, 3.5) | st.sampled_from([0.0, 1.0, 1.005, 1.02, 3.0, 3.03, math.nan, math.inf, -math.inf])
LABELS = st.sampled_from(["", "sil", "AA1", "b", "spn", "t_E", "ʈʷ", "nonsense"])
SEGMENTS = st.lists(st.builds(LabelledInterval, LABELS, TIMES, TIMES), max_size=8)


@given(SEGMENTS)
def test_anything_becomes_phones_within_the_sound_or_is_refused_with_its_place(segments):
    try:
        track, _ = repair_phones("a tier", segments, 3.0)
    except InputError as error:
        assert str(error).startswith("a tier")  # noqa: PT017 - either outcome is right
    else:
        assert all(0 <= phone.start < phone.end <= 3.0 for phone in track.intervals)


@given(
    st.lists(st.floats(0.03, 0.3), min_size=1, max_size=8),
    st.lists(st.floats(-BOUNDARY_TOLERANCE, BOUNDARY_TOLERANCE), min_size=8, max_size=8),
)
def test_small_faults_move_no_boundary_by_more_than_half_of_the_tolerance(lengths, faults):
    bounds = np.cumsum([0.0, *lengths])
    right = [LabelledInterval("B" if n % 2 else "AA", *bounds[n : n + 2]) for n in range(len(lengths))]
    wrong = [LabelledInterval(s.label, s.start, s.end + f * (n + 1 < len(lengths))) for n, (s, f) in
             enumerate(zip(right, faults, strict=False))]  # fmt: skip
    repaired, _ = repair_phones("a tier", wrong, float(bounds[-1]))
    assert [p.phone for p in repaired.intervals] == [s.label for s in right]
    for phone, segment in zip(repaired.intervals, right, strict=True):
        assert abs(phone.start - segment.start) <= BOUNDARY_TOLERANCE / 2 + 1e-9
        assert abs(phone.end - segment.end) <= BOUNDARY_TOLERANCE / 2 + 1e-9


def test_one_fault_in_many_places_is_one_report():
    segments = [LabelledInterval("B", n / 10, n / 10 + 0.095) for n in range(10)]
    _, reports = repair_phones("a tier", segments, 0.995)
    assert len(reports) == 1
    assert reports[0].startswith("a tier: a gap of 5.0 ms closed at 0.098 s")
    assert reports[0].endswith("8 more like it")


def test_a_little_before_the_sound_is_cut_and_more_is_refused():
    track, reports = repair_phones("a tier", [LabelledInterval("B", -0.02, 1.0)], 1.0)
    assert track.intervals[0].start == 0.0
    assert "20.0 ms before the sound" in reports[0]
    with pytest.raises(InputError, match=r"starts at -0\.100 s, before the sound"):
        repair_phones("a tier", [LabelledInterval("B", -0.1, 1.0)], 1.0)


def test_phones_that_begin_late_are_reported():
    _, reports = repair_phones("a tier", [LabelledInterval("B", 2 * END_TOLERANCE, 1.0)], 1.0)
    assert "begins at 0.080 s; unknown before" in reports[0]


def test_no_phones_are_refused():
    with pytest.raises(InputError, match="no phones in it"):
        repair_phones("a tier", [], 1.0)


def test_ipa_of_mfa_is_read_and_a_slip_among_arpabet_is_not():
    segments = [LabelledInterval("", 0, 0.2), LabelledInterval("kʷ", 0.2, 0.4), LabelledInterval("ɪ", 0.4, 1.0)]
    track, reports = repair_phones("a tier", segments, 1.0)
    assert [(p.phone, round(p.start, 6), round(p.end, 6)) for p in track.intervals] == [
        ("SIL", 0, 0.2), ("K", 0.2, 0.3), ("W", 0.3, 0.4), ("IH", 0.4, 1.0)]  # fmt: skip
    assert "IPA" in reports[0]
    with pytest.raises(InputError, match="'ɪ' at"):
        repair_phones("a tier", [LabelledInterval("K", 0, 0.4), LabelledInterval("ɪ", 0.4, 1.0)], 1.0)


def test_words_leave_pauses_without_a_report_and_marks_with_one():
    segments = [
        LabelledInterval("Hello", 0.3, 0.6),
        LabelledInterval("{LG}", 1.0, 1.5),
        LabelledInterval("<unk>", 2, 3),
    ]
    words, reports = repair_words("a tier", segments, 5.0)
    assert [word.word for word in words] == ["Hello", "<unk>"]
    assert reports == ("a tier: '{LG}' from 1.000 s to 1.500 s is no word",)


@given(st.text(max_size=8))
def test_labels_of_every_kind_are_words_or_none(label):
    words, _ = repair_words("a tier", [LabelledInterval(label, 0, 1)], 1.0)
    assert len(words) <= 1


def test_noise_is_not_silence():
    assert phone_of_label("SPN_S") is None
    track, reports = repair_phones("a tier", [LabelledInterval("SPN_S", 0, 0.5), LabelledInterval("SIL_S", 0.5, 1)], 1)
    assert [p.phone for p in track.intervals] == ["SIL"]
    assert "sound without a known phone" in reports[0]
