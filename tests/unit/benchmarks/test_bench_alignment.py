"""The measurement of the aligner: what it counts, leaves out and prints."""

import wave
from pathlib import Path

import numpy as np
import pytest

from pase.audio.waveform import SAMPLE_RATE, save_wav
from pase.benchmarks.alignment import Tally, main, table, wrong_words
from pase.benchmarks.alignment_references import (
    GridClip,
    TimitSentence,
    grid_clips,
    is_damaged,
    spread,
    timit_sentences,
)
from pase.phonemes.aligners.base import Alignment
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.words import WordInterval


def _timit(folder: Path, phones: str) -> None:
    """A sentence of phones of 0.1 s each."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{n * 1600} {(n + 1) * 1600} {phone}" for n, phone in enumerate(phones.split())]
    (folder / "sx1.phn").write_text("\n".join(lines))
    (folder / "sx1.txt").write_text(f"0 {1600 * len(lines)} Don't ask me.\n")
    save_wav(folder / "sx1.wav", np.zeros(1600 * len(lines), dtype=np.float32))


def _track(*phones: tuple[str, float, float]) -> PhoneTrack:
    return PhoneTrack(tuple(PhoneInterval(*phone) for phone in phones))


def test_phone_errors_are_of_phones_that_agree(tmp_path):
    _timit(tmp_path / "dr1", "h# dcl d ow n h#")
    (sentence,) = timit_sentences(tmp_path)
    assert sentence.words == ("don't", "ask", "me")
    found = _track(("SIL", 0, 0.11), ("D", 0.11, 0.25), ("AH", 0.25, 0.42), ("N", 0.42, 0.5), ("SIL", 0.5, 0.6))
    errors = sentence.errors(Alignment("aligned", found))
    assert errors == pytest.approx([0.01, 0.02])  # the closure belongs to the D; OW and AH are not compared


def test_grid_clips_are_those_with_sound(tmp_path):
    (tmp_path / "align").mkdir()
    for name in ("bbaf2n", "lwat4p"):
        (tmp_path / "align" / f"{name}.align").write_text("0 10000 sil\n10000 20000 bin\n20000 30000 blue\n")
    save_wav(tmp_path / "bbaf2n.wav", np.zeros(32_000, dtype=np.float32))
    (clip,) = grid_clips(tmp_path)
    assert (clip.words, clip.starts) == (("bin", "blue"), (0.4, 0.8))
    words = (WordInterval("bin", 0.43, 0.78), WordInterval("blue", 0.78, 1.1))
    assert clip.errors(Alignment("aligned", _track(("B", 0.43, 1.1)), words)) == pytest.approx([0.03, -0.02])


def test_a_limit_is_spread_over_all():
    clips = [GridClip(Path(str(n)), (), ()) for n in range(10)]
    assert [clip.sound.name for clip in spread(clips, 3)] == ["0", "3", "6"]
    assert spread(clips, None) == spread(clips, 99) == clips


def test_wrong_words_never_are_the_right_ones():
    clips = [TimitSentence(Path(str(n)), tuple(words.split())) for n, words in enumerate(["a b c d", "a b c d", "e f"])]
    kinds = dict(wrong_words(clips))
    assert len(kinds) == 4
    assert all(words != clip.words for some in kinds.values() for clip, words in some)
    assert len(kinds["another clip's words"]) == 2


def test_a_sound_that_lost_a_byte_is_damaged(tmp_path):
    seconds = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sound = (0.1 * np.sin(2 * np.pi * 300 * seconds)).astype(np.float32)
    assert not is_damaged(sound)
    pcm = (sound * 32767).astype("<i2").tobytes()
    broken = np.frombuffer(pcm[:8001] + pcm[8002:-1], "<i2").astype(np.float32) / 32768
    assert is_damaged(broken)


def test_the_table_counts_shares_and_reasons():
    tally = Tally(damaged=2, sound=30.0, spent=1.5, errors=[0.01, -0.03, 0.05, 0.02])
    tally.outcomes.update({"aligned": 3, "one word does not fit the sound": 1})
    text = table([("GRID words", tally)])
    assert "| GRID words | 4 | 3 (75.0%) | 4 | 25.0 ms | 27.5 ms | 50.0% | 75.0% | 20 |" in text
    assert "- 1: one word does not fit the sound" in text
    assert "- 2 more left out" in text


def test_it_runs_from_the_command_line(tmp_path, capsys):
    _timit(tmp_path / "dr1", "h# dcl d ow n h#")
    _timit(tmp_path / "dr2", "h# dcl d ow n h#")
    with wave.open(str(tmp_path / "dr2" / "sx1.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.random.default_rng(0).integers(-32768, 32767, SAMPLE_RATE).astype("<i2").tobytes())
    assert main(["--timit", str(tmp_path), "--wrong"]) == 0
    printed = capsys.readouterr().out
    assert f"--timit {tmp_path} --wrong" in printed
    assert "| TIMIT phones | 1 | 0 (0.0%) | 0 | - | - | - | - |" in printed
    assert "1 more left out" in printed


def test_nothing_to_measure_is_an_error(tmp_path, capsys):
    assert main(["--grid", str(tmp_path)]) == 1
    assert "nothing to measure" in capsys.readouterr().err
