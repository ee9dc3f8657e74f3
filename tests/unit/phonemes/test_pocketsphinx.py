"""The aligner on synthetic speech, whose phone times are known exactly, and on real clips."""

import json
import pickle
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pase.audio.waveform import SAMPLE_RATE, load_audio, save_wav
from pase.errors import InputError
from pase.phonemes.aligners.base import Alignment, Utterance
from pase.phonemes.aligners.fit import Limits
from pase.phonemes.aligners.grid_align import read_grid_align
from pase.phonemes.aligners.pocketsphinx import PocketSphinxAligner
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.labels import LabelledInterval, phones_of_labels
from pase.phonemes.words import words_of


@dataclass(frozen=True)
class Listed:
    """A pronouncer that knows some words."""

    phones: dict[str, list[str]] = field(default_factory=dict)

    def settings(self):
        return {"listed": self.phones}

    def phones_of(self, word):
        return self.phones.get(word)


SENTENCE = "she had your dark suit in greasy wash water all year"


@pytest.fixture(scope="module")
def aligner():
    return PocketSphinxAligner()


@pytest.fixture(scope="module")
def speech():
    pytest.importorskip("espeakng_loader", reason="synthetic speech needs the extra 'synthetic'")
    from pase.corpus.synthetic.speech import Voice, speak

    return speak(SENTENCE, Voice("gmw/en-US", "m1", 130, 50))


def _covers(alignment: Alignment, duration: float) -> bool:
    assert alignment.phones is not None
    intervals = alignment.phones.intervals
    touching = all(a.end == b.start for a, b in pairwise(intervals))
    return touching and intervals[0].start == 0 and intervals[-1].end == duration


def test_speech_is_aligned_close_to_its_true_times(aligner, speech):
    alignment = aligner.align_waveform(speech.waveform, SENTENCE.split())
    assert (alignment.status, alignment.reason) == ("aligned", "")
    assert [word.word for word in alignment.words] == SENTENCE.split()
    assert _covers(alignment, len(speech.waveform) / SAMPLE_RATE)
    assert alignment.phones.intervals[0].phone == "SIL"
    errors = [abs(found.start - true.start) for found, true in zip(alignment.words, speech.words, strict=True)]
    assert np.median(errors) < 0.03
    assert max(errors) < 0.12


