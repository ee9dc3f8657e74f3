"""How well the PocketSphinx aligner places words and phones, against GRID's word times and TIMIT's hand labels.

    python -m pase.benchmarks.alignment [--grid DIR] [--timit DIR] [--limit N] [--wrong]

``--grid`` is a folder of GRID's clips and ``.align`` files, ``--timit`` one of TIMIT's ``.wav``, ``.phn`` and ``.txt``;
both are searched with all their subfolders.
"""

import argparse
import re
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pase.audio.waveform import SAMPLE_RATE, load_audio
from pase.benchmarks.alignment_references import Reference, grid_clips, is_damaged, spread, timit_sentences
from pase.errors import InputError, PaseError
from pase.phonemes.aligners.base import Alignment
from pase.phonemes.aligners.pocketsphinx import PocketSphinxAligner


@dataclass(slots=True)
class Tally:
    """What became of some clips.

    Attributes:
        outcomes: How often a clip was aligned, or refused for which reason.
        errors: Start times found less the true ones, in seconds.
        damaged: How many sound files were left out because they are broken.
        sound: Seconds of sound that were aligned or refused.
        spent: Seconds by the clock that this took, reading the files left out.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    errors: list[float] = field(default_factory=list)
    damaged: int = 0
    sound: float = 0.0
    spent: float = 0.0

    @property
    def clips(self) -> int:
        """All that were tried."""
        return self.outcomes.total()


def measure(aligner: PocketSphinxAligner, clips: Iterable[tuple[Reference, tuple[str, ...]]]) -> Tally:
    """Align clips with the words beside them; errors are taken where these are the right ones."""
    tally = Tally()
    for clip, words in clips:
        waveform = load_audio(clip.sound)
        if is_damaged(waveform):
            tally.damaged += 1
            continue
        begin = time.perf_counter()
        found = aligner.align_waveform(waveform, words)
        tally.spent += time.perf_counter() - begin
        tally.sound += len(waveform) / SAMPLE_RATE
        tally.outcomes[_outcome(found)] += 1
        if found.phones is not None and words == clip.words:
            tally.errors += clip.errors(found)
    return tally


def _outcome(found: Alignment) -> str:
    """A reason without the figures of its clip."""
    if found.phones is not None:
        return "aligned"
    return re.sub(r"\s*-?\d+\.\d+ ?s?\b", " …", found.reason.partition(" (")[0].partition(": ")[0])


def wrong_words(clips: Sequence[Reference]) -> Iterator[tuple[str, list[tuple[Reference, tuple[str, ...]]]]]:
    """Ways in which a transcript can be wrong, and the clips with such words.

    Another clip is the one half of the list away: neighbours in order of names share a speaker, and in GRID most words.
    """
    half = len(clips) // 2
    others = [*clips[half:], *clips[:half]]
    yield "another clip's words", [(a, b.words) for a, b in zip(clips, others, strict=True) if a.words != b.words]
    yield "first half of the words", [(clip, clip.words[: len(clip.words) // 2]) for clip in clips]
    yield "second half of the words", [(clip, clip.words[len(clip.words) // 2 :]) for clip in clips]
    yield "every other word", [(clip, clip.words[::2]) for clip in clips]


def table(tallies: Sequence[tuple[str, Tally]]) -> str:
    """A markdown table, a row for each corpus, and the reasons of what was refused."""
    head = ("reference", "clips", "aligned", "starts", "median", "mean", "≤ 20 ms", "≤ 40 ms", "x real time")
    lines = [_row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    lines += [_row([name, *_cells(tally)]) for name, tally in tallies]
    for name, tally in tallies:
        lines += ["", f"{name}, not aligned:", *_reasons(tally)] if _reasons(tally) else []
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(tally: Tally) -> list[str]:
    errors = np.abs(np.array(tally.errors))
    cells = [str(tally.clips), _share(tally.outcomes["aligned"], tally.clips), str(len(errors))]
    if len(errors):
        cells += [f"{1000 * np.median(errors):.1f} ms", f"{1000 * errors.mean():.1f} ms"]
        cells += [_within(errors, 0.020), _within(errors, 0.040)]
    else:
        cells += ["-"] * 4
    return [*cells, f"{tally.sound / tally.spent:.0f}" if tally.spent else "-"]


def _within(errors: NDArray[np.float64], bound: float) -> str:
    return f"{np.mean(errors <= bound + 1e-6):.1%}"


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "0"


def _reasons(tally: Tally) -> list[str]:
    reasons = [f"- {count}: {reason}" for reason, count in tally.outcomes.most_common() if reason != "aligned"]
    return reasons + ([f"- {tally.damaged} more left out: the sound file is damaged"] if tally.damaged else [])


def wrong_table(rows: Sequence[tuple[str, str, Tally]]) -> str:
    """A markdown table of wrong transcripts that were believed."""
    lines = [_row(["reference", "wrong transcript", "tried", "accepted"]), _row(["---", "---", "---:", "---:"])]
    for name, kind, tally in rows:
        lines.append(_row([name, kind, str(tally.clips), _share(tally.outcomes["aligned"], tally.clips)]))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurement; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        print(_report(options, given))
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _report(options: argparse.Namespace, given: Sequence[str]) -> str:
    aligner = PocketSphinxAligner()
    aligner.check()
    corpora = _corpora(options)
    tallies = [(name, measure(aligner, [(c, c.words) for c in clips])) for name, clips in corpora]
    parts = [f"    python -m pase.benchmarks.alignment {shlex.join(given)}", table(tallies)]
    if options.wrong:
        wrong = [(n, kind, measure(aligner, some)) for n, clips in corpora for kind, some in wrong_words(clips)]
        parts.append(wrong_table(wrong))
    return "\n\n".join(parts)


def _corpora(options: argparse.Namespace) -> list[tuple[str, Sequence[Reference]]]:
    corpora: list[tuple[str, Sequence[Reference]]] = []
    if options.grid is not None:
        corpora.append(("GRID words", spread(grid_clips(options.grid), options.limit)))
    if options.timit is not None:
        corpora.append(("TIMIT phones", spread(timit_sentences(options.timit), options.limit)))
    if not any(clips for _, clips in corpora):
        raise InputError("nothing to measure: name a folder of GRID clips or of TIMIT sentences (--grid, --timit)")
    return corpora


def _parser() -> argparse.ArgumentParser:
    summary = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m pase.benchmarks.alignment", description=summary)
    parser.add_argument("--grid", type=Path, help="folder with GRID's clips and .align files")
    parser.add_argument("--timit", type=Path, help="folder with TIMIT's .wav, .phn and .txt")
    parser.add_argument("--limit", type=int, help="at most so many clips of each, at even distances")
    parser.add_argument("--wrong", action="store_true", help="try wrong transcripts too (five times as long)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
