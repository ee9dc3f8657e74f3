"""Praat TextGrids: phones and words in time, read with every repair reported, and written.

Silence is explicit in a TextGrid: MFA writes it as an empty label.
"""

from collections.abc import Sequence
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
from pase.phonemes.labels import UNKNOWN_SPEECH, LabelledInterval, Respell, respelled
from pase.phonemes.repair import BOUNDARY_TOLERANCE, TimedLabels, repair_phones, repair_words
from pase.phonemes.text_file import read_text_file
from pase.phonemes.words import WordInterval

_PHONE_TIERS = ("phones", "phone", "phonemes", "phoneme", "phn")
_WORD_TIERS = ("words", "word", "wrd")


def read_textgrid(path: Path, duration: float, respell: Respell | None = None) -> TimedLabels:
    """Read the phones and words of a long or short TextGrid.

    The tiers are found by name: phones, phone, phonemes, ... and words, word, also with a speaker before them as MFA
    writes it (``anna - phones``).

    Args:
        path: The TextGrid, UTF-8 or UTF-16.
        duration: Length of the sound that it belongs to, in seconds.
        respell: For phone tiers in another alphabet; see `pase.phonemes.mfa_ipa.arpabet_of_mfa`.

    Raises:
        InputError: Absent, no TextGrid, no such tier or several, and what `pase.phonemes.repair` refuses.
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
        where, segments = _segments(path, phone_tier)
        phones, repairs = repair_phones(where, respelled(segments, respell) if respell else segments, duration)
        reports.extend(repairs)
    words: tuple[WordInterval, ...] = ()
    if word_tier is not None:
        words, repairs = repair_words(*_segments(path, word_tier), duration)
        reports.extend(repairs)
    return TimedLabels(phones, words, tuple(reports))


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
    text = read_text_file(path)
    if "TextGrid" not in text[:200]:
        raise InputError(f"{path} is no TextGrid: it does not begin with Praat's header")
    try:
        content = parseTextgridStr(text, includeEmptyIntervals=True)
        start = float(content["xmin"])
    except (PraatioException, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged, or no TextGrid as Praat saves it: {error}") from error
    if not start <= BOUNDARY_TOLERANCE:
        raise InputError(f"{path} begins at {start:.3f} s instead of 0. Save it with times from 0, as its sound has.")
    return content


def _segments(path: Path, tier: Any) -> tuple[str, list[LabelledInterval]]:
    """Where a tier is, and its entries."""
    where = f"{path}, tier {tier['name']!r}"
    segments = []
    for start, end, label in tier["entries"]:
        try:
            segments.append(LabelledInterval(label, float(start), float(end)))
        except ValueError as error:
            raise InputError(f"{where}: {start!r} ... {end!r} are no times") from error
    return where, segments


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
