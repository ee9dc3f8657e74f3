"""Phones and words in time that came with the sound, before any aligner is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from pase.audio.duration import duration_of
from pase.errors import InputError
from pase.phonemes.aligners.base import Aligner, Alignment, Utterance
from pase.phonemes.aligners.grid_align import read_grid_words
from pase.phonemes.ctm import read_ctm
from pase.phonemes.lrs import read_lrs_words
from pase.phonemes.repair import BOUNDARY_TOLERANCE, END_TOLERANCE, TimedLabels
from pase.phonemes.textgrid import read_textgrid
from pase.phonemes.timit import read_timit
from pase.phonemes.words import WordInterval, words_of

WORD_LIMIT = 0.2
"""Seconds by which an alignment's word boundaries may differ from given ones, as a median over one utterance."""

_USUAL = 0.08
"""Seconds of such a difference that are not worth a report: hand-made word times are coarse."""

_SHORTEST = 1e-4
"""Seconds that have to be left of a word that is cut."""

_NOTABLE_SHIFT = 0.02
"""Seconds by which the clocks of sound and picture may differ without a report."""

_FORMATS = {".textgrid": "textgrid", ".ctm": "ctm", ".phn": "timit", ".align": "grid_align", ".txt": "lrs"}


@dataclass(frozen=True, slots=True)
class GivenAligner:
    """Takes given phones as they are, and leaves everything else to another aligner.

    A TextGrid, a CTM or a TIMIT ``.phn`` with phones is the alignment. Where a file has words only (these, GRID's
    ``.align``, the ``.txt`` of LRS2 and LRS3), the fallback aligns these words, and what it finds is refused where it
    lies elsewhere. Utterances without such a file are left to the fallback as they are.

    The reason of a file that cannot be used begins with ``bad_textgrid``, ``bad_ctm``, ``bad_timit``,
    ``bad_grid_align`` or ``bad_lrs``, that of words found elsewhere with ``words_misplaced``.

    Attributes:
        fallback: The other aligner; None: what has no phones stays unknown.
    """

    fallback: Aligner | None = None

    @property
    def batch_size(self) -> int:
        """That of the fallback."""
        return self.fallback.batch_size if self.fallback is not None else 1

    def settings(self) -> dict[str, Any]:
        """The tolerances, and the fallback's settings."""
        return {
            "aligner": "given",
            "boundary_tolerance": BOUNDARY_TOLERANCE,
            "end_tolerance": END_TOLERANCE,
            "word_limit": WORD_LIMIT,
            "fallback": None if self.fallback is None else self.fallback.settings(),
        }

    def check(self) -> None:
        """See `Aligner.check`."""
        if self.fallback is not None:
            self.fallback.check()

    def align(self, utterances: Sequence[Utterance]) -> list[Alignment]:
        """See `Aligner.align`; nothing is raised for a bad file."""
        read = [_read(utterance) for utterance in utterances]
        found = self._fall_back([item.utterance for item in read if isinstance(item, _Open)])
        return [item.judge(next(found)) if isinstance(item, _Open) else item for item in read]

    def _fall_back(self, utterances: list[Utterance]) -> Iterator[Alignment]:
        if not utterances:
            return iter(())
        if self.fallback is None:
            return (Alignment("unknown", reason="no phones came with it, and no aligner is wanted") for _ in utterances)
        return iter(self.fallback.align(utterances))


@dataclass(frozen=True, slots=True)
class _Open:
    """An utterance for the fallback, and the words in time that came with it, if any."""

    utterance: Utterance
    given: TimedLabels | None = None

    def judge(self, found: Alignment) -> Alignment:
        """The fallback's alignment, compared with the given words."""
        if self.given is None:
            return found
        reports = (*self.given.reports, *found.reports)
        if found.status != "aligned":
            return replace(found, reports=reports)
        difference = word_difference(self.given.words, found.words)
        if difference is None:
            compared = "the words found are not the given ones; their times were not compared"
        else:
            compared = f"word boundaries differ by {difference * 1000:.0f} ms from the given ones (median)"
        if difference is not None and difference > WORD_LIMIT:
            reason = f"words_misplaced: {compared}, {WORD_LIMIT * 1000:.0f} ms are allowed: {self.utterance.given}"
            return Alignment("failed", reason=reason, reports=reports)
        if difference is not None and difference <= _USUAL:
            return replace(found, reports=reports)
        return replace(found, reports=(*reports, f"{self.utterance.given}: {compared}"))


