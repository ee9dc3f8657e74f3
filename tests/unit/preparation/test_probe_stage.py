"""What a file says of itself."""

from fractions import Fraction
from pathlib import Path

import pytest
from tests.odd_clips import Film, Sound, faces, film, mux, replace_bytes, steady, turn
from tests.raw_clips import noise

from pase.audio.waveform import save_wav
from pase.errors import UnusableClipError
from pase.preparation.stages.probe import probe


def test_facts(tmp_path: Path) -> None:
    sound = Sound(noise(25), rate=48_000, layout="stereo")
    wide = [picture[:120] for picture in faces(50, 50)]
    facts = probe(mux(tmp_path / "a.mp4", Film(wide, steady(50, 50)), sound))
    assert (facts.video_codec, facts.width, facts.height, facts.frame_rate) == ("h264", 160, 120, 50.0)
    assert (facts.audio_codec, facts.sample_rate, facts.channels) == ("aac", 48_000, 2)
    assert (facts.rotation, facts.start, facts.own_sound) == (0, "0", True)
    assert facts.seconds == pytest.approx(1.0, abs=0.05)


def test_width_and_height_are_those_of_the_upright_picture(tmp_path: Path) -> None:
    path = mux(tmp_path / "a.mp4", Film([picture[:120] for picture in faces(3)], steady(3)), Sound(noise(3)))
    turn(path, (0, 1, -1, 0))
    facts = probe(path)
    assert (facts.width, facts.height) == (120, 160)
    assert abs(facts.rotation) == 90


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_clock_that_starts_late_makes_no_video_long(tmp_path: Path, suffix: str) -> None:
    late = 100_000
    facts = probe(mux(tmp_path / f"a.{suffix}", film(25, start=late), Sound(noise(25), Fraction(late))))
    assert facts.start == str(late)
    assert facts.seconds == pytest.approx(1.0, abs=0.1)


def test_sound_in_a_file_of_its_own_serves_videos_without(tmp_path: Path) -> None:
    silent, talking = mux(tmp_path / "a.mp4", film()), mux(tmp_path / "b.mp4", film(), Sound(noise(25)))
    save_wav(tmp_path / "a.wav", noise(25))
    facts = probe(silent, tmp_path / "a.wav")
    assert (facts.own_sound, facts.audio_codec) == (False, "pcm_s16le")
    assert probe(talking, tmp_path / "absent.wav").own_sound
    with pytest.raises(UnusableClipError, match=r"absent\.wav does not exist") as caught:
        probe(silent, tmp_path / "absent.wav")
    assert caught.value.reason == "no_file"


def test_a_track_that_nothing_can_decode(tmp_path: Path) -> None:
    path = mux(tmp_path / "a.mp4", film(), Sound(noise(25)))
    replace_bytes(path, b"avc1", b"zzzz")
    with pytest.raises(UnusableClipError, match=r"no decoder for the video track of .*a\.mp4") as caught:
        probe(path)
    assert caught.value.reason == "unknown_codec"
