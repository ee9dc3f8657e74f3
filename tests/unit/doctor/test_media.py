import av.codec.codec
import numpy as np
import pytest
from av.codec.codec import Codec, UnknownCodecError

from pase.doctor import media
from pase.doctor.check import Status
from pase.doctor.media import check_decoders, check_video, judge_video


def test_video_is_written_and_read() -> None:
    [result] = check_video()
    assert result.status is Status.OK
    assert "10 pictures" in result.found


def test_video_that_comes_back_otherwise() -> None:
    pictures = np.full((3, 4, 4, 3), 100, np.uint8)
    assert judge_video(pictures, pictures + 2, 0.3).status is Status.OK
    for back, peak in ((pictures[:2], 0.3), (pictures + 20, 0.3), (pictures, 0.0)):
        result = judge_video(pictures, back, peak)
        assert result.status is Status.PROBLEM
        assert "av" in result.advice


def test_decoders_are_tried() -> None:
    found = {result.name: result for result in check_decoders()}
    assert list(found) == ["video MPEG-1", "video HEVC", "video VP9"]
    assert found["video MPEG-1"].status is Status.OK
    assert "10 pictures" in found["video MPEG-1"].found


def test_absent_decoder_and_absent_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def codec(name: str, mode: str = "r") -> Codec:
        if (name, mode) in (("mpeg1video", "r"), ("hevc", "w")):
            raise UnknownCodecError(name)
        return Codec(name, mode)

    monkeypatch.setattr(av.codec.codec, "Codec", codec)
    first, second, _ = check_decoders()
    assert first.status is Status.WARNING
    assert "no decoder mpeg1video" in first.found
    assert "GRID" in first.advice
    assert second.status is Status.OK
    assert "not tried" in second.found


def test_decoder_that_loses_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_round_trip", lambda encoder: 9)
    assert {result.status for result in check_decoders()} == {Status.WARNING}
