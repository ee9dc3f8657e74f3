from pathlib import Path

import pytest

from pase.errors import InputError
from pase.inspection.tables import (
    Remark,
    count_reasons,
    count_remark_kinds,
    read_quarantine,
    read_remarks,
    remark_kind,
)

QUARANTINE = """clip\tsource\tstage\treason\tdetail
a\ta.mp4\tcrop\tface_lost\tno face in "12 frames
b\tb.mp4\tphones\tbad_words\tthe words
c\tc.mp4\tcrop\tface_lost\tno face
"""


def test_absent_tables_are_empty(tmp_path: Path) -> None:
    assert read_quarantine(tmp_path) == ()
    assert read_remarks(tmp_path) == ()


def test_reasons_are_counted(tmp_path: Path) -> None:
    (tmp_path / "quarantine.tsv").write_text(QUARANTINE)
    rows = read_quarantine(tmp_path)
    assert rows[0].detail == 'no face in "12 frames'
    counts = count_reasons(rows)
    assert [(count.stage, count.label, [row.clip for row in count.clips]) for count in counts] == [
        ("crop", "face lost", ["a", "c"]),
        ("phones", "bad words", ["b"]),
    ]


def test_columns_in_another_order_and_short_rows(tmp_path: Path) -> None:
    (tmp_path / "quarantine.tsv").write_text("reason\tnew\tclip\nface_lost\t1\ta\nno_sound\n")
    assert [(row.clip, row.reason, row.source) for row in read_quarantine(tmp_path)] == [
        ("a", "face_lost", ""),
        ("", "no_sound", ""),
    ]


@pytest.mark.parametrize("content", [b"clip\tremark\nx\ty\n", b"\xff\xfe\x00", b"just text"])
def test_what_is_no_such_table_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "quarantine.tsv").write_bytes(content)
    with pytest.raises(InputError, match=r"quarantine\.tsv (has no column|cannot be read)"):
        read_quarantine(tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("phone 3 of tier 'phones' ends 0.12 s late", "phone 17 of tier 'mots' ends 1.5 s late"),
        ("cut in /data/a b/x.TextGrid: why", "cut in /data/a c/y.TextGrid: why"),
        ("a.TextGrid holds nothing", "b-2.TextGrid holds nothing"),
        ("the word “hello” has 5 phones", "the word “you” has 2 phones"),
    ],
)
def test_remarks_of_one_kind(one: str, other: str) -> None:
    assert remark_kind(one) == remark_kind(other)


def test_remarks_of_two_kinds() -> None:
    rows = [Remark("a", "sound ends 1 s early"), Remark("b", "don't know it"), Remark("c", "sound ends 2 s early")]
    assert count_remark_kinds(rows) == [
        ("sound ends N s early", 2, rows[0]),
        ("don't know it", 1, rows[1]),
    ]
