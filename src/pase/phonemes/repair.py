"""What is done about labels in time that are not quite right: one set of rules for all file formats.

What is surely meant is repaired and reported; anything else is refused.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pase.errors import InputError
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.labels import LabelledInterval, arpabet_segments, phone_of_label, phones_of_labels
from pase.phonemes.words import WordInterval, words_of

BOUNDARY_TOLERANCE = 0.010
"""Neighbours that overlap or part by up to this many seconds (one frame of the usual aligners) are joined."""

END_TOLERANCE = 0.040
"""Speech may be labelled this many seconds (one video frame) outside of the sound; it is cut there."""

_ROUNDING = 1e-4
"""Seconds below which a difference is the rounding of a file, and not worth a report."""

_SILENT_WORDS = ("", "sil", "sp", "<sil>", "<eps>", "<p:>", "<s>", "</s>", "!sil")
"""Fewer than the silences of a phone tier, where ``pause`` is no word."""


@dataclass(frozen=True, slots=True)
class TimedLabels:
    """What a file of phones or words in time holds.

    Attributes:
        phones: Phones in time; None where the file has words only.
        words: Words in time as they are spelled there, without the silences; empty where the file has none.
        reports: Each kind of repair and doubt, for people.
    """

    phones: PhoneTrack | None
    words: tuple[WordInterval, ...]
    reports: tuple[str, ...]


def repair_phones(
    where: str, segments: Iterable[LabelledInterval], duration: float
) -> tuple[PhoneTrack, tuple[str, ...]]:
    """Make phones of labels: ordered, without overlap, no longer than the sound.

    Args:
        where: File and tier, for messages.
        segments: Labels in time, silence included.
        duration: Length of the sound that they belong to, in seconds.

    Returns:
        The phones, and a report for each kind of repair and doubt.

    Raises:
        InputError: No labels, labels that are no phones, overlaps, speech outside of the sound.
    """
    notes = _Notes(where)
    kept = _Repair(notes, duration, _is_silence).run(segments)
    if not kept:
        raise InputError(f"{where}: no phones in it")
    _note_gaps(kept, duration, notes)
    read = arpabet_segments(kept)
    if read is not kept:
        notes.add("ipa", "the labels are IPA as of MFA's English models, and were read as ARPAbet")
    try:
        phones = phones_of_labels(read)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    for segment in read:
        if phone_of_label(segment.label) is None:
            notes.add("unknown", f"{_span(segment)} is sound without a known phone")
    return PhoneTrack(phones), notes.lines()


def repair_words(
    where: str, segments: Iterable[LabelledInterval], duration: float
) -> tuple[tuple[WordInterval, ...], tuple[str, ...]]:
    """As `repair_phones`, for words. Silences, and marks for noise such as ``[laughter]``, are left out."""
    notes = _Notes(where)
    kept = _Repair(notes, duration, _is_silent_word).run(segments)
    words = []
    for segment in kept:
        if words_of(segment.label) and not _is_silent_word(segment.label):
            words.append(WordInterval(segment.label, segment.start, segment.end))
        elif not _is_silent_word(segment.label):
            notes.add("mark", f"{_span(segment)} is no word")
    return tuple(words), notes.lines()


class _Notes:
    """Reports, of each kind the first in full and the rest counted: files go wrong in one way in many places."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._found: dict[str, list[str]] = {}

    def add(self, kind: str, text: str) -> None:
        self._found.setdefault(kind, []).append(text)

    def lines(self) -> tuple[str, ...]:
        return tuple(
            f"{self.where}: {texts[0]}" + (f"; {len(texts) - 1} more like it" if len(texts) > 1 else "")
            for texts in self._found.values()
        )


