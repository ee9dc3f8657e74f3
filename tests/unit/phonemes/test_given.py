import pickle
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from pase.audio.waveform import save_wav
from pase.phonemes.aligners.base import Alignment, Utterance
from pase.phonemes.aligners.given import WORD_LIMIT, GivenAligner, word_difference
from pase.phonemes.aligners.unaligned import NoAligner
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.textgrid import read_textgrid, write_textgrid
from pase.phonemes.words import WordInterval

BEE = PhoneTrack((PhoneInterval("B", 0.0, 0.5), PhoneInterval("IY", 0.5, 1.0)))


@dataclass
class _Even:
    """Spreads the words evenly over one second."""

    batch_size: int = 7
    asked: list[Utterance] = field(default_factory=list)

    def settings(self):
        return {"aligner": "even"}

    def check(self):
        raise RuntimeError("checked")

    def align(self, utterances):
        self.asked.extend(utterances)
        return [self._one(utterance) for utterance in utterances]

    def _one(self, utterance):
        if not utterance.words:
            return Alignment("unknown", reason="no words")
        step = 1 / len(utterance.words)
        words = tuple(WordInterval(w, n * step, (n + 1) * step) for n, w in enumerate(utterance.words))
        return Alignment("aligned", BEE, words, reports=("even",))


@pytest.fixture
def sound(tmp_path):
    save_wav(tmp_path / "clip1.wav", np.zeros(16_000, dtype=np.float32))
    return tmp_path / "clip1.wav"


def _utterance(sound: Path, name: str = "clip1", given: str = "", content: str = "", words: str = "") -> Utterance:
    path = sound.parent / given if given else None
    if path is not None:
        path.write_text(content)
    return Utterance(name, "anna", sound, tuple(words.split()), path)


def test_given_phones_are_the_alignment_and_the_rest_goes_to_the_fallback_in_order(sound):
    grid = sound.with_suffix(".TextGrid")
    write_textgrid(grid, (WordInterval("Bee!", 0.0, 1.0),), BEE, 1.0)
    fallback = _Even()
    utterances = [
        _utterance(sound, "a", words="hello"),
        Utterance("b", "anna", sound, ("other",), grid),
        _utterance(sound, "c", "c.ctm", "c 1 0 0.4 AA\nc 1 0.4 0.6 sil\n"),
        _utterance(sound, "d"),
        _utterance(sound, "e", "e.phn", "0 16000 iy\n"),
    ]
    found = GivenAligner(fallback).align(utterances)
    assert [u.name for u in fallback.asked] == ["a", "d"]
    assert [a.status for a in found] == ["aligned", "aligned", "aligned", "unknown", "aligned"]
    assert found[1].phones == BEE
    assert found[1].words == (WordInterval("bee", 0.0, 1.0),)
    assert [p.phone for p in found[2].phones.intervals] == ["AA", "SIL"]
    assert found[0].reports == ("even",)
    assert found[4].reports == ()


@pytest.mark.parametrize(
    ("name", "content", "format_name"),
    [
        ("clip1.TextGrid", "no grid", "bad_textgrid"),
        ("clip1.CTM", "clip1 1 0 2 AA\n", "bad_ctm"),
        ("clip1.phn", "0 9 XX\n", "bad_timit"),
        ("clip1.align", "0 9\n", "bad_grid_align"),
        ("clip1.txt", "Text: no times\n", "bad_lrs"),
        ("clip1.ctm", "clip1 1 0 1 [laughter]\n", "bad_ctm"),
        ("clip1.lab", "hello\n", "bad_label_file"),
    ],
)
def test_a_bad_file_is_a_failure_that_names_its_format_and_its_path(sound, name, content, format_name):
    (alignment,) = GivenAligner(_Even()).align([_utterance(sound, given=name, content=content, words="hello")])
    assert alignment.status == "failed"
    assert alignment.reason.startswith(f"{format_name}: ")
    assert name in alignment.reason


def test_bad_sound_and_an_absent_file_are_failures(sound):
    utterance = _utterance(sound.with_name("absent.wav"), given="clip1.phn", content="0 9 iy\n")
    absent = Utterance("x", "anna", sound, (), sound.with_suffix(".ctm"))
    reasons = [alignment.reason for alignment in GivenAligner().align([utterance, absent])]
    assert reasons[0].startswith("bad_sound: ")
    assert reasons[1].startswith("bad_ctm: ")


def test_given_words_are_aligned_by_the_fallback_and_compared(sound):
    text = "0 12000 sil\n12000 13000 BIN\n13000 25000 blue\n"
    fallback = _Even()
    (alignment,) = GivenAligner(fallback).align([_utterance(sound, given="c.align", content=text, words="lay blue")])
    assert fallback.asked[0].words == ("bin", "blue")
    assert alignment.status == "aligned"
    assert [word.word for word in alignment.words] == ["bin", "blue"]
    assert "('bin blue') are not those of the transcript" in alignment.reports[0]
    assert not any("differ" in report for report in alignment.reports)  # 20 ms: hand-made word times are coarse


def test_a_doubtful_difference_is_reported(sound):
    text = "0 9000 sil\n9000 15000 bin\n15000 25000 blue\n"
    (alignment,) = GivenAligner(_Even()).align([_utterance(sound, given="c.align", content=text)])
    assert alignment.status == "aligned"
    assert "word boundaries differ by 100 ms" in alignment.reports[-1]


