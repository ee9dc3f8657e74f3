"""The real MFA, where it is installed with the model english_us_arpa."""

from dataclasses import replace
from pathlib import Path

import pytest

from pase.audio.waveform import SAMPLE_RATE, load_audio, save_wav
from pase.errors import InputError, MissingExtraError
from pase.phonemes.aligners.base import Utterance
from pase.phonemes.aligners.grid_align import read_grid_words
from pase.phonemes.aligners.mfa.aligner import MfaAligner
from pase.phonemes.aligners.mfa.models import find_acoustic_model, find_dictionary
from pase.phonemes.aligners.mfa.program import find_program


@pytest.fixture
def installed() -> MfaAligner:
    aligner = MfaAligner()
    try:
        find_program()
        find_acoustic_model(aligner.acoustic_model)
        find_dictionary(aligner.dictionary, aligner.acoustic_model)
    except (MissingExtraError, InputError) as error:
        pytest.skip(str(error))
    return aligner


@pytest.mark.slow
@pytest.mark.real_data
def test_words_of_real_clips_are_where_grid_has_them(installed: MfaAligner, real_clips: Path, tmp_path: Path) -> None:
    installed.check()
    given = {}
    for path in sorted((real_clips / "grid_s1" / "align").glob("bba*.align"))[:8]:
        waveform = load_audio(real_clips / "grid_s1" / "video" / f"{path.stem}.mp4")
        save_wav(tmp_path / f"{path.stem}.wav", waveform)
        given[path.stem] = read_grid_words(path, len(waveform) / SAMPLE_RATE).words
    utterances = [
        Utterance(name, "s1", tmp_path / f"{name}.wav", tuple(interval.word for interval in words))
        for name, words in given.items()
    ]
    other_text = ("she", "had", "your", "dark", "suit", "in", "greasy", "wash", "water")
    wrong = replace(utterances[0], name="wrong", words=other_text)
    *right, refused = installed.align([*utterances, wrong])
    assert refused.status == "failed"
    for words, alignment in zip(given.values(), right, strict=True):
        assert alignment.status == "aligned", alignment.reason
        for found, expected in zip(alignment.words, words, strict=True):
            assert found.start == pytest.approx(expected.start, abs=0.25)
