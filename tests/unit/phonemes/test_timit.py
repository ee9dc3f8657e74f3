import pytest

from pase.audio.duration import duration_of
from pase.errors import InputError
from pase.phonemes.timit import read_timit


def test_times_are_samples_and_closures_join(tmp_path):
    path = tmp_path / "sa1.phn"
    path.write_text("0 1600 h#\n1600 2400 bcl\n2400 3200 b\n3200 8000 iy\n8000 16000 h#\n")
    reading = read_timit(path, 1.0)
    assert reading.phones is not None
    assert [(p.phone, p.start, p.end) for p in reading.phones.intervals] == [
        ("SIL", 0, 0.1), ("B", 0.1, 0.2), ("IY", 0.2, 0.5), ("SIL", 0.5, 1.0)]  # fmt: skip
    assert reading.reports == ()


@pytest.mark.parametrize("content", ["0 1600\n", "0 x h#\n", "0 0.5 iy\n", "", "0 32000 iy\n", "0 16000 xx\n"])
def test_damaged_files(tmp_path, content):
    path = tmp_path / "sa1.phn"
    path.write_text(content)
    with pytest.raises(InputError, match=r"sa1\.phn"):
        read_timit(path, 1.0)


@pytest.mark.real_data
def test_all_real_files_are_read_with_speech_in_them(real_clips):
    paths = sorted((real_clips / "timit").glob("*/*.phn"))
    assert len(paths) == 80
    for path in paths:
        reading = read_timit(path, duration_of(path.with_suffix(".wav")))
        assert reading.phones is not None
        assert {p.phone for p in reading.phones.intervals} > {"SIL"}
        assert not any("overlap" in report or "cut" in report for report in reading.reports)
