"""`pase prepare` on speech without faces, and on videos without usable sound."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.odd_clips import film, mux
from tests.raw_clips import content, noise, pictures, quarantine, write_clip, write_phones

from pase.audio.waveform import save_wav
from pase.cli.main import main
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.preparation.options import PrepareOptions
from pase.preparation.prepare import prepare
from pase.recipes.base import Recipe, RefusedVideo, SourceVideo
from pase.recipes.catalogue import RECIPES
from pase.recipes.folder import FOLDER
from pase.recipes.speech import SPEECH
from pase.video.writing import write_video

SPOKEN = PrepareOptions(recipe="pase.recipes.speech:SPEECH", aligner="given", jobs=0)
SILENT = PrepareOptions(landmarks="sidecar", aligner="given", jobs=0, silent_videos="keep")


def faint() -> np.ndarray:
    """A second of silence with a soft noise of 10 ms in it: not digital silence, and nothing to hear."""
    waveform = np.zeros(16_000, np.float32)
    waveform[8_000:8_160] = 0.0025 * np.random.default_rng(0).standard_normal(160)
    return waveform


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Three voices; the sound of the second is no whole number of frames, one file is broken."""
    folder = tmp_path / "speech"
    for number in range(3):
        (folder / f"voice_{number}").mkdir(parents=True)
        save_wav(folder / f"voice_{number}/one.wav", noise(25 + number, number)[: -300 * number or None])
    write_phones(folder / "voice_0/one.wav")
    (folder / "voice_1/one.txt").write_text("bee")
    (folder / "voice_2/broken.mp3").write_bytes(b"no sound at all")
    return folder


def test_speech_gives_clips_of_sound_alone(speech: Path, tmp_path: Path) -> None:
    before = content(speech)
    summary = prepare(speech, tmp_path / "out", replace(SPOKEN, jobs=2, validation_every=3))
    assert (summary.videos, summary.used, summary.clips) == (4, 3, 3)
    assert not {"landmarks", "crop"} & set(summary.stage_seconds)
    assert quarantine(tmp_path / "out")["voice_2/broken"][1:3] == ("probe", "undecodable")
    corpus = Corpus.open(tmp_path / "out")
    assert [record.clip_id for record in corpus.records] == [f"voice_{n}/one" for n in range(3)]
    assert [record.split for record in corpus.records] == ["train", "train", "validation"]
    assert [record.frames for record in corpus.records] == [25, 25, 26]
    assert [record.text for record in corpus.records] == ["bee", "bee", ""]
    for number, clip in enumerate(corpus):
        assert (clip.record.modality, clip.record.speaker) == ("audio", f"voice_{number}")
        assert clip.lips.shape == (0, 96, 96, 3)
        assert clip.lip_points.shape == (0, 40, 2)
        assert set(clip.record.quality) == {"loudness", "snr", "speech", "clipping"}
        np.testing.assert_allclose(clip.waveform, noise(25 + number, number)[: clip.record.samples], atol=2 / 32768)
    assert corpus.records[0].phones is not None
    assert [interval.phone for interval in corpus.records[0].phones.intervals] == ["B", "IY"]
    assert content(speech) == before


