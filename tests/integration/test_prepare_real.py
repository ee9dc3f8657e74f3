"""Preparation of real clips with MediaPipe and PocketSphinx: lips and phones agree in time."""

from pathlib import Path

import numpy as np
import pytest
from tests.raw_clips import quarantine

from pase.audio.waveform import load_audio
from pase.corpus.store import Corpus
from pase.phonemes.aligners.grid_align import read_grid_align
from pase.phonemes.inventory import BILABIALS, SILENCE
from pase.preparation.options import PrepareOptions
from pase.preparation.prepare import prepare
from pase.preparation.stages.landmarks import load_detections
from pase.preparation.stages.tracks import load_pieces
from pase.preparation.workfolder import WorkFolder
from pase.video.landmarks import lip_gap
from pase.video.reading import iter_frames
from pase.video.writing import write_video


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, real_clips: Path) -> Corpus:
    pytest.importorskip("mediapipe", reason="MediaPipe or its system libraries are missing", exc_type=ImportError)
    source, model = real_clips / "grid_s1", real_clips / "models/face_landmarker.task"
    folder = tmp_path_factory.mktemp("grid")
    codes = [path.stem for path in sorted((source / "video").glob("*.mp4"))][5::150]
    for part, suffix in (("video", "mp4"), ("align", "align")):
        (folder / "s1" / part).mkdir(parents=True)
        for code in codes:
            (folder / "s1" / part / f"{code}.{suffix}").symlink_to(source / part / f"{code}.{suffix}")
    options = PrepareOptions(recipe="grid", face_model=model, validation_every=4, jobs=2)
    prepare(folder / "s1", folder / "out", options)
    return Corpus.open(folder / "out")


@pytest.mark.real_data
@pytest.mark.slow
def test_clips_are_kept_whole(corpus: Corpus) -> None:
    assert len(corpus.records) == 6
    for clip in corpus:
        assert (clip.record.frames, clip.record.samples) == (75, 48_000)
        assert len(clip.record.text.split()) == 6
        width = np.linalg.norm(clip.lip_points[:, 10] - clip.lip_points[:, 0], axis=-1).mean() / 1.1
        assert 0.4 < width < 0.65  # of the crop


@pytest.mark.real_data
@pytest.mark.slow
def test_lips_are_closed_in_bilabials_at_the_right_time(corpus: Corpus) -> None:
    shifts = range(-3, 4)
    gaps: dict[int, list[float]] = {shift: [] for shift in shifts}
    for clip in corpus:
        gap = lip_gap(clip.lip_points)
        gap = gap / np.percentile(gap, 95)
        assert clip.record.phones is not None
        for interval in clip.record.phones.intervals:
            if interval.phone in BILABIALS:
                for shift in shifts:
                    frame = int(interval.middle * 25) + shift
                    gaps[shift].append(float(gap[np.clip(frame, 0, len(gap) - 1)]))
    means = {shift: np.mean(values) for shift, values in gaps.items()}
    assert len(gaps[0]) >= 5
    assert min(means, key=lambda shift: means[shift]) in (0, 1)
    assert means[0] < 0.6 * means[-3]
    assert means[0] < 0.6 * means[3]


@pytest.mark.real_data
@pytest.mark.slow
def test_phones_begin_where_grid_says_that_words_begin(corpus: Corpus, real_clips: Path) -> None:
    errors = []
    for record in corpus.records:
        assert record.phones is not None
        starts = np.array([interval.start for interval in record.phones.intervals if interval.phone != SILENCE])
        words = read_grid_align(real_clips / "grid_s1/align" / f"{record.clip_id}.align")
        errors += [np.abs(starts - word.start).min() for word in words]
    assert np.median(errors) < 0.03


@pytest.mark.real_data
@pytest.mark.slow
def test_of_two_people_the_one_who_speaks_is_kept(real_clips: Path, tmp_path: Path) -> None:
    """Two people side by side; the sound is the left one's, twelve seconds long, for GRID's sentences are all alike."""
    pytest.importorskip("mediapipe", reason="MediaPipe or its system libraries are missing", exc_type=ImportError)
    speaking = sorted((real_clips / "grid_s1/video").glob("*.mp4"))[20:24]
    listening = sorted((real_clips / "grid_other").glob("*.mpg"))[:4]
    left = [picture for video in speaking for picture in iter_frames(video, 25)]
    right = [picture for video in listening for picture in iter_frames(video, 25)]
    sound = [np.pad(load_audio(video)[:48_000], (0, 48_000))[:48_000] for video in speaking]
    (tmp_path / "source").mkdir()
    pictures = [np.hstack([a, b]) for a, b in zip(left, right, strict=False)]
    write_video(tmp_path / "source/two.mp4", pictures, np.concatenate(sound))
    options = PrepareOptions(
        face_model=real_clips / "models/face_landmarker.task", aligner="none", max_seconds=20, jobs=0
    )
    prepare(tmp_path / "source", tmp_path / "out", options)
    work = WorkFolder(tmp_path / "out/work")
    detections = load_detections(work, "two")
    place = {piece.name: np.nanmean(piece.points(detections)[..., 0]) for piece in load_pieces(work, "two")}
    kept = [record.clip_id for record in Corpus.open(tmp_path / "out").records]
    silent = [name for name, row in quarantine(tmp_path / "out").items() if row[2] == "not_speaking"]
    assert len(place) == 8
    assert len(kept) >= 2
    assert all(place[name] < 360 for name in kept)
    assert all(place[name] > 360 for name in silent)
