import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.errors import InputError
from pase.phonemes.inventory import PHONES, SILENCE
from pase.phonemes.labels import LabelledInterval, phone_of_label, phones_of_labels

TIMIT_61 = (
    "iy ih eh ey ae aa aw ay ah ao oy ow uh uw ux er ax ix axr ax-h b d g p t k dx q bcl dcl gcl pcl tcl kcl "
    "jh ch s sh z zh f th v dh m n ng em en eng nx l r w y hh hv el pau epi h#"
)


def _segments(*labels: str) -> list[LabelledInterval]:
    return [LabelledInterval(label, i / 10, (i + 1) / 10) for i, label in enumerate(labels)]


def _named(*labels: str) -> list[tuple[str, float, float]]:
    return [(p.phone, round(p.start, 3), round(p.end, 3)) for p in phones_of_labels(_segments(*labels))]


@pytest.mark.parametrize("phone", PHONES)
def test_every_phone_is_known_in_any_case_with_stress_and_place(phone):
    assert {phone_of_label(x) for x in (phone, phone.lower(), f" {phone} ")} == {phone}
    if phone != SILENCE:
        assert {phone_of_label(x) for x in (f"{phone}0", f"{phone}1_B", f"{phone.lower()}2", f"{phone}_E")} == {phone}


@pytest.mark.parametrize("label", ["", " ", "sil", "SIL", "sp", "<eps>", "<sil>", "pau", "h#", "epi"])
def test_silences(label):
    assert phone_of_label(label) == SILENCE


@pytest.mark.parametrize("label", ["spn", "+SPN+", "+NSN+", "noise", "q"])
def test_sound_without_a_known_phone_is_not_silence(label):
    assert phone_of_label(label) is None


@pytest.mark.parametrize("label", ["PT", "øy", "e", "j", "AH3", "B1x", "1", "0", "AA_X", "the"])
def test_unknown_labels_are_refused(label):
    with pytest.raises(InputError, match="no phone"):
        phone_of_label(label)


def test_timit_folds_to_the_inventory_except_zh_nothing_missing():
    folded = {phone_of_label(label) for label in TIMIT_61.split()} - {None}
    assert folded == set(PHONES)


def test_closures_join_their_release_and_no_other():
    assert _named("bcl", "b") == [("B", 0.0, 0.2)]
    assert _named("tcl", "ch") == [("CH", 0.0, 0.2)]
    assert _named("dcl", "jh") == [("JH", 0.0, 0.2)]
    assert _named("kcl", "t") == [("K", 0.0, 0.1), ("T", 0.1, 0.2)]
    assert _named("tcl", "tcl", "t") == [("T", 0.0, 0.1), ("T", 0.1, 0.3)]
    assert _named("t", "t") == [("T", 0.0, 0.1), ("T", 0.1, 0.2)]


def test_a_glottal_stop_between_closure_and_release_parts_them():
    assert _named("tcl", "q", "t") == [("T", 0.0, 0.1), ("T", 0.2, 0.3)]


def test_silences_join_and_noise_is_left_out():
    assert _named("h#", "pau", "spn", "sil") == [("SIL", 0.0, 0.2), ("SIL", 0.3, 0.4)]


def test_all_unknown_labels_are_named():
    with pytest.raises(InputError, match=r"2 label\(s\) .*'PT' at 0\.100 s, 'X9' at 0\.300 s"):
        phones_of_labels(_segments("AA", "PT", "B", "X9"))


@given(st.text(max_size=6))
def test_any_text_is_a_phone_no_phone_or_a_clear_error(label):
    try:
        phone = phone_of_label(label)
    except InputError as error:
        assert repr(label) in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert phone is None or phone in PHONES
