"""The MFA aligner, against a stand-in program that behaves as the real one does."""

import json
import pickle
import sys
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pase.audio.waveform import SAMPLE_RATE, save_wav
from pase.errors import InputError, MissingExtraError
from pase.phonemes.aligners.base import Aligner, Utterance
from pase.phonemes.aligners.mfa.aligner import MfaAligner
from pase.phonemes.aligners.mfa.program import version_of

STAND_IN = Path(__file__).with_name("mfa_stand_in.py")
WORDS = ("bin", "blue", "it's", "dog", "unfit", "nonsense", "swapped", "other")


class Installation:
    """A stand-in program with a model and a dictionary, and sounds to align."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "environment" / "bin" / "mfa"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
        program.chmod(0o755)
        lines = [f"{word}\tB IH1 N" for word in WORDS] + ["'s\tZ", "foreign\tX"]
        (folder / "english_some_mfa.dict").write_text("\n".join(lines) + "\n")
        with zipfile.ZipFile(folder / "some.zip", "w") as archive:
            archive.writestr("meta.json", json.dumps({"phones": ["B", "IH1", "N", "Z"]}))
            archive.writestr("final.mdl", b"Gaussians")
        self.journal = folder / "journal"
        self.journal.mkdir()
        (folder / "temporary").mkdir()
        self.aligner = MfaAligner(
            dictionary=str(folder / "english_some_mfa.dict"),
            acoustic_model=str(folder / "some.zip"),
            program=str(folder / "environment"),
            temporary_folder=folder / "temporary",
        )

    def utterance(self, name: str, text: str, speaker: str = "anna", seconds: float = 1.0) -> Utterance:
        """Speech-like: quiet for 0.2 s at both ends."""
        sound = self.folder / "sounds" / f"{name}.wav"
        waveform = np.random.default_rng(0).normal(0, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32)
        waveform[: SAMPLE_RATE // 5] *= 0.01
        waveform[-SAMPLE_RATE // 5 :] *= 0.01
        save_wav(sound, waveform)
        return Utterance(name, speaker, sound, tuple(text.split()))

    def runs(self) -> list[dict[str, Any]]:
        """What each run was given."""
        return [json.loads(path.read_text()) for path in sorted(self.journal.glob("*.json"))]


@pytest.fixture
def mfa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    version_of.cache_clear()
    installation = Installation(tmp_path)
    monkeypatch.setenv("STAND_IN_JOURNAL", str(installation.journal))
    return installation


def statuses(mfa: Installation, utterances: Sequence[Utterance]) -> list[str]:
    return [alignment.status for alignment in mfa.aligner.align(utterances)]


def test_phones_cover_the_sound_and_words_are_in_place(mfa: Installation) -> None:
    (alignment,) = mfa.aligner.align([mfa.utterance("a", "bin dog's it's")])
    assert alignment.phones is not None, alignment.reason
    phones = [interval.phone for interval in alignment.phones.intervals]
    assert phones == ["SIL", "B", "IH", "N", "B", "IH", "N", "Z", "B", "IH", "N", "SIL"]
    assert alignment.phones.intervals[-1].end == 1.0
    assert [(word.word, round(word.start, 2)) for word in alignment.words] == [
        ("bin", 0.2),
        ("dog's", 0.38),
        ("it's", 0.62),
    ]
    assert alignment.reports == ()


def test_the_ipa_models_give_the_same_phones(mfa: Installation) -> None:
    with zipfile.ZipFile(mfa.folder / "some.zip", "w") as archive:
        archive.writestr("final.mdl", b"Gaussians")
    (mfa.folder / "english_some_mfa.dict").write_text("quick\tcʷ ɪ k\n", encoding="utf-8")  # noqa: RUF001 -- IPA
    (alignment,) = mfa.aligner.align([mfa.utterance("a", "quick")])
    assert alignment.phones is not None, alignment.reason
    assert [interval.phone for interval in alignment.phones.intervals] == ["SIL", "K", "W", "IH", "K", "SIL"]
    assert [round(interval.end, 2) for interval in alignment.phones.intervals] == [0.2, 0.3, 0.4, 0.6, 0.8, 1.0]


def test_each_outcome_is_that_of_its_utterance(mfa: Installation) -> None:
    broken = replace(mfa.utterance("broken", "bin"), sound=mfa.folder / "empty.wav")
    broken.sound.touch()
    alignments = mfa.aligner.align(
        [
            mfa.utterance("s1/a", "bin blue"),
            broken,
            mfa.utterance("s2/a", "bin zwoog", "ben"),
            mfa.utterance("s2/b", "bin unfit", "ben"),
            mfa.utterance("s2/c", "", "ben"),
            mfa.utterance("s2/d", "bin nonsense", "ben"),
            mfa.utterance("s2/e", "bin swapped", "ben"),
            mfa.utterance("s1/b", "bin foreign"),
            mfa.utterance("s1/c", "bin", seconds=0.05),
            mfa.utterance("s1/d", "blue"),
        ]
    )
    expected = [
        ("aligned", ""),
        ("failed", "empty.wav"),
        ("out_of_vocabulary", "zwoog"),
        ("failed", "no path"),
        ("unknown", "nobody knows"),
        ("failed", "do not fit the sound (log likelihood -122.4"),
        ("failed", "'bin other' instead of 'bin swapped'"),
        ("out_of_vocabulary", "foreign"),
        ("failed", "too short"),
        ("aligned", ""),
    ]
    for alignment, (status, reason) in zip(alignments, expected, strict=True):
        assert alignment.status == status
        assert reason in alignment.reason
    assert [word.word for word in alignments[-1].words] == ["blue"]


def test_a_run_is_alone_and_small(mfa: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MFA_ROOT_DIR", str(mfa.folder / "of_the_user"))
    mfa.aligner.align([mfa.utterance("a", "bin dog's"), mfa.utterance("b", "bin", "ben"), mfa.utterance("c", "bin")])
    (run,) = mfa.runs()
    assert run["clean"]
    assert not run["output_was_there"]
    assert not run["root"].startswith(str(mfa.folder / "of_the_user"))
    assert run["files"] == ["s000000/u000000.wav", "s000000/u000002.wav", "s000001/u000001.wav"]
    assert run["dictionary_lines"] == ["'s\tZ", "bin\tB IH1 N", "dog\tB IH1 N"]
    assert Path(run["dictionary"]).name == "english_some_mfa.dict"  # MFA takes the dialect from it
    assert not (mfa.folder / "of_the_user").exists()
    assert not list((mfa.folder / "temporary").iterdir())


def test_runs_at_the_same_time_do_not_meet(mfa: Installation) -> None:
    batches = [[mfa.utterance(f"{name}{n}", word) for n in range(2)] for name, word in (("a", "bin"), ("b", "blue"))]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(mfa.aligner.align, batches))
    said = [[[word.word for word in alignment.words] for alignment in batch] for batch in results]
    assert said == [[["bin"], ["bin"]], [["blue"], ["blue"]]]
    for what in ("root", "temporary_directory", "corpus", "output"):
        assert len({run[what] for run in mfa.runs()}) == 2
    assert len({Path(run["corpus"]).name for run in mfa.runs()}) == 2


def test_nothing_to_align_starts_nothing(mfa: Installation) -> None:
    assert statuses(mfa, [mfa.utterance("a", "zwoog")]) == ["out_of_vocabulary"]
    assert statuses(mfa, []) == []
    assert mfa.runs() == []


def test_a_run_in_which_all_fail_is_a_failure_of_each(mfa: Installation) -> None:
    alignments = mfa.aligner.align([mfa.utterance("a", "unfit"), mfa.utterance("b", "unfit", "ben")])
    assert [alignment.status for alignment in alignments] == ["failed", "failed"]
    assert all("no path" in alignment.reason for alignment in alignments)


def test_a_run_that_dies_fails_with_its_last_words(mfa: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_BROKEN", "model")
    alignments = mfa.aligner.align([mfa.utterance("a", "bin"), mfa.utterance("b", "bin")])
    assert all("code 1: kalpy.exceptions.AcousticModelError" in alignment.reason for alignment in alignments)
    assert "pase-mfa-" not in alignments[0].reason


def test_killed(mfa: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_BROKEN", "killed")
    (alignment,) = mfa.aligner.align([mfa.utterance("a", "bin")])
    assert "signal 9" in alignment.reason


def test_a_run_that_hangs_is_stopped_with_its_children(mfa: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    version_of(mfa.folder / "environment" / "bin" / "mfa")
    monkeypatch.setattr("pase.phonemes.aligners.mfa.run._START_SECONDS", 1.0)
    monkeypatch.setattr("pase.phonemes.aligners.mfa.run._PACE", 0.0)
    monkeypatch.setenv("STAND_IN_BROKEN", "hang")
    (alignment,) = mfa.aligner.align([mfa.utterance("a", "bin")])
    assert (alignment.status, "stopped" in alignment.reason) == ("failed", True)
    state = Path(f"/proc/{(mfa.journal / 'child').read_text()}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] in "ZX"


@pytest.mark.parametrize(("broken", "error"), [("kalpy", MissingExtraError), ("full", InputError)])
def test_what_no_run_can_survive_is_raised(
    mfa: Installation, monkeypatch: pytest.MonkeyPatch, broken: str, error: type[Exception]
) -> None:
    version_of(mfa.folder / "environment" / "bin" / "mfa")
    monkeypatch.setenv("STAND_IN_BROKEN", broken)
    with pytest.raises(error, match=r"Install|Free room"):
        mfa.aligner.align([mfa.utterance("a", "bin")])


def test_from_version_4_model_and_dictionary_are_one_folder(mfa: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_VERSION", "4.0.0")
    assert statuses(mfa, [mfa.utterance("a", "bin"), mfa.utterance("b", "unfit")]) == ["aligned", "failed"]
    assert mfa.runs()[0]["dialect"] == "english_some_mfa"


def test_check_passes_though_noise_is_no_word(mfa: Installation) -> None:
    mfa.aligner.check()
    (run,) = mfa.runs()
    assert run["dictionary_lines"] == ["bin\tB IH1 N"]
    dictionary = mfa.folder / "english_some_mfa.dict"
    dictionary.write_text("unfit\tB IH1 N\n")
    mfa.aligner.check()


@pytest.mark.parametrize(
    ("broken", "error", "message"),
    [
        ("kalpy", MissingExtraError, "_kalpy"),
        ("model", InputError, r"cannot align .*some\.zip: .*AcousticModelError"),
        ("killed", InputError, "signal 9"),
    ],
)
def test_check_finds_what_would_fail(
    mfa: Installation, monkeypatch: pytest.MonkeyPatch, broken: str, error: type[Exception], message: str
) -> None:
    monkeypatch.setenv("STAND_IN_BROKEN", broken)
    with pytest.raises(error, match=message):
        mfa.aligner.check()


def test_check_refuses_a_dictionary_of_another_model(mfa: Installation) -> None:
    (mfa.folder / "english_some_mfa.dict").write_text("foreign\tX\n")
    with pytest.raises(InputError, match="belongs to it"):
        mfa.aligner.check()
    assert mfa.runs() == []


def test_check_refuses_a_model_of_another_language(mfa: Installation) -> None:
    with zipfile.ZipFile(mfa.folder / "some.zip", "w") as archive:
        archive.writestr("meta.json", json.dumps({"phones": ["a", "ʁ", "ø"]}))
    with pytest.raises(InputError, match=r"not mapped .*: ø ʁ"):
        mfa.aligner.check()
    assert mfa.runs() == []


def test_settings_follow_version_model_and_dictionary(mfa: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    before = mfa.aligner.settings()
    assert json.loads(json.dumps(before)) == before
    (mfa.folder / "english_some_mfa.dict").write_text("bin\tB IH1 N\n")
    assert mfa.aligner.settings() != before
    monkeypatch.setenv("STAND_IN_VERSION", "3.4.4")
    version_of.cache_clear()
    assert mfa.aligner.settings()["version"] == "3.4.4"


def test_it_is_an_aligner_that_can_go_to_another_process(mfa: Installation) -> None:
    aligner: Aligner = pickle.loads(pickle.dumps(mfa.aligner))  # noqa: S301 -- its own
    assert aligner.batch_size == mfa.aligner.batch_size
    assert aligner.align([mfa.utterance("a", "bin")])[0].status == "aligned"


def test_jobs_and_batches_are_positive() -> None:
    with pytest.raises(InputError, match="0 jobs"):
        MfaAligner(jobs=0)