def word_difference(given: Sequence[WordInterval], found: Sequence[WordInterval]) -> float | None:
    """Median distance of word boundaries, in seconds.

    Args:
        given: Words as somebody spelled them; one such as ``well-known`` may stand for several.
        found: Words as `pase.phonemes.words.words_of` gives them.

    Returns:
        The median over the starts and ends of all given words; None where these are other words.
    """
    counts = [len(words_of(word.word)) for word in given]
    spelled = [token for word in given for token in words_of(word.word)]
    if not given or spelled != [word.word.lower() for word in found]:
        return None
    distances = []
    first = 0
    for word, count in zip(given, counts, strict=True):
        distances += [abs(found[first].start - word.start), abs(found[first + count - 1].end - word.end)]
        first += count
    return median(distances)


def _read(utterance: Utterance) -> Alignment | _Open:
    if utterance.given is None:
        return _Open(utterance)
    try:
        duration = duration_of(utterance.sound)
    except InputError as error:
        return Alignment("failed", reason=f"bad_sound: {error}")
    form = _FORMATS.get(utterance.given.suffix.lower(), "label_file")
    try:
        given = _read_file(form, utterance.given, utterance, duration)
    except InputError as error:
        return Alignment("failed", reason=f"bad_{form}: {error}")
    if given.phones is not None:
        words = tuple(replace(word, word=" ".join(words_of(word.word))) for word in given.words)
        return Alignment("aligned", given.phones, words, reports=given.reports)
    return _with_given_words(utterance, given)


def _read_file(form: str, path: Path, utterance: Utterance, duration: float) -> TimedLabels:
    shift = utterance.given_shift
    labels = _moved(_parse(form, path, utterance, duration + shift), shift, duration)
    if labels.phones is None and not labels.words:
        raise InputError(f"{path} holds neither phones nor words")
    if abs(shift) <= _NOTABLE_SHIFT:
        return labels
    moved = f"{path}: its times were moved by {-shift:+.3f} s, to the clock of the picture"
    return replace(labels, reports=(*labels.reports, moved))


def _parse(form: str, path: Path, utterance: Utterance, duration: float) -> TimedLabels:
    if form == "textgrid":
        return read_textgrid(path, duration)
    if form == "ctm":
        names = (utterance.name, utterance.name.rpartition("/")[2], path.stem, utterance.sound.stem)
        return read_ctm(path, tuple(dict.fromkeys(names)), duration)
    if form == "timit":
        return read_timit(path, duration)
    if form == "grid_align":
        return read_grid_words(path, duration)
    if form == "lrs":
        return read_lrs_words(path, duration)
    raise InputError(f"{path} is none of the known label files, which end in {', '.join(_FORMATS)}")


def _moved(labels: TimedLabels, shift: float, duration: float) -> TimedLabels:
    """Labels `shift` seconds earlier; what comes to lie before 0 is cut."""
    if not shift:
        return labels
    words = tuple(
        replace(word, start=max(0.0, word.start - shift), end=word.end - shift)
        for word in labels.words
        if word.end - shift > _SHORTEST
    )
    phones = None if labels.phones is None else labels.phones.between(shift, duration + shift)
    return replace(labels, phones=phones, words=words)


def _with_given_words(utterance: Utterance, given: TimedLabels) -> _Open:
    words = tuple(token for word in given.words for token in words_of(word.word))
    if utterance.words and utterance.words != words:
        differ = f"{utterance.given}: its words ({' '.join(words)!r}) are not those of the transcript, and were taken"
        given = replace(given, reports=(*given.reports, differ))
    return _Open(replace(utterance, words=words), given)
