"""The words and phones of a video in time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from pase.corpus.clip import FRAME_RATE
from pase.errors import InputError, UnusableClipError
from pase.phonemes.aligners.base import Aligner, Alignment, Utterance
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.words import WordInterval, words_of
from pase.preparation.stage import Refusal, Stage, StageResult, value_of
from pase.preparation.stages.normalise import NormaliseStage, load_sound_facts, sound_path
from pase.preparation.stages.tracks import Piece
from pase.preparation.stages.transcribe import TranscribeStage, load_transcript
from pase.preparation.workfolder import WorkFolder
from pase.recipes.base import SourceVideo
from pase.recipes.transcripts import read_transcript

_SHORTEST = 1e-4  # seconds: the precision of stored phones
_UNHEARD = Alignment("unknown", reason="the video is kept without sound")
_STABLE = re.compile(r"bad_[a-z_]+|words_misplaced")  # how a reason begins where a given file cannot be used


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said in a video.

    Attributes:
        text: All that is said, empty where nobody knows.
        words: The words in time; empty where their times are not known.
        phones: The phones in time, or None.
        heard: From when to when there is sound, in seconds; clips have silence before and after it.
    """

    text: str
    words: tuple[WordInterval, ...]
    phones: PhoneTrack | None
    heard: tuple[float, float] = (0.0, inf)

    def text_of(self, piece: Piece, lag: float = 0.0) -> str:
        """The words whose middle lies in a clip, with the sound taken from `lag` seconds later.

        Where their times are not known: all, if the clip is the whole video.
        """
        if not self.words:
            return self.text if piece.whole else ""
        start, end = piece.start / FRAME_RATE + lag, piece.stop / FRAME_RATE + lag
        return " ".join(w.word for w in self.words if start <= (w.start + w.end) / 2 < end)

    def phones_of(self, piece: Piece, lag: float = 0.0) -> PhoneTrack | None:
        """The phones of a clip on its own clock, with the sound taken from `lag` seconds later."""
        if self.phones is None:
            return None
        start, end = piece.start / FRAME_RATE + lag, piece.stop / FRAME_RATE + lag
        begins, ends = (min(max(time, start), end) - start for time in self.heard)
        return _padded(self.phones.between(start, end), begins, ends, end - start)


def _padded(track: PhoneTrack, begins: float, ends: float, length: float) -> PhoneTrack:
    """Silence wherever no sound is heard and no phone is known: before `begins` and after `ends`, in seconds."""
    intervals = list(track.intervals)
    first = min(begins, intervals[0].start) if intervals else begins
    last = max(ends, intervals[-1].end) if intervals else ends
    if first > _SHORTEST:
        intervals.insert(0, PhoneInterval(SILENCE, 0.0, first))
    if length - last > _SHORTEST:
        intervals.append(PhoneInterval(SILENCE, last, length))
    return PhoneTrack(tuple(intervals))


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
                continue
            if not load_sound_facts(work, video.name).samples:
                results[video.name] = StageResult(_to_json(" ".join(words), _UNHEARD))
            else:
                utterances.append(_utterance(video, words, work))
        for utterance, alignment in zip(utterances, self.aligner.align(utterances), strict=True):
            results[utterance.name] = self._result(utterance, alignment)
        return [results[video.name] for video in videos]

    def _words(self, video: SourceVideo, work: WorkFolder) -> tuple[str, ...]:
        try:
            if video.transcript is not None:
                return read_transcript(video.transcript, video.transcript_format)
        except InputError as error:
            raise UnusableClipError("bad_transcript", str(error)) from error
        heard = load_transcript(work, video.name) if self.transcribed and not video.text else None
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
    sound = load_sound_facts(work, name)
    return Speech(
        row["text"],
        tuple(WordInterval(*word) for word in row["words"]),
        None if row["phones"] is None else PhoneTrack.from_json(row["phones"]),
        (max(0.0, -sound.lead), sound.seconds),
    )


def _utterance(video: SourceVideo, words: tuple[str, ...], work: WorkFolder) -> Utterance:
    """The times of a given file are those of the video's own sound, which may begin before the picture."""
    lead = load_sound_facts(work, video.name).lead
    return Utterance(video.name, video.speaker, sound_path(work, video.name), words, video.given, lead)


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