@dataclass(frozen=True, slots=True)
class _Repair:
    notes: _Notes
    duration: float
    is_silence: Callable[[str], bool]

    def run(self, segments: Iterable[LabelledInterval]) -> list[LabelledInterval]:
        return self._cut_at_end(self._join(self._sorted(segments)))

    def _refuse(self, text: str) -> InputError:
        return InputError(f"{self.notes.where}: {text}")

    def _sorted(self, segments: Iterable[LabelledInterval]) -> list[LabelledInterval]:
        """Sorted by time; those without length are dropped."""
        kept = []
        for segment in segments:
            if not (math.isfinite(segment.start) and math.isfinite(segment.end)) or segment.end < segment.start:
                raise self._refuse(f"{segment.label!r} starts at {segment.start} s and ends at {segment.end} s")
            if segment.end > max(segment.start, 0.0):
                kept.append(self._from_zero(replace(segment, label=segment.label.strip())))
            elif not self.is_silence(segment.label):
                self.notes.add("empty", f"{segment.label!r} at {segment.start:.3f} s has no length and was dropped")
        return sorted(kept, key=lambda segment: (segment.start, segment.end))

    def _from_zero(self, segment: LabelledInterval) -> LabelledInterval:
        if segment.start >= 0:
            return segment
        if segment.start < -END_TOLERANCE:
            raise self._refuse(f"{segment.label!r} starts at {segment.start:.3f} s, before the sound. Is it its own?")
        if segment.start < -_ROUNDING:
            self.notes.add("before", f"{-segment.start * 1000:.1f} ms before the sound were cut")
        return replace(segment, start=0.0)

    def _join(self, segments: Sequence[LabelledInterval]) -> list[LabelledInterval]:
        """Put the boundary between near neighbours where both agree; refuse real overlaps."""
        joined: list[LabelledInterval] = []
        for segment in segments:
            current = segment
            if joined and (boundary := self._boundary(joined[-1], segment)) is not None:
                joined[-1] = replace(joined[-1], end=boundary)
                current = replace(segment, start=boundary)
            joined.append(current)
        return joined

    def _boundary(self, before: LabelledInterval, after: LabelledInterval) -> float | None:
        """Where two neighbours meet; None where they are too far apart for that."""
        overlap = before.end - after.start
        boundary = (before.end + after.start) / 2
        if overlap > BOUNDARY_TOLERANCE + _ROUNDING or (overlap > 0 and not before.start < boundary < after.end):
            raise self._refuse(
                f"{before.label!r} ends at {before.end:.3f} s, after {after.label!r} has started at {after.start:.3f} "
                "s. Mend the overlap."
            )
        if overlap < -BOUNDARY_TOLERANCE - _ROUNDING:
            return None
        if abs(overlap) > _ROUNDING:
            kind = "an overlap" if overlap > 0 else "a gap"
            self.notes.add(kind, f"{kind} of {abs(overlap) * 1000:.1f} ms closed at {boundary:.3f} s")
        return boundary

    def _cut_at_end(self, segments: Sequence[LabelledInterval]) -> list[LabelledInterval]:
        """Cut what lies past the end of the sound; refuse it where it is speech by more than the tolerance."""
        spoken = max((s.end for s in segments if not self.is_silence(s.label)), default=0.0)
        if spoken > self.duration + END_TOLERANCE:
            raise self._refuse(
                f"speech until {spoken:.3f} s, but the sound ends at {self.duration:.3f} s. Is it its own?"
            )
        surplus = segments[-1].end - self.duration if segments else 0.0
        if surplus > _ROUNDING:
            self.notes.add("after", f"{surplus * 1000:.1f} ms past the end of the sound were cut")
        return [replace(s, end=min(s.end, self.duration)) for s in segments if s.start < self.duration - 1e-6]


def _note_gaps(segments: Sequence[LabelledInterval], duration: float, notes: _Notes) -> None:
    """Between phones nothing is not silence: it is unknown."""
    for before, after in pairwise(segments):
        if after.start > before.end:
            notes.add("hole", f"nothing from {before.end:.3f} s to {after.start:.3f} s; unknown")
    if segments[0].start > END_TOLERANCE:
        notes.add("early", f"begins at {segments[0].start:.3f} s; unknown before")
    end = segments[-1].end
    if duration - end > END_TOLERANCE:
        notes.add("late", f"ends at {end:.3f} s, the sound at {duration:.3f} s; the rest is unknown")


def _span(segment: LabelledInterval) -> str:
    return f"{segment.label!r} from {segment.start:.3f} s to {segment.end:.3f} s"


def _is_silence(label: str) -> bool:
    try:
        return phone_of_label(label) == SILENCE
    except InputError:
        return False


def _is_silent_word(label: str) -> bool:
    return label.strip().lower() in _SILENT_WORDS
