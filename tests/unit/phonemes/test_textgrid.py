from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pase.errors import InputError
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import PHONES
from pase.phonemes.textgrid import read_textgrid, write_textgrid
from pase.phonemes.words import WordInterval


def _grid(path: Path, tiers: dict[str, list[tuple[float, float, str]]], end: float = 1.0, start: float = 0.0) -> Path:
    """A long TextGrid written plainly, so that it can be as wrong as wanted."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", f"xmin = {start}", f"xmax = {end}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, entries) in enumerate(tiers.items(), start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{name}"']
        lines += [f"        xmin = {start}", f"        xmax = {end}", f"        intervals: size = {len(entries)}"]
        for i, (a, b, label) in enumerate(entries, start=1):
            lines += [f"        intervals [{i}]:", f"            xmin = {a}", f"            xmax = {b}"]
            lines += [f'            text = "{label}"']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _named(track: PhoneTrack | None) -> list[tuple[str, float, float]]:
    assert track is not None
    return [(i.phone, round(i.start, 4), round(i.end, 4)) for i in track.intervals]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a clip.TextGrid"


def test_phones_and_words(path):
    _grid(path, {"words": [(0, 0.2, ""), (0.2, 1, "be")], "phones": [(0, 0.2, ""), (0.2, 0.5, "B"), (0.5, 1, "IY1")]})
    reading = read_textgrid(path, 1.0)
    assert _named(reading.phones) == [("SIL", 0, 0.2), ("B", 0.2, 0.5), ("IY", 0.5, 1)]
    assert reading.words == (WordInterval("be", 0.2, 1),)
    assert reading.reports == ()


@pytest.mark.parametrize("name", ["phone", "Phonemes", "anna - phones", "a - b - phones"])
def test_phone_tiers_by_name(path, name):
    reading = read_textgrid(_grid(path, {name: [(0, 1, "B")], "notes": [(0, 1, "whatever")]}), 1.0)
    assert _named(reading.phones) == [("B", 0, 1)]
    assert reading.words == ()


def test_words_alone_give_no_phones(path):
    reading = read_textgrid(_grid(path, {"word": [(0, 0.5, "pause"), (0.5, 1, "<eps>")]}), 1.0)
    assert reading.phones is None
    assert reading.words == (WordInterval("pause", 0, 0.5),)


def test_two_speakers_are_refused(path):
    _grid(path, {"anna - phones": [(0, 1, "B")], "ben - phones": [(0, 1, "B")]})
    with pytest.raises(InputError, match="2 tiers of phones: 'anna - phones', 'ben - phones'"):
        read_textgrid(path, 1.0)


def test_no_known_tier_names_those_there_are(path):
    with pytest.raises(InputError, match=r"a clip\.TextGrid has no tier called .* are: 'lips'"):
        read_textgrid(_grid(path, {"lips": [(0, 1, "B")]}), 1.0)


def test_small_overlaps_and_gaps_are_closed_and_reported(path):
    _grid(path, {"phones": [(0, 0.304, "B"), (0.3, 0.6, "IY"), (0.608, 1, "B")]})
    reading = read_textgrid(path, 1.0)
    assert _named(reading.phones) == [("B", 0, 0.302), ("IY", 0.302, 0.604), ("B", 0.604, 1)]
    assert [("overlap of 4.0 ms" in r, "gap of 8.0 ms" in r) for r in reading.reports] == [(True, False), (False, True)]


def test_rounding_is_not_worth_a_report(path):
    reading = read_textgrid(_grid(path, {"phones": [(0, 0.30000001, "B"), (0.3, 1, "IY")]}), 1.0)
    assert reading.reports == ()


def test_real_overlaps_are_refused_with_their_place(path):
    _grid(path, {"phones": [(0, 0.5, "B"), (0.4, 1, "IY")]})
    with pytest.raises(InputError, match=r"'phones': 'B' ends at 0\.500 s, after 'IY' has started at 0\.400 s"):
        read_textgrid(path, 1.0)


def test_an_interval_inside_another_is_refused(path):
    with pytest.raises(InputError, match="overlap"):
        read_textgrid(_grid(path, {"phones": [(0, 0.5, "B"), (0.495, 0.497, "IY"), (0.497, 1, "B")]}), 1.0)


def test_real_gaps_are_unknown_and_reported(path):
    reading = read_textgrid(_grid(path, {"phones": [(0, 0.3, "B"), (0.5, 1, "IY")]}), 1.0)
    assert reading.phones is not None
    assert reading.phones.labels_at([0.4])[0] == -1
    assert "nothing from 0.300 s to 0.500 s" in reading.reports[0]


def test_out_of_vocabulary_sound_is_unknown_and_reported(path):
    reading = read_textgrid(_grid(path, {"phones": [(0, 0.3, "B"), (0.3, 1, "spn")]}), 1.0)
    assert _named(reading.phones) == [("B", 0, 0.3)]
    assert "'spn' from 0.300 s" in reading.reports[0]


def test_unknown_labels_are_refused(path):
    with pytest.raises(InputError, match=r"a clip\.TextGrid, tier 'phones': 1 label\(s\) .* 'ø' at 0\.300 s"):
        read_textgrid(_grid(path, {"phones": [(0, 0.3, "B"), (0.3, 1, "ø")]}), 1.0)


def test_silence_past_the_end_is_cut_and_speech_is_refused(path):
    reading = read_textgrid(_grid(path, {"phones": [(0, 0.5, "B"), (0.5, 2, "")]}, end=2), 1.0)
    assert _named(reading.phones) == [("B", 0, 0.5), ("SIL", 0.5, 1.0)]
    assert "1000.0 ms past the end" in reading.reports[0]
    with pytest.raises(InputError, match=r"speech until 2\.000 s, but the sound ends at 1\.000 s"):
        read_textgrid(_grid(path, {"phones": [(0, 0.5, ""), (0.5, 2, "B")]}, end=2), 1.0)


def test_speech_a_little_past_the_end_is_cut(path):
    reading = read_textgrid(_grid(path, {"phones": [(0, 0.5, ""), (0.5, 1.02, "B")]}, end=1.02), 1.0)
    assert _named(reading.phones)[-1] == ("B", 0.5, 1.0)
    assert "20.0 ms past the end" in reading.reports[0]


def test_a_textgrid_that_ends_early_is_reported(path):
    assert (
        "ends at 1.000 s, the sound at 3.000 s" in read_textgrid(_grid(path, {"phones": [(0, 1, "B")]}), 3.0).reports[0]
    )


def test_intervals_without_length_are_dropped_and_backward_ones_refused(path):
    reading = read_textgrid(_grid(path, {"phones": [(0, 0.5, "B"), (0.5, 0.5, "IY"), (0.5, 1, "B")]}), 1.0)
    assert _named(reading.phones) == [("B", 0, 0.5), ("B", 0.5, 1)]
    assert "'IY' at 0.500 s has no length" in reading.reports[0]
    with pytest.raises(InputError, match=r"starts at 0\.5 s and ends at 0\.4 s"):
        read_textgrid(_grid(path, {"phones": [(0.5, 0.4, "B")]}), 1.0)


def test_times_that_do_not_begin_at_zero_are_refused(path):
    with pytest.raises(InputError, match=r"begins at 3\.500 s instead of 0"):
        read_textgrid(_grid(path, {"phones": [(3.5, 4, "B")]}, start=3.5, end=4), 0.5)


def test_utf16_as_praat_writes_it(path):
    text = _grid(path, {"phones": [(0, 1, "B")], "words": [(0, 1, "café")]}).read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-16")
    assert read_textgrid(path, 1.0).words[0].word == "café"


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\xff\xfe", b"hello\n", b'File type = "ooTextFile"\nObject class = "TextGrid"\n']
)
def test_damaged_files(path, content):
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a clip\.TextGrid"):
        read_textgrid(path, 1.0)


def test_a_missing_file(path):
    with pytest.raises(InputError, match="cannot be read"):
        read_textgrid(path, 1.0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 900), junk=st.binary(max_size=8))
def test_a_file_broken_anywhere_is_read_or_refused(path, cut, junk):
    _grid(path, {"words": [(0, 1, "be")], "phones": [(0, 0.2, ""), (0.2, 0.5, "B"), (0.5, 1, "IY1")]})
    data = path.read_bytes()
    cut = min(cut, len(data))
    path.write_bytes(data[:cut] + junk + data[cut + len(junk) :] if len(junk) % 2 else data[:cut] + junk)
    try:
        read_textgrid(path, 1.0)
    except InputError as error:
        assert "a clip.TextGrid" in str(error)  # noqa: PT017 - either outcome is right


def _intervals(labels: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, float, float]]]:
    """Ordered intervals within 0 ... 3 s on a 0.1 ms grid, some with gaps, some touching."""
    bounds = st.lists(st.integers(0, 30_000), min_size=2, max_size=16, unique=True).map(sorted)
    kept = st.lists(st.booleans(), min_size=15, max_size=15)
    named = st.lists(labels, min_size=15, max_size=15)
    return st.builds(
        lambda b, k, n: [
            (label, x / 10_000, y / 10_000) for x, y, keep, label in zip(b, b[1:], k, n, strict=False) if keep
        ],
        bounds,
        kept,
        named,
    )


WORDS = st.builds(
    str.__add__, st.sampled_from("bé9字"), st.text(st.characters(exclude_categories=["C", "Z"]), max_size=4)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(phones=_intervals(st.sampled_from(PHONES)), words=_intervals(WORDS))
def test_what_is_written_is_read(path, phones, words):
    track = PhoneTrack(tuple(PhoneInterval(*phone) for phone in phones))
    spoken = tuple(WordInterval(*word) for word in words)
    write_textgrid(path, spoken, track, 3.0)
    reading = read_textgrid(path, 3.0)
    assert reading.words == spoken
    moments = np.arange(30_000) / 10_000 + 0.00005
    assert reading.phones is not None
    np.testing.assert_array_equal(reading.phones.labels_at(moments), track.labels_at(moments))


def test_writing_past_the_end_is_refused_and_leaves_nothing(path):
    with pytest.raises(InputError, match="cannot write"):
        write_textgrid(path, (), PhoneTrack((PhoneInterval("B", 0.0, 2.0),)), 1.0)
    assert list(path.parent.iterdir()) == []


def test_writing_overlapping_words_is_refused(path):
    with pytest.raises(InputError, match="cannot write"):
        write_textgrid(path, (WordInterval("a", 0, 0.6), WordInterval("b", 0.5, 1)), PhoneTrack(()), 1.0)


@pytest.mark.real_data
def test_real_mfa_textgrids_have_explicit_silence(real_clips):
    paths = sorted((real_clips / "mfa" / "textgrids").glob("*.TextGrid"))
    assert len(paths) == 12
    for path in paths:
        reading = read_textgrid(path, 2.978)
        phones = _named(reading.phones)
        assert ("spn" in path.name) == any("'spn'" in report for report in reading.reports)
        covered = sum(end - start for _, start, end in phones)
        assert covered == pytest.approx(2.978) or "spn" in path.name
        assert any(phone == "SIL" for phone, _, _ in phones)
        assert reading.words


@pytest.mark.real_data
def test_long_and_short_form_are_the_same(real_clips):
    folder = real_clips / "mfa" / "textgrids"
    long, short, raw = (
        read_textgrid(folder / f"{name}_bbaf3s.{form}", 2.978)
        for name, form in (
            ("normal", "long.TextGrid"),
            ("normal", "short.TextGrid"),
            ("no_textgrid_cleanup", "TextGrid"),
        )
    )
    assert long.phones == short.phones
    assert _named(raw.phones)[0][0] == "SIL"


@pytest.mark.real_data
def test_real_hand_made_textgrids(real_clips):
    folder = real_clips / "textgrid"
    corpus = read_textgrid(folder / "polyglotdb_acoustic_corpus.TextGrid", 26.72)
    assert len(_named(corpus.phones)) > 150
    assert len(corpus.words) > 50
    with pytest.raises(InputError, match="'PT' at"):
        read_textgrid(folder / "praatio_bobby_phones.TextGrid", 1.194)
    bobby = read_textgrid(folder / "praatio_bobby_words.TextGrid", 1.194)
    assert bobby.phones is None
    assert [word.word for word in bobby.words] == ["BOBBY", "RIPPED", "THE", "LEDGER"]