def test_long_speech_is_cut_and_each_part_has_its_phones(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    save_wav(tmp_path / "speech/long.flac.wav", noise(101))  # 4.04 s
    write_phones(tmp_path / "speech/long.flac.wav", seconds=4.0)
    prepare(tmp_path / "speech", tmp_path / "out", replace(SPOKEN, max_seconds=1.5, validation_every=0))
    records = Corpus.open(tmp_path / "out").records
    assert [record.frames for record in records] == [33, 34, 34]
    assert [record.source_start for record in records] == [0.0, 1.32, 2.68]
    phones = [[interval.phone for interval in record.phones.intervals] for record in records if record.phones]
    assert phones == [["B", "IY"], ["IY"], ["IY"]]


def test_speech_that_is_too_short_or_silent_goes_to_quarantine(speech: Path, tmp_path: Path) -> None:
    save_wav(speech / "voice_0/brief.wav", noise(5))
    save_wav(speech / "voice_0/still.wav", np.zeros(16_000, np.float32))
    save_wav(speech / "voice_0/faint.wav", faint())
    prepare(speech, tmp_path / "out", replace(SPOKEN, silent_videos="keep", max_quarantine=0.9))
    reasons = {clip: row[1:3] for clip, row in quarantine(tmp_path / "out").items()}
    assert reasons["voice_0/brief"] == ("tracks", "too_short")
    assert reasons["voice_0/still"] == ("normalise", "no_sound")
    assert reasons["voice_0/faint"] == ("quality", "silent")


def test_speech_in_several_runs_gives_the_same_bytes(speech: Path, tmp_path: Path) -> None:
    prepare(speech, tmp_path / "once", replace(SPOKEN, jobs=2))
    (speech / "voice_0").rename(tmp_path / "away")
    prepare(speech, tmp_path / "twice", replace(SPOKEN, until="phones"))
    prepare(speech, tmp_path / "twice", SPOKEN)
    (tmp_path / "away").rename(speech / "voice_0")
    summary = prepare(speech, tmp_path / "twice", SPOKEN)
    assert (summary.clips, summary.resumed) == (3, 3)
    assert content(tmp_path / "twice") == content(tmp_path / "once")
    assert prepare(speech, tmp_path / "twice", SPOKEN).resumed == 4


def test_the_command_on_speech_and_a_look_at_it(
    speech: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    assert main(["prepare", str(speech), out, "--recipe", SPOKEN.recipe, "--aligner", "given", "--jobs", "0"]) == 0
    assert "landmarks" not in capfd.readouterr().err
    assert main(["inspect", out]) == 0
    assert main(["inspect", out, "--clip", "voice_0/one"]) == 0
    page = (tmp_path / "out/inspect.html").read_text()
    assert "3 of sound alone" in page
    assert "Do sound and picture agree?" not in page


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """A talking video, one with a silent track, one with a faint track, and one without any."""
    folder = tmp_path / "silent"
    for name in ("talking", "still", "faint", "mute"):
        write_phones(write_clip(folder / f"{name}.mp4"))
    write_video(folder / "still.mp4", pictures(25), np.zeros(16_000, np.float32))
    write_video(folder / "faint.mp4", pictures(25), faint())
    mux(folder / "mute.mp4", film())
    return folder


def test_silent_videos_are_refused_or_kept_as_asked(silent: Path, tmp_path: Path) -> None:
    asked = replace(SILENT, silent_videos="quarantine", max_quarantine=0.9)
    assert prepare(silent, tmp_path / "out", asked).clips == 1
    reasons = {clip: row[1:3] for clip, row in quarantine(tmp_path / "out").items()}
    assert reasons == {
        "faint": ("quality", "silent"),
        "mute": ("probe", "no_sound"),
        "still": ("normalise", "no_sound"),
    }
    assert prepare(silent, tmp_path / "out", SILENT).clips == 4  # in the same folder
    corpus = Corpus.open(tmp_path / "out")
    modalities = {record.clip_id: record.modality for record in corpus.records}
    assert modalities == {"faint": "video", "mute": "video", "still": "video", "talking": "audio-video"}
    talking = corpus.read(corpus.records[3])
    for clip in corpus:
        np.testing.assert_array_equal(clip.lip_points, talking.lip_points)
        assert clip.lips.shape == (25, 96, 96, 3)
        if clip.record.modality == "video":
            assert (clip.record.samples, len(clip.waveform), clip.record.phones) == (0, 0, None)
            assert "brightness" in clip.record.quality
            assert "loudness" not in clip.record.quality
    assert "mute\tkept without sound: " in (tmp_path / "out/remarks.tsv").read_text()


def test_limits_on_the_picture_hold_for_silent_videos(silent: Path, tmp_path: Path) -> None:
    write_video(silent / "mute.mp4", [pictures(1)[0]] * 25, np.zeros(16_000, np.float32))
    prepare(silent, tmp_path / "out", SILENT)
    assert quarantine(tmp_path / "out")["mute"][1:3] == ("quality", "still_picture")


def test_kept_silent_videos_resume_to_the_same_bytes(silent: Path, tmp_path: Path) -> None:
    prepare(silent, tmp_path / "once", replace(SILENT, jobs=2))
    prepare(silent, tmp_path / "twice", replace(SILENT, until="normalise"))
    prepare(silent, tmp_path / "twice", SILENT)
    assert content(tmp_path / "twice") == content(tmp_path / "once")


def test_a_recipe_may_list_videos_and_speech(
    silent: Path, speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = tmp_path / "both"
    both.mkdir()
    silent.rename(both / "films")
    speech.rename(both / "sounds")

    def find(source: Path) -> Iterator[SourceVideo | RefusedVideo]:
        yield from FOLDER.find(source)
        yield from SPEECH.find(source)

    monkeypatch.setitem(RECIPES, "both", Recipe("both", "films and sounds", "your own", find))
    prepare(both, tmp_path / "out", replace(SILENT, recipe="both"))
    counts = Counter(record.modality for record in Corpus.open(tmp_path / "out").records)
    assert counts == {"audio": 3, "audio-video": 1, "video": 3}
    assert prepare(both, tmp_path / "out", replace(SILENT, recipe="both")).resumed == 8


def test_a_choice_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="silent_videos is 'drop'; it must be one of quarantine, keep"):
        PrepareOptions(silent_videos="drop")
