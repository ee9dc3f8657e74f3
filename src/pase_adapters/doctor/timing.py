"""Do rows, video frames and sound keep the same time? Wrong rates are told apart by their ratio."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pase_adapters.doctor.finding import Finding, Severity
from pase_adapters.doctor.sound import Sound

_SLACK = 2
"""Rows by which the field's own scripts miss the length: HuBERT's gives one too few, AVE's one more or one too few."""

_ALIKE = 0.01
"""Two rates are one when they differ by less than this share: 29.97 and 30 are, 24 and 25 are not."""

_VIDEO_RATES = (20, 24, 30, 50, 60)
_SAMPLE_RATES = (8_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_HEARD_AT = 16_000


@dataclass(frozen=True, slots=True)
class Clock:
    """Something that was counted beside the sound.

    Attributes:
        what: ``rows`` or ``video frames``.
        where: The file or folder.
        count: How many.
        remedy: What to do when its rate is wrong.
    """

    what: str
    where: str
    count: int
    remedy: str


def check_rows(rows: Clock, frames: int) -> Iterator[Finding]:
    """One row a video frame; renderers repeat the last row, or leave the rest, without a word."""
    apart = rows.count - frames
    if apart == 0:
        return
    found = f"{rows.count} rows for {frames} video frames: {abs(apart)} too {'many' if apart > 0 else 'few'}"
    if abs(apart) == 1:
        yield Finding(Severity.INFO, "one-row-apart", f"{found}, which does no harm", rows.where)
    else:
        yield Finding(Severity.ERROR, "rows-against-frames", found, rows.where, rows.remedy)


def check_rate(clock: Clock, rate: float, sound: Sound) -> Iterator[Finding]:
    """Compare a count with the length of the sound.

    Args:
        clock: What was counted.
        rate: How many a second it should be (Hz).
        sound: The sound of the same recording.
    """
    expected = sound.duration * rate
    apart = clock.count - math.ceil(expected - 1e-6)
    if abs(apart) <= _SLACK:
        return
    measured = clock.count / sound.duration
    found = (
        f"{clock.count} {clock.what} for {sound.duration:.2f} s of {sound.path.name} are {measured:.2f} a second, "
        f"expected {rate:g}"
    )
    causes = _causes(clock, rate, measured, _SLACK / expected)
    if causes:
        yield Finding(Severity.ERROR, "drift", f"{found}: {' or '.join(causes)}", clock.where, clock.remedy)
    elif abs(apart) <= rate:
        found += f": {abs(apart)} too {'many' if apart > 0 else 'few'}, do both begin together?"
        yield Finding(Severity.WARNING, "ends-differ", found, clock.where, clock.remedy)
    else:
        yield Finding(Severity.ERROR, "other-length", f"{found}: is it this sound?", clock.where, clock.remedy)


def _causes(clock: Clock, rate: float, measured: float, blur: float) -> list[str]:
    """What makes so many a second: the nearest explanations, if any is near enough for the length of the clip."""
    candidates = {f"the video is {fps} fps": float(fps) for fps in _VIDEO_RATES}
    if clock.what == "rows":
        candidates |= {
            f"sound at {hertz / 1000:g} kHz was taken for {_HEARD_AT / 1000:g} kHz": rate * hertz / _HEARD_AT
            for hertz in _SAMPLE_RATES
        }
        candidates["each 20 ms has a row of its own, not joined to those of a video frame"] = 50.0
    misses = {cause: abs(measured / wanted - 1) for cause, wanted in candidates.items() if wanted != rate}
    nearest = min(misses.values())
    return [cause for cause, miss in misses.items() if miss <= max(_ALIKE, blur) and miss < nearest + _ALIKE]


def check_sample_rate(sound: Sound) -> Iterator[Finding]:
    """Scripts of renderers take the samples of any file for 16 kHz; `pase-adapt` resamples."""
    if sound.sample_rate != _HEARD_AT:
        found = f"{sound.sample_rate} Hz: pase-adapt resamples it, scripts of renderers may take it for {_HEARD_AT} Hz"
        remedy = f"ffmpeg -i {sound.path.name} -ar {_HEARD_AT} -ac 1 NAME.wav, for other programs than pase-adapt"
        yield Finding(Severity.INFO, "sample-rate", found, str(sound.path), remedy)
