"""Praat TextGrids: phones and words in time, read with every repair reported, and written.

Silence is explicit in a TextGrid: MFA writes it as an empty label.
"""

import codecs
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.textgrid import Textgrid
from praatio.utilities.constants import Interval
from praatio.utilities.errors import PraatioException
from praatio.utilities.textgrid_io import parseTextgridStr

from pase.errors import InputError
from pase.files import atomic_path
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE
from pase.phonemes.labels import UNKNOWN_SPEECH, LabelledInterval, phone_of_label, phones_of_labels
from pase.phonemes.words import WordInterval

BOUNDARY_TOLERANCE = 0.010
"""Neighbours that overlap or part by up to this many seconds (one frame of the usual aligners) are joined."""

END_TOLERANCE = 0.040
"""Speech may be labelled this many seconds (one video frame) past the end of the sound; it is cut there."""

_ROUNDING = 1e-4
"""Seconds below which a difference is the rounding of a file, and not worth a report."""

_PHONE_TIERS = ("phones", "phone", "phonemes", "phoneme", "phn")
_WORD_TIERS = ("words", "word", "wrd")

_SILENT_WORDS = ("", "sil", "sp", "<sil>", "<eps>", "<p:>", "<s>", "</s>")
"""Fewer than the silences of a phone tier, where ``pause`` is no word."""


@dataclass(frozen=True, slots=True)
class TextGridReading:
    """What a TextGrid holds.

    Attributes:
        phones: Phones in time; None where the file has words only.
        words: Words in time, without the silences; empty where the file has none.
        reports: Each repair and each doubt, for people.
    """

    phones: PhoneTrack | None
    words: tuple[WordInterval, ...]
    reports: tuple[str, ...]


def read_textgrid(path: Path, duration: float) -> TextGridReading:
    """Read the phones and words of a long or short TextGrid.

    The tiers are found by name: phones, phone, phonemes, ... and words, word, also with a speaker before them as MFA
    writes it (``anna - phones``). What is surely meant is repaired and reported; anything else is refused.

    Args:
        path: The TextGrid, UTF-8 or UTF-16.
        duration: Length of the sound that it belongs to, in seconds.

    Raises:
        InputError: Absent, no TextGrid, no such tier or several, labels that are no phones, overlaps, speech past the
            end of the sound.
    """
    content = _parse(path)
    phone_tier = _choose_tier(path, content, _PHONE_TIERS)
    word_tier = _choose_tier(path, content, _WORD_TIERS)
    if phone_tier is None and word_tier is None:
        names = ", ".join(repr(tier["name"]) for tier in content["tiers"]) or "none"
        raise InputError(f"{path} has no tier called 'phones' or 'words'; its tiers are: {names}. Rename one in Praat.")
    reports: list[str] = []
    phones = None
    if phone_tier is not None:
        segments = _Repair(path, phone_tier["name"], duration, _is_silence).run(phone_tier["entries"], reports)
        phones = _phones(path, segments, reports)
    words: tuple[WordInterval, ...] = ()
    if word_tier is not None:
        segments = _Repair(path, word_tier["name"], duration, _is_silent_word).run(word_tier["entries"], reports)
        words = tuple(WordInterval(s.label, s.start, s.end) for s in segments if not _is_silent_word(s.label))
    return TextGridReading(phones, words, tuple(reports))


def write_textgrid(path: Path, words: Sequence[WordInterval], phones: PhoneTrack, duration: float) -> None:
    """Write a long TextGrid with the tiers ``words`` and ``phones``, atomically, times rounded to 0.1 ms.

    Silence is labelled ``sil``; times without a known phone are labelled ``spn``, so that reading gives the same track.

    Raises:
        InputError: Phones or words end after `duration`, or words overlap; the folder cannot be written to.
    """
    phone_entries = [(i.start, i.end, "sil" if i.phone == SILENCE else i.phone) for i in phones.intervals]
    tiers = {
        "words": _filled([(w.start, w.end, w.word) for w in words], duration, ""),
        "phones": _filled(phone_entries, duration, UNKNOWN_SPEECH),
    }
    try:
        grid = Textgrid(0.0, round(duration, 4))
        for name, entries in tiers.items():
            grid.addTier(IntervalTier(name, entries, 0.0, round(duration, 4)), reportingMode="error")
        with atomic_path(path) as temporary:
            grid.save(str(temporary), format="long_textgrid", includeBlankSpaces=True, reportingMode="error")
    except PraatioException as error:
        raise InputError(f"cannot write {path}: {error}") from error


