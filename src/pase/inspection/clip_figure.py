"""A clip drawn over time: words, phones, spectrogram, waveform, lip crops, lip gap."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, Waveform
from pase.corpus.clip import FRAME_RATE, Clip
from pase.phonemes.intervals import PhoneInterval
from pase.phonemes.words import WordInterval
from pase.report.style import BLUE, INK, bare, plain
from pase.report.tracks import Span, draw_lips, draw_phones, draw_spectrogram, log_spectra, shade_bilabials
from pase.video.landmarks import lip_gap

PART = 3.0
"""Seconds at most in one figure, so that phones have room for their names."""

_CROPS = 13
_HEIGHTS = {"words": 0.34, "phones": 0.4, "spectrogram": 2.6, "waveform": 0.8, "lips": 0.8, "gap": 1.5}


@dataclass(frozen=True)
class DrawnClip:
    """A clip and what is computed once for all of its figures.

    Attributes:
        clip: The clip.
        words: Its words in time, or none.
        spectra: Log-STFT at 125 Hz, shape ``(N, 257)``; None for a clip without sound.
        gap: Lip gap in eye distances, shape ``(T,)``; None for a clip without lips.
    """

    clip: Clip
    words: Sequence[WordInterval]
    spectra: NDArray[np.float32] | None
    gap: NDArray[np.float32] | None

    @classmethod
    def of(cls, clip: Clip, words: Sequence[WordInterval]) -> "DrawnClip":
        """Compute it."""
        spectra = log_spectra(clip.waveform) if clip.record.heard else None
        return cls(clip, words, spectra, lip_gap(clip.lip_points) if clip.record.seen else None)

    def has(self, track: str) -> bool:
        """Whether there is something to draw in a track out of `_HEIGHTS`."""
        heard, seen = self.clip.record.heard, self.clip.record.seen
        sound = {"words": bool(self.words), "phones": bool(self.phones), "spectrogram": heard, "waveform": heard}
        return {**sound, "lips": seen, "gap": seen}[track]

    @property
    def phones(self) -> Sequence[PhoneInterval]:
        """Its phones, none where they are not known."""
        return self.clip.record.phones.intervals if self.clip.record.phones is not None else ()


def spans_of(seconds: float, longest: float) -> list[Span]:
    """Parts of equal length, of `PART` seconds at most, of the first `longest` seconds."""
    end = min(seconds, longest)
    parts = max(1, int(np.ceil(end / PART - 1e-6)))
    edges = np.linspace(0, end, parts + 1)
    return [(float(start), float(stop)) for start, stop in pairwise(edges)]


def draw_part(drawn: DrawnClip, span: Span) -> Figure:
    """One part of a clip, all tracks over the same seconds."""
    tracks = [name for name in _HEIGHTS if drawn.has(name)]
    heights = [_HEIGHTS[name] for name in tracks]
    figure = Figure(figsize=(11, sum(heights) + 0.5), layout=ConstrainedLayoutEngine(hspace=0.01, h_pad=0.02))
    axes = dict(zip(tracks, figure.subplots(len(tracks), 1, sharex=True, height_ratios=heights), strict=True))
    if drawn.words:
        _words(axes["words"], drawn.words, span)
    if drawn.phones:
        draw_phones(axes["phones"], drawn.phones, span)
    if drawn.spectra is not None:
        draw_spectrogram(axes["spectrogram"], drawn.spectra, span)
        _boundaries(axes["spectrogram"], drawn.phones)
        _waveform(axes["waveform"], drawn.clip.waveform, span)
    if drawn.gap is not None:
        draw_lips(axes["lips"], drawn.clip.lips, span, _CROPS)
        _gap(axes["gap"], drawn.gap, drawn.phones)
    last = axes[tracks[-1]]
    last.set_xlim(*span)
    last.set_xlabel("seconds")
    return figure


def _words(axes: Axes, words: Sequence[WordInterval], span: Span) -> None:
    for word in words:
        start, stop = max(word.start, span[0]), min(word.end, span[1])
        if start < stop:
            axes.axvspan(start, stop, facecolor="#eef1f4", edgecolor="white", linewidth=1.5)
            room = (stop - start) / (span[1] - span[0]) * 150  # characters of this size on the whole width
            if len(word.word) <= room:
                axes.text((start + stop) / 2, 0.5, word.word, ha="center", va="center", fontsize=9.5, color=INK)
    axes.set_ylim(0, 1)
    axes.set_ylabel("words", rotation=0, ha="right", va="center")
    bare(axes)


def _boundaries(axes: Axes, phones: Sequence[PhoneInterval]) -> None:
    for time in sorted({time for interval in phones for time in (interval.start, interval.end)}):
        axes.axvline(time, color=INK, linewidth=0.6, alpha=0.35)


def _waveform(axes: Axes, waveform: Waveform, span: Span) -> None:
    first, last = (round(time * SAMPLE_RATE) for time in span)
    times = np.arange(first, min(last, len(waveform))) / SAMPLE_RATE
    axes.plot(times, waveform[first:last], color=BLUE, linewidth=0.5)
    reach = max(float(np.abs(waveform).max()), 1e-3) * 1.05
    axes.set_ylim(-reach, reach)
    axes.set_ylabel("sound", rotation=0, ha="right", va="center")
    bare(axes)


def _gap(axes: Axes, gap: NDArray[np.float32], phones: Sequence[PhoneInterval]) -> None:
    shade_bilabials(axes, phones)
    axes.plot((np.arange(len(gap)) + 0.5) / FRAME_RATE, gap, color=INK, linewidth=1.6, marker="o", markersize=2.5)
    axes.set_ylim(0, max(float(gap.max()) * 1.1, 0.02))
    axes.set_ylabel("lip gap\n(eye distances)")
    plain(axes)
