"""What is said in the clips of a video."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import ClassVar

from pase.phonemes.aligners.base import Alignment, Utterance
from pase.phonemes.aligners.unaligned import NoAligner
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.transcription import Transcriber, Transcript
from pase.phonemes.words import WordInterval
from pase.preparation.stage import StageResult, store_result
from pase.preparation.stages.normalise import SoundFacts
from pase.preparation.stages.phones import PhoneStage, Speech, load_speech
from pase.preparation.stages.tracks import Piece
from pase.preparation.stages.transcribe import TranscribeStage
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo

WORDS = (WordInterval("be", 0.0, 0.5), WordInterval("east", 0.5, 1.0))
PHONES = PhoneTrack((PhoneInterval("B", 0.0, 0.5), PhoneInterval("IY", 0.5, 1.0)))


def piece(start: int = 0, frames: int = 25, whole: bool = False) -> Piece:
    return Piece("a--b", start, (0,) * frames, whole=whole)


def test_text_without_times_goes_to_a_clip_that_is_the_whole_video() -> None:
    speech = Speech("be east", (), None)
    assert speech.text_of(piece(whole=True)) == "be east"
    assert speech.text_of(piece()) == ""


def test_text_and_phones_of_moved_sound_are_those_that_are_heard() -> None:
    speech = Speech("be east", WORDS, PHONES, heard=(0.0, 1.0))
    clip = piece(start=5, frames=15)
    assert (speech.text_of(clip), speech.text_of(clip, lag=0.4)) == ("be east", "east")
    moved = speech.phones_of(clip, lag=0.4)
    assert moved is not None
    assert moved.to_json() == [["IY", 0.0, 0.4], ["SIL", 0.4, 0.6]]
    early = speech.phones_of(clip, lag=-0.4)
    assert early is not None
    assert early.to_json() == [["SIL", 0.0, 0.2], ["B", 0.2, 0.6]]


def test_what_is_unknown_within_the_sound_stays_so() -> None:
    track = PhoneTrack((PhoneInterval("B", 0.3, 0.5),))
    found = Speech("", (), track, heard=(0.1, 0.8)).phones_of(piece())
    assert found is not None
    assert found.to_json() == [["SIL", 0.0, 0.1], ["B", 0.3, 0.5], ["SIL", 0.8, 1.0]]
    assert Speech("", (), None, heard=(0.1, 0.8)).phones_of(piece()) is None


class Recorder(NoAligner):
    """Keeps what it is asked."""

    asked: ClassVar[list[Utterance]] = []

    def align(self, utterances: Sequence[Utterance]) -> list[Alignment]:
        self.asked[:] = utterances
        return super().align(utterances)


def test_words_of_the_recipe_win_over_those_heard_and_the_lead_of_the_sound_is_passed_on(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    for name in ("told", "silent"):
        store_result(work, "normalise", name, "", StageResult(asdict(SoundFacts(16_000, 0.0, lead=-0.2))))
        store_result(work, "transcribe", name, "", StageResult(asdict(Transcript("herd words", "en", 0.5))))
    silent = SourceVideo("silent", "anna", tmp_path / "silent.mp4", "silent.mp4")
    told = SourceVideo("told", "anna", tmp_path / "told.mp4", "told.mp4", text="Heard words")
    PhoneStage(Recorder(), transcribed=True).run_batch([told, silent], work)
    assert [utterance.words for utterance in Recorder.asked] == [("heard", "words"), ("herd", "words")]
    assert [utterance.given_shift for utterance in Recorder.asked] == [-0.2, -0.2]


def test_where_no_sound_is_there_is_silence(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path)
    store_result(work, "normalise", "a", "", StageResult(asdict(SoundFacts(14_400, 0.0, lead=-0.2))))
    row = {"text": "be", "words": [], "phones": [["B", 0.2, 0.9]]}
    store_result(work, "phones", "a", "", StageResult(row))
    found = load_speech(work, "a").phones_of(piece())
    assert found is not None
    assert found.to_json() == [["SIL", 0.0, 0.2], ["B", 0.2, 0.9], ["SIL", 0.9, 1.0]]


def test_listening_depends_on_whether_words_or_phones_are_known(tmp_path: Path) -> None:
    video = SourceVideo("a", "anna", tmp_path / "a.mp4", "a.mp4")
    path = tmp_path / "a.txt"
    stage = TranscribeStage(Transcriber(tmp_path / "model"))
    known = [replace(video, text="hello"), replace(video, transcript=path), replace(video, given=path)]
    listed = [stage.listed(one) for one in (video, *known)]
    assert [one == listed[0] for one in listed] == [True, False, False, False]