def _parse(path: Path) -> Any:
    """The file as praatio's nested dictionary, whose entries praatio has not yet checked."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
        if "TextGrid" not in text[:200]:
            raise InputError(f"{path} is no TextGrid: it does not begin with Praat's header")
        content = parseTextgridStr(text, includeEmptyIntervals=True)
        start = float(content["xmin"])
    except (PraatioException, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged, or no TextGrid as Praat saves it: {error}") from error
    if start > BOUNDARY_TOLERANCE:
        raise InputError(f"{path} begins at {start:.3f} s instead of 0. Save it with times from 0, as its sound has.")
    return content


def _choose_tier(path: Path, content: Any, names: tuple[str, ...]) -> Any:
    """The one interval tier with one of the names, or None."""
    found = [
        tier
        for tier in content["tiers"]
        if tier["class"] == "IntervalTier" and tier["name"].lower().rpartition(" - ")[2].strip() in names
    ]
    if len(found) > 1:
        listed = ", ".join(repr(tier["name"]) for tier in found)
        raise InputError(f"{path} has {len(found)} tiers of {names[0]}: {listed}. Keep the one of the visible speaker.")
    return found[0] if found else None


def _phones(path: Path, segments: Sequence[LabelledInterval], reports: list[str]) -> PhoneTrack:
    try:
        phones = phones_of_labels(segments)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    reports.extend(
        f"{path}: {s.label!r} from {s.start:.3f} s to {s.end:.3f} s is sound without a known phone"
        for s in segments
        if phone_of_label(s.label) is None
    )
    return PhoneTrack(phones)


@dataclass(frozen=True, slots=True)
class _Repair:
    """Makes one tier ordered, without overlap, and no longer than the sound."""

    path: Path
    tier: str
    duration: float
    is_silence: Callable[[str], bool]

    def run(self, entries: Sequence[Sequence[str]], reports: list[str]) -> list[LabelledInterval]:
        segments = self._join(self._segments(entries, reports), reports)
        kept = self._cut_at_end(segments, reports)
        end = kept[-1].end if kept else 0.0
        if self.duration - end > END_TOLERANCE:
            reports.append(self._say(f"ends at {end:.3f} s, the sound at {self.duration:.3f} s; the rest is unknown"))
        return kept

    def _say(self, text: str) -> str:
        return f"{self.path}, tier {self.tier!r}: {text}"

    def _segments(self, entries: Sequence[Sequence[str]], reports: list[str]) -> list[LabelledInterval]:
        """Entries as numbers, sorted by time; those without length are dropped."""
        segments = []
        for raw_start, raw_end, label in entries:
            try:
                start, end = float(raw_start), float(raw_end)
            except ValueError as error:
                raise InputError(self._say(f"{raw_start!r} ... {raw_end!r} are no times")) from error
            if end < start or not math.isfinite(end):
                raise InputError(self._say(f"{label!r} starts at {start} s and ends at {end} s"))
            if end > start:
                segments.append(LabelledInterval(label.strip(), start, end))
            elif not self.is_silence(label):
                reports.append(self._say(f"{label!r} at {start:.3f} s has no length and was dropped"))
        return sorted(segments, key=lambda segment: (segment.start, segment.end))

    def _join(self, segments: list[LabelledInterval], reports: list[str]) -> list[LabelledInterval]:
        """Put the boundary between near neighbours where both agree; refuse real overlaps, report real gaps."""
        joined: list[LabelledInterval] = []
        for segment in segments:
            current = segment
            if joined:
                before = joined[-1]
                overlap = before.end - segment.start
                boundary = (before.end + segment.start) / 2
                if overlap > BOUNDARY_TOLERANCE or (overlap > 0 and not before.start < boundary < segment.end):
                    raise InputError(
                        self._say(
                            f"{before.label!r} ends at {before.end:.3f} s, after {segment.label!r} has started at "
                            f"{segment.start:.3f} s. Mend the overlap in Praat."
                        )
                    )
                if overlap < -BOUNDARY_TOLERANCE:
                    reports.append(self._say(f"nothing from {before.end:.3f} s to {segment.start:.3f} s; unknown"))
                else:
                    if abs(overlap) > _ROUNDING:
                        kind = "an overlap" if overlap > 0 else "a gap"
                        reports.append(self._say(f"{kind} of {abs(overlap) * 1000:.1f} ms closed at {boundary:.3f} s"))
                    joined[-1] = replace(before, end=boundary)
                    current = replace(segment, start=boundary)
            joined.append(current)
        return joined

    def _cut_at_end(self, segments: list[LabelledInterval], reports: list[str]) -> list[LabelledInterval]:
        """Cut what lies past the end of the sound; refuse it where it is speech by more than the tolerance."""
        spoken = max((s.end for s in segments if not self.is_silence(s.label)), default=0.0)
        if spoken > self.duration + END_TOLERANCE:
            raise InputError(
                self._say(f"speech until {spoken:.3f} s, but the sound ends at {self.duration:.3f} s. Is it its own?")
            )
        kept = [replace(s, end=min(s.end, self.duration)) for s in segments if s.start < self.duration - 1e-6]
        surplus = segments[-1].end - self.duration if segments else 0.0
        if surplus > _ROUNDING:
            reports.append(self._say(f"{surplus * 1000:.1f} ms past the end of the sound were cut"))
        return kept


def _is_silence(label: str) -> bool:
    try:
        return phone_of_label(label) == SILENCE
    except InputError:
        return False


def _is_silent_word(label: str) -> bool:
    return label.strip().lower() in _SILENT_WORDS


def _filled(entries: list[tuple[float, float, str]], duration: float, blank: str) -> list[Interval]:
    """Entries rounded to 0.1 ms, with `blank` where there is none."""
    filled: list[Interval] = []
    clock = 0.0
    for raw_start, raw_end, label in [*entries, (duration, duration, "")]:
        start, end = round(float(raw_start), 4), round(float(raw_end), 4)
        if start > clock:
            filled.append(Interval(clock, start, blank))
        if end > start:
            filled.append(Interval(start, end, label))
        clock = end
    return filled
