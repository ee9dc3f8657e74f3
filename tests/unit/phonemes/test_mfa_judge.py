"""Judging what MFA wrote, on its real TextGrids of GRID clips."""

import csv
from pathlib import Path

import numpy as np
import pytest

from pase.audio.waveform import SAMPLE_RATE, Waveform, load_audio
from pase.phonemes.aligners.mfa.judge import Limits, energy_in_silence, judge
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.words import words_of


def outcome(data: Path, grid: str, clip: str, text: str, score: float | None = None):
    waveform = load_audio(data / "grid_s1" / "video" / f"{clip}.mp4")
    return judge(data / "mfa" / "textgrids" / f"{grid}.TextGrid", words_of(text), waveform, score, Limits())


@pytest.mark.real_data
@pytest.mark.parametrize("grid", ["normal_bbaf3s.long", "normal_bbaf3s.short", "no_textgrid_cleanup_bbaf3s"])
def test_real_alignments_are_taken(real_clips: Path, grid: str) -> None:
    alignment = outcome(real_clips, grid, "bbaf3s", "bin blue at f three soon", -63.3)
    assert alignment.status == "aligned", alignment.reason
    assert [word.word for word in alignment.words] == ["bin", "blue", "at", "f", "three", "soon"]
    phones = [interval.phone for interval in alignment.phones.intervals]
    assert phones[:5] == ["SIL", "B", "IH", "N", "B"]


@pytest.mark.real_data
def test_another_clip_of_the_same_folder(real_clips: Path) -> None:
    assert outcome(real_clips, "normal_lwik9s", "lwik9s", "lay white in k nine soon").status == "aligned"


@pytest.mark.real_data
def test_words_outside_the_dictionary_are_named(real_clips: Path) -> None:
    alignment = outcome(real_clips, "oov_zwoog_spn", "bbaf3s", "bin blue zwoog s four now")
    assert (alignment.status, "zwoog" in alignment.reason) == ("out_of_vocabulary", True)


@pytest.mark.real_data
def test_words_in_the_wrong_place_are_refused_though_the_score_is_good(real_clips: Path) -> None:
    alignment = outcome(real_clips, "grossly_wrong_but_exit0_srihzn", "srihzn", "set red in h zero now", -53.0)
    assert alignment.status == "failed"
    assert "energy" in alignment.reason


@pytest.mark.real_data
def test_a_wrong_text_that_was_forced_through_is_refused(real_clips: Path) -> None:
    with (real_clips / "mfa" / "exports" / "alignment_analysis.wrong_text_wide_beam.csv").open() as file:
        score = float(next(csv.DictReader(file))["speech_log_likelihood"])
    text = "she had your dark suit in greasy wash water all year"
    alignment = outcome(real_clips, "wrong_text_forced_by_wide_beam", "bbaf3s", text, score)
    assert (alignment.status, "do not fit" in alignment.reason) == ("failed", True)


@pytest.mark.real_data
@pytest.mark.parametrize("table", ["grid880", "five", "odd_with_failures"])
def test_no_right_text_has_a_score_below_the_limit(real_clips: Path, table: str) -> None:
    with (real_clips / "mfa" / "exports" / f"alignment_analysis.{table}.csv").open() as file:
        scores = [float(row["speech_log_likelihood"]) for row in csv.DictReader(file) if row["speech_log_likelihood"]]
    assert len(scores) > 4
    assert min(scores) > Limits().speech_log_likelihood


@pytest.mark.real_data
def test_the_result_of_another_text_is_refused(real_clips: Path) -> None:
    alignment = outcome(real_clips, "normal_bbaf3s.long", "bbaf3s", "set red in h zero now")
    assert (alignment.status, "'bin blue at f three soon'" in alignment.reason) == ("failed", True)


def test_damaged_file_is_a_failure_without_a_temporary_path(tmp_path: Path) -> None:
    path = tmp_path / "u.TextGrid"
    path.write_text("no such thing")
    alignment = judge(path, ("a",), np.zeros(SAMPLE_RATE, np.float32), None, Limits())
    assert alignment.status == "failed"
    assert str(tmp_path) not in alignment.reason


@pytest.mark.parametrize(("silence", "expected"), [((0.0, 1.0), 0.8), ((1.0, 2.0), 0.2), ((1.0, 2.5), 0.2)])
def test_energy_in_silence(silence: tuple[float, float], expected: float) -> None:
    waveform: Waveform = np.repeat(np.float32([0.2, 0.1]), SAMPLE_RATE)
    track = PhoneTrack((PhoneInterval("SIL", *silence),))
    assert energy_in_silence(track, waveform) == pytest.approx(expected, abs=1e-6)


def test_energy_of_digital_silence() -> None:
    assert energy_in_silence(PhoneTrack((PhoneInterval("SIL", 0, 1),)), np.zeros(SAMPLE_RATE, np.float32)) == 0.0
