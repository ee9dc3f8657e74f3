"""`pase prepare` where several faces are seen, or one video gives several clips: who speaks, and one A/V offset."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.raw_clips import EYES, SIZE, landmarks, noise, openings, pictures, quarantine, write_landmarks

from pase.corpus.store import Corpus
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.textgrid import write_textgrid
from pase.phonemes.words import WordInterval
from pase.preparation.options import PrepareOptions
from pase.preparation.prepare import prepare
from pase.video.writing import write_video


def voice(frames: int) -> NDArray[np.float32]:
    """Sound that gets louder as the mouth opens."""
    return noise(frames) * np.repeat(openings(frames).astype(np.float32) + np.float32(0.01), 640)


def write_two(video: Path, frames: int, seen: slice) -> None:
    """One who speaks, and beside him one who keeps his mouth still, in some of the frames."""
    write_video(video, [np.concatenate([picture, picture], axis=1) for picture in pictures(frames)], voice(frames))
    speaks = landmarks(frames)
    listens = np.full_like(speaks, np.nan)
    listens[seen] = landmarks(1, EYES + SIZE)
    write_landmarks(video, np.stack([listens, speaks], axis=1))


@pytest.mark.parametrize("seen", [slice(None), slice(3, None), slice(60, 140), slice(90, 110)])
def test_two_faces_in_a_long_stretch(tmp_path: Path, seen: slice) -> None:
    (tmp_path / "source").mkdir()
    write_two(tmp_path / "source/two.mp4", 200, seen)
    options = PrepareOptions(landmarks="sidecar", aligner="none", max_seconds=4.0, jobs=0)
    prepare(tmp_path / "source", tmp_path / "out", options)
    records = Corpus.open(tmp_path / "out").records
    assert sorted((record.source_start, record.frames) for record in records) == [(0.0, 100), (4.0, 100)]
    assert {row[2] for row in quarantine(tmp_path / "out").values()} == {"not_speaking"}


def write_bilabials(video: Path, seconds: float, late: float) -> None:
    """A TextGrid with a B twice a second, `late` seconds after the mouth closes."""
    phones = []
    clock = 0.0
    for middle in np.arange(0.5, seconds - 0.5, 0.5) + 0.5 / 25 + late:
        phones += [PhoneInterval("AA", clock, middle - 0.04), PhoneInterval("B", middle - 0.04, middle + 0.04)]
        clock = middle + 0.04
    track = PhoneTrack((*phones, PhoneInterval("AA", clock, seconds)))
    write_textgrid(video.with_suffix(".TextGrid"), [WordInterval("babble", 0.0, seconds)], track, seconds)


def test_short_clips_share_the_offset_of_their_video(tmp_path: Path) -> None:
    """Each of the six clips has too few bilabials to measure by."""
    (tmp_path / "source").mkdir()
    video = tmp_path / "source/long.mp4"
    write_video(video, pictures(300), voice(300))
    write_landmarks(video, landmarks(300))
    write_bilabials(video, 12.0, late=0.12)
    options = PrepareOptions(landmarks="sidecar", aligner="given", max_seconds=2.0, correct_offset=True, jobs=0)
    prepare(tmp_path / "source", tmp_path / "out", options)
    records = Corpus.open(tmp_path / "out").records
    assert len(records) == 6
    (offset,) = {record.offset for record in records}
    assert offset is not None
    assert offset.corrected
    assert offset.seconds == pytest.approx(0.12, abs=0.041)
