import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pase.corpus.clip import AvOffset, Clip
from pase.corpus.store import Corpus, write_corpus
from pase.errors import InputError
from pase.inspection.corpus_page import inspect_corpus, make_cards
from pase.inspection.sampling import UNLABELLED, look_at_lips
from pase.inspection.tables import Quarantined
from pase.phonemes.inventory import BILABIALS


class Page(HTMLParser):
    """What a page holds: headings, alternative texts, sources, table rows, and whether its tags close."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text = path.read_text()
        self.tags: list[str] = []
        self.headings: list[str] = []
        self.alts: list[str] = []
        self.sources: list[str] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(self.text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.sources += [str(given[name]) for name in ("src", "href", "poster") if name in given]
        if tag == "img":
            self.alts.append(given["alt"] or "")
        if tag == "tr":
            self.rows.append([])
        if tag not in ("meta", "img", "track", "br", "link"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("h1", "h2"):
            self.headings.append(data)
        if self._open and self._open[-1] == "td":
            self.rows[-1].append(data)


def few(corpus: Corpus, wanted: int, **changes: object) -> list[Clip]:
    clips = [corpus.read(record) for record in corpus.records[:wanted]]
    return [replace(clip, record=replace(clip.record, **changes)) for clip in clips]


def test_the_page_holds_everything_and_needs_nothing(tiny_corpus: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(tiny_corpus)
    quality = {"snr": 20.0, "eye_distance": 80.0}
    clips = few(corpus, 5, quality=quality, text="a < b")
    clips[3] = replace(clips[3], record=replace(clips[3].record, offset=AvOffset(0.08, 7.0, "bilabial", True)))
    write_corpus(tmp_path / "full", clips, "some recipe", {"validation_every": 7, "own": [1, 2]})
    (tmp_path / "full" / "quarantine.tsv").write_text(
        "clip\tsource\tstage\treason\tdetail\nq1\tq.mp4\tcrop\tno_face\t<b>\n"
    )
    (tmp_path / "full" / "remarks.tsv").write_text("clip\tremark\ns0/clip000\tcut at 1.5 s\ns0/clip003\tcut at 2 s\n")
    written = inspect_corpus(tmp_path / "full", tmp_path / "page.html")
    assert written == tmp_path / "page.html"
    page = Page(written)
    assert page.headings == [
        "PASE corpus full",
        "What lips look like",
        "Do sound and picture agree?",
        "Clips to play",
        "How long phones last",
        "Picture and sound",
        "What was left out",
        "Repairs and doubts",
        "Who speaks, and for how long",
        "How it was prepared",
    ]
    assert all(len(alt) > 20 for alt in page.alts)
    assert all(source.startswith("data:") for source in page.sources)
    assert "script" not in page.tags
    assert "http" not in re.sub(r"base64,[^\"]*", "", page.text)
    assert ["no face (1)", "q1", "<b>"] in page.rows
    assert ["2", "s0/clip000", "cut at N s"] in page.rows
    assert page.tags.count("video") == 4
    assert "<dt>validation every</dt><dd>7</dd>" in page.text
    assert "1 by the bilabial test" in page.text


def test_the_same_corpus_gives_the_same_page(tiny_corpus: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path / "two", few(Corpus.open(tiny_corpus), 2))
    first, again = (inspect_corpus(tmp_path / "two", tmp_path / f"{name}.html") for name in "ab")
    assert first.read_bytes() == again.read_bytes()


def test_one_clip_without_phones_speaks_for_itself(tiny_corpus: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path / "one", few(Corpus.open(tiny_corpus), 1, phones=None))
    page = Page(inspect_corpus(tmp_path / "one"))
    assert (tmp_path / "one" / "inspect.html").is_file()
    assert "How long phones last" not in page.headings
    assert "No clip was quarantined." in page.text
    assert "cannot be tested" in page.text
    assert "was not measured" in page.text
    assert sum("Lip crops" in alt for alt in page.alts) == 1


def test_the_sample_has_the_crops_and_gaps_of_its_moments(opened_corpus: Corpus) -> None:
    sample = look_at_lips(opened_corpus, seed=0)
    spoken = {
        interval.phone
        for record in opened_corpus.records
        if record.phones
        for interval in record.phones.intervals
        if interval.middle * 25 < record.frames
    }
    assert set(sample.crops) == spoken
    for phone, crops in sample.crops.items():
        for crop in crops:
            assert crop.moment.record.phones is not None
            time = (crop.moment.frame + 0.5) / 25
            assert [i.phone for i in crop.moment.record.phones.intervals if i.start <= time < i.end] == [phone]
    with_bilabials = [
        record
        for record in opened_corpus.records
        if record.phones and any(interval.phone in BILABIALS for interval in record.phones.intervals)
    ]
    assert [len(gap) for _, gap in sample.gaps] == [record.frames for record in with_bilabials]


def test_a_corpus_without_phones_is_sampled_by_frames(tiny_corpus: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, few(Corpus.open(tiny_corpus), 5, phones=None))
    sample = look_at_lips(corpus, seed=0)
    assert set(sample.crops) == {UNLABELLED}
    assert len(sample.crops[UNLABELLED]) == 5
    assert sample.gaps == []


def test_cards_count(make_record) -> None:
    records = [
        *(make_record(f"a{n}", "B", speaker="x", frames=25 * 3600) for n in range(2)),
        make_record("b", speaker="y", split="test", frames=25 * 3600),
    ]
    shown = {card.name: (card.value, card.note) for card in make_cards(records, [Quarantined("q", "", "", "r", "")])}
    assert shown == {
        "hours": ("3.0", "of talking face"),
        "clips": ("3", "2 train, 1 test"),
        "speakers": ("2", "x speaks 66.7\N{NO-BREAK SPACE}%"),
        "kept": ("75\N{NO-BREAK SPACE}%", "1 clip in quarantine"),
        "with phones": ("66.7\N{NO-BREAK SPACE}%", "2 of 3 clips"),
    }


def test_nearly_all_is_not_all(make_record) -> None:
    lost = [Quarantined("q", "", "", "r", "")]
    cards = make_cards([make_record(f"c{n:05}", frames=1) for n in range(5000)], lost)
    assert {card.name: card.value for card in cards}["kept"] == "99.9\N{NO-BREAK SPACE}%"


def test_what_is_no_corpus_or_no_output_is_refused(tiny_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a prepared corpus"):
        inspect_corpus(tmp_path, tmp_path / "page.html")
    with pytest.raises(InputError, match="is a folder; name the HTML file"):
        inspect_corpus(tiny_corpus, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write to the folder"):
        inspect_corpus(tiny_corpus, tmp_path / "file" / "page.html")
    with pytest.raises(InputError, match="seed"):
        inspect_corpus(tiny_corpus, tmp_path / "page.html", seed=-1)
    assert not (tmp_path / "page.html").exists()


def test_a_missing_shard_is_named(tiny_corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_corpus, tmp_path / "copy")
    (tmp_path / "copy" / "shards" / "000000.tar").unlink()
    with pytest.raises(InputError, match=r"000000\.tar"):
        inspect_corpus(tmp_path / "copy", tmp_path / "page.html")


def test_a_corpus_at_an_address(tiny_corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    write_corpus("memory://inspected", few(Corpus.open(tiny_corpus), 1, phones=None))
    with pytest.raises(InputError, match="--output"):
        inspect_corpus("memory://inspected")
    page = Page(inspect_corpus("memory://inspected", tmp_path / "page.html"))
    assert page.headings[0] == "PASE corpus inspected"
    assert "No clip was quarantined." in page.text


def test_only_a_sample_is_decoded(opened_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    read = Corpus.read
    monkeypatch.setattr(Corpus, "read", lambda own, record: decoded.append(record.clip_id) or read(own, record))
    sample = look_at_lips(opened_corpus, seed=0, clips=2, per_phone=1)
    assert {len(crops) for crops in sample.crops.values()} == {1}
    assert len(set(decoded)) == len(decoded) <= sample.clips < len(opened_corpus.records)
