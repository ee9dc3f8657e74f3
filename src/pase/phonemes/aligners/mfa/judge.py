"""Is what MFA wrote an alignment of these words with this sound? It exits with 0 also where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.errors import InputError
from pase.phonemes.aligners.base import Alignment
from pase.phonemes.intervals import PhoneTrack
from pase.phonemes.inventory import SILENCE, UNKNOWN
from pase.phonemes.mfa_ipa import arpabet_of_mfa
from pase.phonemes.textgrid import read_textgrid
from pase.phonemes.words import WordInterval


@dataclass(frozen=True, slots=True)
class Limits:
    """What an alignment needs to be believed.

    The score finds a wrong text: -122 for one that wide beams forced through, where right texts of GRID had -42 to -63,
    and down to -92 in a corpus of odd sounds. It is that of models trained on GRID; other models may lie elsewhere.
    A wrong model scores like a right one, but puts words where nobody speaks. With GRID's own word times at most 26 %
    of a clip's energy lies outside of them (median 1 %); moved by 0.2 s, almost half of the clips exceed the limit,
    moved by 0.5 s, five of six. A few misplaced words are not seen.

    Attributes:
        speech_log_likelihood: Least mean per frame of speech, as MFA tells it.
        energy_in_silence: Greatest share of the sound's energy in what was found to be silence, 0 ... 1.
    """

    speech_log_likelihood: float = -105.0
    energy_in_silence: float = 0.3


def judge(textgrid: Path, words: Sequence[str], waveform: Waveform, score: float | None, limits: Limits) -> Alignment:
    """Read and judge what MFA wrote for one utterance.

    Args:
        textgrid: The file.
        words: What MFA was to align.
        waveform: What MFA heard, 16 kHz, shape ``(N,)``.
        score: Mean log likelihood of the speech frames, where it is known.
        limits: What is needed.
    """
    try:
        found = read_textgrid(textgrid, len(waveform) / SAMPLE_RATE, arpabet_of_mfa)
    except InputError as error:
        return Alignment("failed", reason=str(error).replace(str(textgrid), "MFA's TextGrid"))
    if found.phones is None:
        return Alignment("failed", reason="MFA's TextGrid has no tier of phones")
    spelled = [interval.word for interval in found.words]
    if _letters(spelled) != _letters(words):
        return Alignment("failed", reason=f"MFA aligned {' '.join(spelled)!r} instead of {' '.join(words)!r}")
    unknown = _without_phones(found.words, found.phones)
    if unknown:
        return Alignment("out_of_vocabulary", reason=f"MFA knows no phones for: {', '.join(unknown)}")
    reason = _broken(found.phones, waveform, score, limits)
    if reason:
        return Alignment("failed", reason=reason)
    reports = tuple(report.replace(str(textgrid), "MFA's TextGrid") for report in found.reports)
    return Alignment("aligned", found.phones, found.words, reports=reports)


def energy_in_silence(phones: PhoneTrack, waveform: Waveform) -> float:
    """Share of the energy of a waveform of shape ``(N,)`` that lies in silences."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    silences = [(i.start, i.end) for i in phones.intervals if i.phone == SILENCE]
    bounds = np.rint(np.array(silences).reshape(-1, 2) * SAMPLE_RATE).astype(np.int64)
    inside = np.diff(energy[np.minimum(bounds, len(waveform))], axis=1).sum()
    return float(inside / energy[-1]) if energy[-1] > 0 else 0.0


def _letters(words: Sequence[str]) -> str:
    """MFA parts and rejoins words at apostrophes, and drops some of these."""
    return "".join(words).replace("'", "")


def _without_phones(words: Sequence[WordInterval], phones: PhoneTrack) -> list[str]:
    middles = np.array([(word.start + word.end) / 2 for word in words])
    labels = phones.labels_at(middles)
    return list(dict.fromkeys(word.word for word, label in zip(words, labels, strict=True) if label == UNKNOWN))


def _broken(phones: PhoneTrack, waveform: Waveform, score: float | None, limits: Limits) -> str:
    if score is not None and score < limits.speech_log_likelihood:
        return (
            f"the words do not fit the sound (log likelihood {score:.1f}, needed {limits.speech_log_likelihood:g} or "
            "better)"
        )
    share = energy_in_silence(phones, waveform)
    if share > limits.energy_in_silence:
        return (
            f"{share:.0%} of the sound's energy lies outside the words (at most {limits.energy_in_silence:.0%} may): "
            "they were put in the wrong place, words are missing, or the sound is noisy"
        )
    return ""
