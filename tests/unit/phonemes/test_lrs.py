import pytest

from pase.errors import InputError
from pase.phonemes.lrs import read_lrs, read_lrs_words

PRETRAIN = """Text:  WELL {LG} I NEVER
Conf:  4
Ref:   00j9bKdiOjk

FRAME \tX \tY \tW \tH
000000 \t0.425 \t0.156 \t0.128 \t0.227
000001 \t0.425 \t0.156 \t0.128 \t0.227

WORD START END ASDSCORE
WELL 0.00 0.31 8.1
{LG} 0.31 0.60 3.0
I 0.60 0.66 7.3
NEVER 0.70 1.05 -2.1
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "00001.txt"


def test_text_and_words(path):
    path.write_text(PRETRAIN)
    assert read_lrs(path).text == "WELL {LG} I NEVER"
    reading = read_lrs_words(path, 1.1)
    assert reading.phones is None
    assert [(w.word, w.start, w.end) for w in reading.words] == [
        ("WELL", 0.0, 0.31), ("I", 0.6, 0.66), ("NEVER", 0.7, 1.05)]  # fmt: skip
    assert "'{LG}' from 0.310 s to 0.600 s is no word" in reading.reports[0]


def test_a_transcript_without_times(path):
    path.write_text("Text:  HELLO: THERE\nConf:  5\n")
    assert read_lrs(path).text == "HELLO: THERE"
    with pytest.raises(InputError, match="without times"):
        read_lrs_words(path, 1.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("HELLO THERE\n", "no line 'Text: ...'"),
        (PRETRAIN + "MORE\n", "line 14: expected 'WORD START END ASDSCORE', found 'MORE'"),
        (PRETRAIN.replace("0.66", "x"), "line 12"),
        (PRETRAIN.replace("1.05", "9.05"), "speech until 9.050 s"),
    ],
)
def test_damaged_files(path, content, message):
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_lrs_words(path, 1.1)
