import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from pase.audio.duration import duration_of
from pase.audio.waveform import save_wav
from pase.errors import InputError


def _save(path, samples, form):
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream("flac" if form == "flac" else "mp3", rate=16_000, layout="mono")
        frame = AudioFrame.from_ndarray(np.zeros((1, samples), dtype=np.int16), "s16", "mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_wav(tmp_path):
    save_wav(tmp_path / "a.wav", np.zeros(12_345, dtype=np.float32))
    assert duration_of(tmp_path / "a.wav") == pytest.approx(12_345 / 16_000)


def test_flac(tmp_path):
    _save(tmp_path / "a.flac", 12_345, "flac")
    assert duration_of(tmp_path / "a.flac") == pytest.approx(12_345 / 16_000)


def test_a_header_without_a_length_is_decoded(tmp_path):
    _save(tmp_path / "a.flac", 12_345, "flac")
    data = bytearray((tmp_path / "a.flac").read_bytes())
    # STREAMINFO follows the marker and its own header; its bits 108 ... 143 are the number of samples.
    data[8 + 13] &= 0xF0
    data[8 + 14 : 8 + 18] = bytes(4)
    (tmp_path / "b.flac").write_bytes(data)
    assert duration_of(tmp_path / "b.flac") == pytest.approx(12_345 / 16_000)


def test_no_sound(tmp_path):
    (tmp_path / "a.flac").write_bytes(b"no sound at all")
    for name in ("a.flac", "absent.flac"):
        with pytest.raises(InputError, match=name):
            duration_of(tmp_path / name)