def test_words_that_lie_elsewhere_are_refused(sound):
    text = "clip1 1 0.70 0.15 hello\nclip1 1 0.85 0.14 there\n"
    (alignment,) = GivenAligner(_Even()).align([_utterance(sound, given="c.ctm", content=text)])
    assert alignment.status == "failed"
    assert alignment.reason.startswith("words_misplaced: ")
    assert "c.ctm" in alignment.reason


def test_a_failure_of_the_fallback_keeps_its_reason(sound):
    class Failing(_Even):
        def _one(self, utterance):
            return Alignment("out_of_vocabulary", reason="no bin")

    (alignment,) = GivenAligner(Failing()).align([_utterance(sound, given="c.align", content="0 25000 bin\n")])
    assert (alignment.status, alignment.reason) == ("out_of_vocabulary", "no bin")


def test_words_found_that_are_others_are_not_compared(sound):
    class Other(_Even):
        def _one(self, utterance):
            return Alignment("aligned", BEE, (WordInterval("been", 0, 1),))

    (alignment,) = GivenAligner(Other()).align([_utterance(sound, given="c.align", content="0 25000 bin\n")])
    assert alignment.status == "aligned"
    assert "not compared" in alignment.reports[-1]


def test_without_a_fallback_words_are_not_enough(sound):
    found = GivenAligner().align([_utterance(sound), _utterance(sound, given="c.align", content="0 25000 bin\n")])
    assert [alignment.status for alignment in found] == ["unknown", "unknown"]


def test_a_given_word_of_several_parts_is_compared_by_its_outer_ends():
    found = [WordInterval("well", 0.1, 0.3), WordInterval("known", 0.3, 0.6), WordInterval("man", 0.7, 1.0)]
    given = [WordInterval("Well-known", 0.15, 0.65), WordInterval("MAN", 0.75, 1.05)]
    assert word_difference(given, found) == pytest.approx(0.05)
    assert word_difference(given[:1], found) is None
    assert word_difference([], []) is None


def test_what_it_is_made_of(sound):
    aligner = GivenAligner(_Even())
    assert aligner.batch_size == 7
    assert aligner.settings()["fallback"] == {"aligner": "even"}
    with pytest.raises(RuntimeError, match="checked"):
        aligner.check()
    GivenAligner().check()
    assert pickle.loads(pickle.dumps(GivenAligner(NoAligner()))).settings()["fallback"] == {"aligner": "none"}  # noqa: S301


def test_no_aligner_leaves_all_unknown(sound):
    found = NoAligner().align([_utterance(sound, words="hello"), _utterance(sound)])
    assert [alignment.status for alignment in found] == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("shift", "phones"),
    [
        (0.25, [["B", 0.0, 0.25], ["IY", 0.25, 1.0]]),
        (0.6, [["IY", 0.0, 1.0]]),
        (-0.25, [["B", 0.25, 0.75], ["IY", 0.75, 1.0]]),
    ],
)
def test_times_on_the_clock_of_the_sound_before_it_was_cut(sound, shift, phones):
    whole = 1.0 + shift
    track = PhoneTrack((PhoneInterval("B", 0.0, 0.5), PhoneInterval("IY", 0.5, whole)))
    words = (WordInterval("be", 0.0, 0.5), WordInterval("east", 0.5, whole))
    write_textgrid(sound.with_suffix(".TextGrid"), words, track, whole)
    utterance = Utterance("b", "anna", sound, (), sound.with_suffix(".TextGrid"), given_shift=shift)
    (found,) = GivenAligner().align([utterance])
    assert found.phones.to_json() == phones
    assert [word.word for word in found.words] == (["be", "east"] if shift < 0.5 else ["east"])
    assert found.words[-1].end == pytest.approx(1.0)
    assert f"moved by {-shift:+.3f} s" in found.reports[-1]


def test_words_on_the_clock_of_the_sound_before_it_was_cut(sound):
    text = "clip1 1 0.0 0.3 gone\nclip1 1 0.4 0.5 hello\nclip1 1 0.9 0.5 there\n"
    given = _utterance(sound, given="c.ctm", content=text)
    fallback = _Even()
    (found,) = GivenAligner(fallback).align([replace(given, given_shift=0.4)])
    assert fallback.asked[0].words == ("hello", "there")
    assert found.status == "aligned"
    assert not any("differ" in report for report in found.reports)


@pytest.mark.real_data
def test_real_alignments_by_mfa_lie_where_grid_has_the_words_and_a_shift_is_found(real_clips, tmp_path):
    sound = tmp_path / "bbaf3s.wav"
    save_wav(sound, np.zeros(round(2.978 * 16_000), dtype=np.float32))
    grid = read_textgrid(real_clips / "mfa" / "textgrids" / "normal_bbaf3s.long.TextGrid", 2.978)

    class Recorded(_Even):
        shift = 0.0

        def _one(self, utterance):
            words = tuple(replace(w, start=w.start + self.shift, end=w.end + self.shift) for w in grid.words)
            return Alignment("aligned", grid.phones, words)

    align = real_clips / "grid_s1" / "align" / "bbaf3s.align"
    recorded = Recorded()
    utterance = Utterance("bbaf3s", "s1", sound, (), align)
    assert GivenAligner(recorded).align([utterance])[0].status == "aligned"
    recorded.shift = 1.5 * WORD_LIMIT
    assert GivenAligner(recorded).align([utterance])[0].reason.startswith("words_misplaced")
