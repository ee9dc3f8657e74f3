"""Sound, picture and labels that do not begin at the same time."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.odd_clips import Sound, film, odd
from tests.raw_clips import noise, write_phones

from pase.corpus.store import Corpus
from pase.preparation.options import PrepareOptions
from pase.preparation.prepare import prepare

GIVEN = PrepareOptions(landmarks="sidecar", aligner="given", jobs=0)
LEAD = Fraction(4, 25)


def test_labels_of_sound_that_begins_before_the_picture(tmp_path: Path) -> None:
    """B ends 0.4 s after the first sample, where the sound becomes loud: 0.24 s after the first picture."""
    (tmp_path / "source").mkdir()
    sound = 0.1 * noise(29)
    sound[6_400:] *= 10
    video = odd(tmp_path / "source/a.mkv", film(start=LEAD), Sound(sound, codec="flac"))
    write_phones(video, seconds=1.16)
    prepare(tmp_path / "source", tmp_path / "out", GIVEN)
    corpus = Corpus.open(tmp_path / "out")
    (record,) = corpus.records
    assert record.phones is not None
    assert record.phones.to_json() == [["B", 0.0, 0.24], ["IY", 0.24, 1.0]]
    heard = np.abs(corpus.read(record).waveform)
    assert heard[3_840:7_680].mean() > 5 * heard[:3_840].mean()
    assert record.source_start == pytest.approx(0.16, abs=1e-3)
    assert "moved by -0.160 s" in (tmp_path / "out/remarks.tsv").read_text()


def test_labels_of_sound_that_begins_after_the_picture(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    video = odd(tmp_path / "source/a.mkv", film(), Sound(noise(21), LEAD, codec="flac"))
    write_phones(video, seconds=0.84)
    prepare(tmp_path / "source", tmp_path / "out", GIVEN)
    (record,) = Corpus.open(tmp_path / "out").records
    assert record.phones is not None
    assert record.phones.to_json() == [["SIL", 0.0, 0.16], ["B", 0.16, 0.56], ["IY", 0.56, 1.0]]
    assert record.source_start == 0


def test_text_of_a_file_with_two_hyphens_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    odd(tmp_path / "source/a--b.mkv", film())
    (tmp_path / "source/a--b.txt").write_text("hello there\n")
    prepare(tmp_path / "source", tmp_path / "out", replace(GIVEN, aligner="none"))
    assert [record.text for record in Corpus.open(tmp_path / "out").records] == ["hello there"]
