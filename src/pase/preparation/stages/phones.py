"""The words and phones of a video in time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pase.corpus.clip import FRAME_RATE
from pase.errors import InputError, UnusableClipError
from pase.phonemes.aligners.base import Aligner, Alignment, Utterance
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.words import WordInterval, words_of
from pase.preparation.stage import Refusal, Stage, StageResult, value_of
from pase.preparation.stages.normalise import NormaliseStage, sound_path
from pase.preparation.stages.tracks import Piece
from pase.preparation.stages.transcribe import TranscribeStage, load_transcript
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo
from pase.recipes.transcripts import read_transcript

_STABLE = re.compile(r"bad_[a-z_]+|words_misplaced")  # how a reason begins where a given file cannot be used


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said in a video.

    Attributes:
        text: All that is said, empty where nobody knows.
        words: The words in time; empty where their times are not known.
        phones: The phones in time, or None.
    """

    text: str
    words: tuple[WordInterval, ...]
    phones: PhoneTrack | None

    def text_of(self, piece: Piece) -> str:
        """The words whose middle lies in a clip; where their times are not known, all if it is the only clip."""
        if not self.words:
            return self.text if "--" not in piece.name else ""
        start, end = piece.start / FRAME_RATE, piece.stop / FRAME_RATE
        return " ".join(w.word for w in self.words if start <= (w.start + w.end) / 2 < end)

    def phones_of(self, piece: Piece, lag: float = 0.0) -> PhoneTrack | None:
        """The phones of a clip on its own clock, with the sound taken from `lag` seconds later."""
        if self.phones is None:
            return None
        return self.phones.between(piece.start / FRAME_RATE + lag, piece.stop / FRAME_RATE + lag)


@dataclass(frozen=True, slots=True)
class PhoneStage(Stage):
    """Aligns what is known of the words with the sound.

    Attributes:
        aligner: Finds the phones.
        transcribed: Whether speech recognition has listened to videos without words.
        keep_unaligned: Keep a video whose alignment failed, its phones unknown, instead of refusing it.
    """

    name = "phones"
    needs = (NormaliseStage.name, TranscribeStage.name)

    aligner: Aligner
    transcribed: bool = False
    keep_unaligned: bool = False

    @property
    def batch_size(self) -> int:
        """As the aligner likes it."""
        return self.aligner.batch_size

    def settings(self) -> Mapping[str, Any]:
        """Of the aligner, and what becomes of failures."""
        return {
            "aligner": self.aligner.settings(),
            "transcribed": self.transcribed,
            "keep_unaligned": self.keep_unaligned,
        }

    def prepared(self) -> "PhoneStage":
        """The stage, its aligner proven to run."""
        self.aligner.check()
        return self

    def files(self, video: SourceVideo) -> tuple[Path, ...]:
        """Where words and phones are written."""
        return tuple(path for path in (video.given, video.transcript) if path is not None)

    def listed(self, video: SourceVideo) -> tuple[str, ...]:
        """Who speaks, and what."""
        return (video.speaker, video.text, video.transcript_format)

    def run(self, video: SourceVideo, work: WorkFolder) -> StageResult:
        """Align one video."""
        return self.run_batch([video], work)[0]

    def run_batch(self, videos: Sequence[SourceVideo], work: WorkFolder) -> list[StageResult]:
        """Align videos together: some aligners adapt to a speaker."""
        results: dict[str, StageResult] = {}
        utterances: list[Utterance] = []
        for video in videos:
            try:
                words = self._words(video, work)
            except UnusableClipError as error:
                results[video.name] = StageResult(None, (Refusal(video.name, error.reason, str(error)),))
            else:
                sound = sound_path(work, video.name)
                utterances.append(Utterance(video.name, video.speaker, sound, words, video.given))
        for utterance, alignment in zip(utterances, self.aligner.align(utterances), strict=True):
            results[utterance.name] = self._result(utterance, alignment)
        return [results[video.name] for video in videos]

    def _words(self, video: SourceVideo, work: WorkFolder) -> tuple[str, ...]:
        try:
            if video.transcript is not None:
                return read_transcript(video.transcript, video.transcript_format)
        except InputError as error:
            raise UnusableClipError("bad_transcript", str(error)) from error
        heard = load_transcript(work, video.name) if self.transcribed else None
        return words_of(heard.text if heard else video.text)

    def _result(self, utterance: Utterance, alignment: Alignment) -> StageResult:
        text = " ".join(utterance.words or (word.word for word in alignment.words))
        if alignment.phones is None and alignment.status != "unknown":
            detail = f"{alignment.reason} (words: {text!r})" if text else alignment.reason
            if not self.keep_unaligned:
                refusal = Refusal(utterance.name, _reason(alignment), detail)
                return StageResult(None, (refusal,), alignment.reports)
            return StageResult(_to_json(text, alignment), remarks=(*alignment.reports, f"phones unknown: {detail}"))
        return StageResult(_to_json(text, alignment), remarks=alignment.reports)


def load_speech(work: WorkFolder, name: str) -> Speech:
    """What is said in a video."""
    row = value_of(work, PhoneStage.name, name)
    return Speech(
        row["text"],
        tuple(WordInterval(*word) for word in row["words"]),
        None if row["phones"] is None else PhoneTrack.from_json(row["phones"]),
    )


def _to_json(text: str, alignment: Alignment) -> dict[str, Any]:
    return {
        "status": alignment.status,
        "text": text,
        "words": [[word.word, round(word.start, 4), round(word.end, 4)] for word in alignment.words],
        "phones": None if alignment.phones is None else alignment.phones.to_json(),
    }


def _reason(alignment: Alignment) -> str:
    stable = _STABLE.match(alignment.reason)
    if stable:
        return stable.group()
    return "out_of_vocabulary" if alignment.status == "out_of_vocabulary" else "transcript_does_not_fit"
