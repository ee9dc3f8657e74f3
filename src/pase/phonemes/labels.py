"""From the labels of TextGrids, TIMIT, MFA, Kaldi and PocketSphinx to the phones of the inventory.

A label is never guessed: it is a phone, silence, speech of which no phone is known, or an error.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pase.errors import InputError
from pase.phonemes.intervals import PhoneInterval
from pase.phonemes.inventory import PHONES, SILENCE
from pase.phonemes.mfa_ipa import MFA_TO_ARPABET, arpabet_of_mfa

UNKNOWN_SPEECH = "spn"
"""The label for sound whose phones are not known, as MFA writes it for words outside its dictionary."""

_SILENCES = frozenset(
    {"", "sil", "sp", "ssil", "silence", "<sil>", "!sil", "<eps>", "<p:>", "<s>", "</s>"}
    | {"pau", "pause", "epi", "h#", "#h", "#"}
)

_NO_PHONE = frozenset(
    {UNKNOWN_SPEECH, "+spn+", "nsn", "+nsn+", "noise", "+noise+", "<unk>", "unk", "lau", "laughter", "+laughter+"}
    | {"breath", "+breath+", "+cough+", "+smack+", "+um+", "+uh+", "q"}
)
"""Noises, fillers, and TIMIT's glottal stop, which says nothing about the lips."""

_CLOSURES = {"bcl": "B", "dcl": "D", "gcl": "G", "pcl": "P", "tcl": "T", "kcl": "K"}

_AFFRICATES = {"D": "JH", "T": "CH"}

_ALLOPHONES = {
    **{"ax": "AH", "ax-h": "AH", "axr": "ER", "ix": "IH", "ux": "UW", "hv": "HH", "h": "HH", "wh": "W"},
    **{"el": "L", "em": "M", "en": "N", "eng": "NG", "nx": "N"},
    "dx": "D",  # the voiced alveolar flap; dictionaries write it D or T
}

_PLACE = re.compile(r"(?<=[a-z0-2])_[bies]$")
"""Where in its word a phone stands, as Kaldi writes it, also on silence and noise: ``AA1_B``, ``SIL_S``."""

_STRESS = re.compile(r"(?<=[a-z])[0-2]$")
"""CMUdict's digit; some files have it on consonants too."""

_EXPECTED = (
    "Expected are ARPAbet labels as of CMUdict, Kaldi or MFA's english_us_arpa (AA0, B_E, SIL, ...), TIMIT's, or the "
    "IPA of MFA's English models."
)


Respell = Callable[[str], Sequence[str]]
"""From the label of a phone to one or several in another alphabet, which share its time evenly."""


@dataclass(frozen=True, slots=True)
class LabelledInterval:
    """A label, as somebody wrote it, from `start` to `end` in seconds."""

    label: str
    start: float
    end: float


def phone_of_label(label: str) -> str | None:
    """The phone that a label names.

    Args:
        label: ARPAbet in any case, with or without stress digit and Kaldi's place in the word; a TIMIT or PocketSphinx
            label; or one of the usual spellings of silence.

    Returns:
        A phone of the inventory (`SILENCE` for silence), or None for sound of which no phone is known (noise,
        a word outside the dictionary).

    Raises:
        InputError: The label is none of these.
    """
    plain = _PLACE.sub("", label.strip().lower())
    if plain in _SILENCES:
        return SILENCE
    if plain in _NO_PHONE:
        return None
    if plain in _CLOSURES:
        return _CLOSURES[plain]
    base = _STRESS.sub("", plain)
    phone = _ALLOPHONES.get(base, base.upper())
    if phone not in PHONES:
        raise InputError(f"the label {label!r} is no phone known here. {_EXPECTED}")
    return phone


def is_pause(label: str) -> bool:
    """Whether a label is silence or noise."""
    return _is_readable(label) and phone_of_label(label) in (None, SILENCE)


def names_phone(label: str) -> bool:
    """Whether a label is a phone, in ARPAbet, TIMIT's spelling or MFA's IPA: no silence, no noise."""
    return label in MFA_TO_ARPABET or (_is_readable(label) and not is_pause(label))


def arpabet_segments(segments: Sequence[LabelledInterval]) -> Sequence[LabelledInterval]:
    """Write the IPA of MFA's English models as ARPAbet.

    It is taken for IPA only where no label needs to be anything else: a slip among ARPAbet labels stays a slip.

    Returns:
        The segments themselves where they are not IPA. Else each with its ARPAbet label; one that holds two phones
        (``kʷ``) as two of equal length.
    """
    labels = {segment.label for segment in segments}
    if all(map(_is_readable, labels)) or not all(label in MFA_TO_ARPABET or is_pause(label) for label in labels):
        return segments
    return respelled(segments, arpabet_of_mfa)


def respelled(segments: Iterable[LabelledInterval], respell: Respell) -> list[LabelledInterval]:
    """Each segment cut into as many even parts as its label stands for."""
    parts: list[LabelledInterval] = []
    for segment in segments:
        labels = respell(segment.label)
        length = (segment.end - segment.start) / len(labels)
        bounds = [segment.start + number * length for number in range(len(labels))] + [segment.end]
        parts.extend(map(LabelledInterval, labels, bounds, bounds[1:]))
    return parts


def phones_of_labels(segments: Iterable[LabelledInterval]) -> tuple[PhoneInterval, ...]:
    """Labels in time to phones in time.

    A stop's closure is joined with its release (``bcl b`` is B, ``tcl ch`` is CH), neighbouring silences are joined,
    and sound without a known phone is left out, so that its time is unknown.

    Raises:
        InputError: Unknown labels, all of them named.
    """
    phones: list[PhoneInterval] = []
    closure = ""  # the stop whose closure ended last
    unknown: list[str] = []
    for segment in segments:
        try:
            phone = phone_of_label(segment.label)
        except InputError:
            unknown.append(f"{segment.label!r} at {segment.start:.3f} s")
            continue
        if phone is not None:
            released = closure and phone in (closure, _AFFRICATES.get(closure)) and not _is_closure(segment.label)
            same = phone == SILENCE and phones and phones[-1].phone == SILENCE
            touching = phones and segment.start - phones[-1].end < 1e-6
            begin = phones.pop().start if touching and (released or same) else segment.start
            phones.append(PhoneInterval(phone, begin, segment.end))
        closure = phone if phone is not None and _is_closure(segment.label) else ""
    if unknown:
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise InputError(
            f"{len(unknown)} label(s) are no phones known here: {', '.join(unknown[:5])}{more}. {_EXPECTED}"
        )
    return tuple(phones)


def _is_readable(label: str) -> bool:
    try:
        phone_of_label(label)
    except InputError:
        return False
    return True


def _is_closure(label: str) -> bool:
    return label.strip().lower() in _CLOSURES
