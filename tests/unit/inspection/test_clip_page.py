from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from pase.corpus.clip import AvOffset
from pase.corpus.store import Corpus, write_corpus
from pase.errors import InputError
from pase.inspection.clip_figure import PART, spans_of
from pase.inspection.clip_page import find_record, inspect_clip
from pase.phonemes.intervals import PhoneInterval, PhoneTrack


@pytest.mark.parametrize(("seconds", "parts"), [(0.04, 1), (PART, 1), (PART + 0.04, 2), (7.0, 3), (1000.0, 10)])
def test_parts_cover_the_clip(seconds: float, parts: int) -> None:
    spans = spans_of(seconds, 30.0)
    assert len(spans) == parts
    assert spans[0][0] == 0
    assert spans[-1][1] == pytest.approx(min(seconds, 30.0))
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert max(stop - start for start, stop in spans) <= PART + 1e-9


def test_the_page_tells_all_of_a_clip(tiny_corpus: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(tiny_corpus)
    clip = corpus.read(corpus.records[1])
    phones = PhoneTrack((PhoneInterval("B", 0.1, 0.3), PhoneInterval("IY", 0.3, 0.6)))
    record = replace(
        clip.record,
        phones=phones,
        text="bee",
        source="raw/some.mp4",
        source_start=12.5,
        offset=AvOffset(-0.08, 4.2, "model", True),
        quality={"snr": 21.5},
    )
    write_corpus(tmp_path / "one", [replace(clip, record=record)])
    (tmp_path / "one" / "remarks.tsv").write_text(f"clip\tremark\n{record.clip_id}\tdoubt & repair\nother\tnot mine\n")
    path = inspect_clip(tmp_path / "one", record.clip_id)
    assert path == tmp_path / "one" / "inspect" / f"{record.clip_id}.html"
    text = path.read_text()
    for expected in (
        f"<h1>Clip {record.clip_id}</h1>",
        "“bee”",
        "raw/some.mp4",
        "12.50 s",
        "-80 ms",
        "sound was moved",
        "speech above pauses (dB)</dt><dd>21.5",
        "doubt &amp; repair",
        'alt="Words, phones coloured by viseme, spectrogram',
        "data:video/mp4",
        "data:text/vtt",
    ):
        assert expected in text
    assert "not mine" not in text
    assert "<script" not in text


def test_a_clip_without_phones(tiny_corpus: Path, tmp_path: Path) -> None:
    record = next(own for own in Corpus.open(tiny_corpus).records if own.phones is None)
    text = inspect_clip(tiny_corpus, record.clip_id, tmp_path / "page.html").read_text()
    assert "Its phones are not known." in text
    assert "No transcript." in text


@pytest.mark.parametrize(
    ("asked", "near"),
    [("clip003", "s0/clip003"), ("S1/CLIP004", "s1/clip004"), ("s0/clip030", "s0/clip0"), ("zzz", "manifest.jsonl")],
)
def test_an_unknown_clip_is_answered_with_near_ones(opened_corpus: Corpus, asked: str, near: str) -> None:
    with pytest.raises(InputError, match=f"has no clip '{asked}' among its 16.*{near}"):
        find_record(opened_corpus, asked)


def test_output_that_cannot_be_written(tiny_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        inspect_clip(tiny_corpus, "s0/clip003", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write to the folder"):
        inspect_clip(tiny_corpus, "s0/clip003", tmp_path / "file" / "page.html")
