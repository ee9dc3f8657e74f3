import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pase.errors import InputError
from pase.phonemes.ctm import read_ctm

PHONES = """;; Kaldi's phones, places in the word kept
spk1-clip1 1 0.000 0.200 SIL
spk1-clip1 1 0.200 0.100 B_B 0.93
spk1-clip1 1 0.300 0.200 IY1_E 0.81
spk1-clip1 1 0.500 0.500 SPN_S
spk1-clip2 1 0.00 1.00 sil
"""

WORDS = """clip1.wav A 0.21 0.30 bin
clip1.wav A 0.51 0.20 f
clip1.wav A 0.90 0.10 now 0.99
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clip1.ctm"


def _read(path, text, *names, duration=1.0):
    path.write_text(text, encoding="utf-8")
    return read_ctm(path, names, duration)


def test_phones_of_one_utterance_of_several(path):
    reading = _read(path, PHONES, "spk1-clip1")
    assert reading.phones is not None
    assert [(p.phone, p.start, p.end) for p in reading.phones.intervals] == [
        ("SIL", 0.0, 0.2), ("B", 0.2, 0.3), ("IY", 0.3, 0.5)]  # fmt: skip
    assert reading.words == ()
    assert len(reading.reports) == 1
    assert "'SPN_S' from 0.500 s" in reading.reports[0]


def test_words_have_no_phones_even_if_some_are_letters(path):
    reading = _read(path, WORDS, "clip1")
    assert reading.phones is None
    assert [(w.word, w.start, w.end) for w in reading.words] == [
        ("bin", 0.21, 0.51), ("f", 0.51, 0.71), ("now", 0.9, 1.0)]  # fmt: skip
    assert reading.reports == ()


def test_silences_do_not_make_words_phones(path):
    silent = "".join(f"clip1 1 {n / 10} 0.1 <eps>\n" for n in range(2, 9))
    assert _read(path, f"clip1 1 0 0.1 hello\n{silent}clip1 1 0.9 0.1 you\n", "clip1").phones is None


def test_the_only_utterance_is_taken_by_the_name_of_the_file(path):
    reading = _read(path, "A7 1 0 1 AA\n", "clip1")
    assert reading.phones is not None
    assert "called 'A7', and was taken" in reading.reports[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PHONES, "has no utterance called clip|has no utterance called 'clip1'; it has 2: 'spk1-clip1', 'spk1-clip2'"),
        ("clip1 1 0 1 AA\nclip1 2 0 1 IY\n", "2 channels: 1, 2"),
        ("clip1 1 0 1\n", "line 1: expected 'FILE CHANNEL"),
        ("clip1 1 * * <ALT_BEGIN>\n", "line 1: .* are no times"),
        ("clip1 1 0 1 23\n", "numbers for labels"),
        ("clip1 1 0 0.5 AA\nclip1 1 0.4 0.6 B\n", "'AA' ends at 0.500 s, after 'B' has started"),
        ("clip1 1 0 0.5 AA\nclip1 1 0.5 0.2 PT\n", r"1 label\(s\) are no phones known here: 'PT'"),
        ("clip1 1 0 2 AA\n", "speech until 2.000 s"),
        ("clip1 1 0.5 -0.1 AA\n", "starts at 0.5 s and ends at 0.4 s"),
        ("", "is empty"),
    ],
)
def test_damaged_files(path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        _read(path, text, "clip1")
    assert "clip1.ctm" in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.lists(st.sampled_from([*PHONES.split(), "\n", "nan", "-1", "1e9"])).map(
    lambda fields: " ".join(fields).encode()))  # fmt: skip
def test_any_file_is_read_or_refused(path, content):
    path.write_bytes(content)
    try:
        read_ctm(path, ["spk1-clip1", "clip1"], 1.0)
    except InputError as error:
        assert "clip1.ctm" in str(error)  # noqa: PT017 - either outcome is right
