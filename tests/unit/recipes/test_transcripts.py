import pytest

from pase.errors import InputError
from pase.recipes.transcripts import read_transcript


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clip.txt"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_plain_text_is_the_whole_file(path, encoding):
    path.write_text("Text: hello\n[door slams] at 9,\ncafé!\n", encoding=encoding)
    assert " ".join(read_transcript(path, "plain")) == "text hello at nine café"


def test_lrs_has_its_words_in_one_line_with_marks_for_noise(path):
    path.write_text("Text:  IT'S {NS} SO\nConf:  3\n")
    assert read_transcript(path, "lrs") == ("it's", "so")


def test_labels_in_time_are_no_plain_text(path):
    path.write_text("0 2500000 sil\n2500000 4100000 b\n")
    with pytest.raises(InputError, match="labels in time"):
        read_transcript(path, "plain")


def test_a_line_of_numbers_among_words_is_text(path):
    path.write_text("10 9 eight\nlift off\n")
    assert " ".join(read_transcript(path, "plain")) == "ten nine eight lift off"


def test_other_files(path):
    path.write_bytes(b"\xe9t\xe9")
    with pytest.raises(InputError, match="neither UTF-8 nor UTF-16"):
        read_transcript(path, "plain")
    path.write_text("hello\n")
    with pytest.raises(InputError, match=r"no line 'Text: \.\.\.'"):
        read_transcript(path, "lrs")
    with pytest.raises(InputError, match="cannot be read"):
        read_transcript(path.with_name("absent.txt"), "plain")
