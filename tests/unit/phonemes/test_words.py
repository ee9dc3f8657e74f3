import pytest
from hypothesis import given
from hypothesis import strategies as st

from pase.errors import InputError
from pase.phonemes.aligners.grid_align import read_grid_align
from pase.phonemes.words import WordInterval, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Bin blue at F two, now!", "bin blue at f two now"),
        ("She\u2019s a WELL-known `o'clock' fan — really...", "she's a well known o'clock' fan really"),
        ("room 42, floor 7; 10 and 90 and 0", "room forty two floor seven ten and ninety and zero"),
        ("in 1984 at 12:30 for $5, 3.5 kg, 50% 1st 007", "in 1984 at 12:30 for $5 3.5 kg 50% 1st 007"),
        ("“quoted” (aside) café", "quoted aside café"),
        (" \n\t ", ""),
        ("well {NS} [door slams] I <laugh> never", "well i never"),
        ("an <unk> word, [sic", "an unk word sic"),
    ],
)
def test_transcripts(text, words):
    assert " ".join(words_of(text)) == words


@given(st.text(max_size=60))
def test_words_are_lower_case_and_without_blanks(text):
    for word in words_of(text):
        assert word
        assert word == word.lower()
        assert not any(character.isspace() for character in word)


def test_a_word_needs_a_length():
    with pytest.raises(InputError, match="start < end"):
        WordInterval("bin", 1.0, 1.0)


def test_grid_times_are_in_25000ths(tmp_path):
    path = tmp_path / "bbaf2n.align"
    path.write_text("0 23750 sil\n23750 29500 bin\n29500 29500 \n".replace("29500 29500 \n", "29500 34000 sp\n"))
    assert read_grid_align(path) == (WordInterval("bin", 0.95, 1.18),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0 5000 sil\n4000 9000 bin\n", "'sil' ends at 0.200 s, after 'bin'"),
        ("0 5 bin blue\n", "line 1"),
        ("0 -5 bin\n", "line 1"),
        ("5000 4000 bin\n", "starts at 0.2 s and ends at 0.16 s"),
        ("5000 5000 bin\n", "no words"),
        ("0 5 sil\n", "no words"),
        ("", "no words"),
    ],
)
def test_damaged_grid_times(tmp_path, content, message):
    path = tmp_path / "x.align"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_grid_align(path)


def test_missing_grid_times(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_grid_align(tmp_path / "absent.align")


@pytest.mark.real_data
def test_all_real_grid_times_are_read(real_clips):
    words = [read_grid_align(path) for path in sorted((real_clips / "grid_s1" / "align").glob("*.align"))]
    assert len(words) == 880
    assert {len(sentence) for sentence in words} == {6}