def test_the_result_does_not_depend_on_what_was_aligned_before(aligner, speech):
    words = SENTENCE.split()
    fresh = PocketSphinxAligner().align_waveform(speech.waveform, words)
    aligner.align_waveform(speech.waveform[: 3 * SAMPLE_RATE // 2], words[:3])
    aligner.align_waveform(np.zeros(SAMPLE_RATE, dtype=np.float32), ["hello"])
    assert aligner.align_waveform(speech.waveform, words) == fresh


@pytest.mark.parametrize(
    "text",
    [
        "the old farmer walked slowly down to the river",
        "blue",
        f"{SENTENCE} and then he went home again to his wife",
        "she had your dark suit",
    ],
)
def test_a_transcript_that_does_not_fit_is_rejected_with_a_reason(aligner, speech, text):
    alignment = aligner.align_waveform(speech.waveform, text.split())
    assert alignment.status == "failed"
    assert alignment.reason
    assert alignment.phones is None


def test_words_without_a_pronunciation_are_named(speech):
    aligner = PocketSphinxAligner(Listed())
    alignment = aligner.align_waveform(speech.waveform, ["the", "zwoog", "3.5", "<sil>", "zwoog", "river"])
    assert alignment.status == "out_of_vocabulary"
    assert alignment.reason.endswith("zwoog, 3.5, <sil>")


def test_a_given_pronunciation_is_used_and_reported(speech):
    words = [word.replace("water", "wottur") for word in SENTENCE.split()]
    aligner = PocketSphinxAligner(Listed({"wottur": ["W", "ao1", "T", "ER0"]}))
    alignment = aligner.align_waveform(speech.waveform, words)
    assert alignment.status == "aligned"
    assert alignment.words[8].word == "wottur"
    inside = [
        p.phone for p in alignment.phones.intervals if alignment.words[8].start <= p.middle < alignment.words[8].end
    ]
    assert inside == ["W", "AO", "T", "ER"]
    assert [report.endswith(": wottur") for report in alignment.reports] == [True]


def test_words_outside_the_dictionary_are_pronounced_by_rule(aligner, speech):
    words = SENTENCE.replace("greasy wash", "greezie wosh").split()
    alignment = aligner.align_waveform(speech.waveform, words)
    assert [word.word for word in alignment.words] == words
    assert [report.endswith(": greezie, wosh") for report in alignment.reports] == [True]
    assert aligner.align_waveform(speech.waveform, SENTENCE.split()).reports == ()


def test_without_the_extra_the_reason_names_it(aligner, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    sound = np.zeros(SAMPLE_RATE, dtype=np.float32)
    alignment = aligner.align_waveform(sound, ["the", "squabblish", "3.5"])
    assert alignment.status == "out_of_vocabulary"
    assert "squabblish, 3.5." in alignment.reason
    assert "[synthetic]" in alignment.reason
    assert "[synthetic]" not in aligner.align_waveform(sound, ["the", "3.5"]).reason


@pytest.mark.parametrize("phones", [["F", "QQ"], ["F", "SIL"], ["spn"]])
def test_a_wrong_pronunciation_is_an_error(speech, phones):
    with pytest.raises(InputError):
        PocketSphinxAligner(Listed({"zwoog": phones})).align_waveform(speech.waveform, ["zwoog"])


def test_utterances_are_aligned_one_by_one_in_their_order(aligner, speech, tmp_path):
    save_wav(tmp_path / "said.wav", speech.waveform)
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    said, words = tmp_path / "said.wav", tuple(SENTENCE.split())
    found = aligner.align(
        [
            Utterance("a", "s", said, words),
            Utterance("b", "s", said),
            Utterance("c", "s", tmp_path / "broken.wav", words),
            Utterance("d", "s", said, ("3.5",)),
            Utterance("e", "s", said, words),
        ]
    )
    assert [alignment.status for alignment in found] == ["aligned", "unknown", "failed", "out_of_vocabulary", "aligned"]
    assert found[0] == found[4] == aligner.align_waveform(load_audio(said), words)
    assert "broken.wav" in found[2].reason


def test_the_aligner_travels_to_other_processes(aligner, speech):
    aligner.check()
    travelled = pickle.loads(pickle.dumps(aligner))  # noqa: S301 -- our own bytes
    assert travelled.settings() == aligner.settings()
    words = SENTENCE.split()
    assert travelled.align_waveform(speech.waveform, words) == aligner.align_waveform(speech.waveform, words)


def test_settings_tell_what_results_depend_on(aligner):
    settings = aligner.settings()
    assert json.loads(json.dumps(settings)) == settings
    assert settings != PocketSphinxAligner(Listed()).settings()
    assert settings != PocketSphinxAligner(limits=Limits(squeezed=9)).settings()


def test_silence_before_a_stop_is_silence(aligner, speech):
    """A long soft pause before the first word must not become its first phone."""
    silence = np.random.default_rng(0).normal(0, 1e-4, 3 * SAMPLE_RATE // 2).astype(np.float32)
    alignment = aligner.align_waveform(np.concatenate([silence, speech.waveform]), SENTENCE.split())
    assert alignment.words[0].start == pytest.approx(1.5 + speech.words[0].start, abs=0.1)


def test_case_and_apostrophes_at_the_edge_are_no_obstacle(aligner, speech):
    words = [word.replace("WATER", "WATER'") for word in SENTENCE.upper().split()]
    assert aligner.align_waveform(speech.waveform, words).status == "aligned"


@pytest.mark.parametrize(
    ("waveform", "words", "reason"),
    [
        (np.zeros(301 * SAMPLE_RATE), ["hello"], "too long"),
        (np.zeros(0), ["hello"], "0.000 s"),
        (np.zeros(160), ["hello"], "0.010 s"),
        (np.full(SAMPLE_RATE, np.nan), ["hello"], "no numbers"),
        (np.zeros(SAMPLE_RATE), ["hello"], "silent"),
        (np.random.default_rng(0).standard_normal(SAMPLE_RATE), ["hello", "world"], ""),
    ],
)
def test_sound_that_cannot_be_aligned_is_a_failure_not_an_exception(aligner, waveform, words, reason):
    alignment = aligner.align_waveform(waveform.astype(np.float32), words)
    assert alignment.status == "failed"
    assert reason in alignment.reason


def test_an_alignment_is_phones_or_a_reason():
    with pytest.raises(InputError, match="either"):
        Alignment("aligned")
    with pytest.raises(InputError, match="either"):
        Alignment("failed")
    with pytest.raises(InputError, match="either"):
        Alignment("failed", PhoneTrack(()), reason="because")


def _grid(folder: Path, clip: str) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Sound, words and their true starts."""
    words = read_grid_align(folder / "grid_s1" / "align" / f"{clip}.align")
    sound = load_audio(folder / "grid_s1" / "video" / f"{clip}.mp4")
    return sound, [word.word for word in words], np.array([word.start for word in words])


@pytest.mark.real_data
def test_real_word_starts_and_wrong_transcripts(aligner, real_clips):
    """Bounds are a little wider than what 200 clips gave, since these are only 12."""
    clips = sorted(path.stem for path in (real_clips / "grid_s1" / "align").glob("*.align"))[7::73]
    outcome: Counter[str] = Counter()
    errors: list[float] = []
    before = ["place", "red", "by", "q", "seven", "soon"]
    for clip in clips:
        sound, words, starts = _grid(real_clips, clip)
        right = aligner.align_waveform(sound, words)
        outcome[f"right {right.status}"] += 1
        outcome[f"wrong {aligner.align_waveform(sound, before).status}"] += 1
        outcome[f"half {aligner.align_waveform(sound, words[:3]).status}"] += 1
        outcome[f"half {aligner.align_waveform(sound, words[3:]).status}"] += 1
        if right.status == "aligned":
            assert _covers(right, len(sound) / SAMPLE_RATE)
            errors.extend(np.abs([word.start for word in right.words] - starts))
        before = words
    assert outcome["right aligned"] >= len(clips) - 1
    assert outcome["wrong aligned"] <= 1
    assert outcome["half aligned"] <= 2
    assert np.median(errors) <= 0.025
    assert np.mean(np.array(errors) <= 0.040) >= 0.75


@pytest.mark.real_data
def test_real_phone_starts_against_hand_labels(aligner, real_clips):
    """TIMIT, one sentence of each speaker: agreement of the phones at each 10 ms."""
    agreed: list[float] = []
    for path in sorted((real_clips / "timit").glob("*/sx*.txt"))[2::5]:
        sound = load_audio(path.with_suffix(".wav"))
        alignment = aligner.align_waveform(sound, words_of(path.read_text().split(None, 2)[2]))
        if alignment.phones is None:
            continue
        lines = (line.split() for line in path.with_suffix(".phn").read_text().splitlines())
        hand = phones_of_labels(LabelledInterval(label, int(a) / 16_000, int(b) / 16_000) for a, b, label in lines)
        moments = np.arange(0, len(sound) / SAMPLE_RATE, 0.01)
        true, found = PhoneTrack(hand).labels_at(moments), alignment.phones.labels_at(moments)
        agreed.append(float(np.mean((true == found)[true >= 0])))
    assert len(agreed) >= 4
    assert np.median(agreed) > 0.7
