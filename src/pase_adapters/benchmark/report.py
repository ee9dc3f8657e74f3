"""A benchmark's results to read: a markdown file, and a page with the videos side by side."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from pase.corpus.clip import FRAME_RATE, ClipRecord
from pase.files import write_text
from pase.report.markdown import markdown_table
from pase.report.page import Picture, Player, Section, Strip, render
from pase.report.style import plain
from pase.study.intervals import SeedMean, paired_difference, seed_mean
from pase.video.reading import iter_frames
from pase_adapters.benchmark.plan import OURS, Run, runs_of
from pase_adapters.benchmark.running import REAL, Bench, Result
from pase_adapters.reference.footage import Take


@dataclass(frozen=True)
class Column:
    """A measure as a column.

    Attributes:
        score: Its name among the scores.
        title: With its direction.
        digits: After the point.
    """

    score: str
    title: str
    digits: int


COLUMNS = (
    Column("LMD, relative", "LMD (mouth widths) ↓", 4),
    Column("aperture", "aperture ↑", 3),
    Column("width", "width ↑", 3),
    Column("closures, recall", "closures found ↑", 3),
    Column("closures, precision", "closures right ↑", 3),
    Column("LSE-C", "LSE-C ↑", 3),
    Column("LSE-D", "LSE-D ↓", 3),
    Column("PSNR, mouth", "PSNR of the mouth ↑", 2),
    Column("SSIM, mouth", "SSIM of the mouth ↑", 4),
    Column("jitter in silence", "jitter in silence ↓", 4),
)

_SHOWN = 2
"""Test clips on the page."""

_LOOKED_AT = {"lips together": ("P", "B", "M"), "lips rounded": ("UW", "OW", "W", "UH")}

_PICTURES = 6
_SIDE = 96


def write_report(bench: Bench) -> Path:
    """Write ``results.md`` and ``report.html``; returns the latter."""
    current = {run.identity for run in runs_of(bench.plan)}
    results = [result for result in bench.results if result.identity in current]
    real = next(result for result in bench.results if result.features == REAL)
    lead = (
        f"{len({result.identity for result in results})} of {len(current)} runs done: trained on "
        f"{len(bench.subject.training) / FRAME_RATE / 60:.1f} minutes of {bench.plan.corpus}, measured on "
        f"{len(bench.subject.test.takes)} clips that neither renderers nor PASE were trained on; sync judged by "
        f"{real.judge}."
    )
    parts = [f"# Benchmark\n\n{lead}"]
    sections = []
    for renderer in bench.plan.renderers:
        for condition in bench.plan.heard:
            own = [one for one in results if (one.renderer, one.condition) == (renderer, condition.name)]
            if not own:
                continue
            title, means, differences = f"{renderer}, {condition.name}", _means(own, real), _differences(own)
            parts += [f"## {title}", markdown_table(means), _PAIRED, markdown_table(differences)]
            sections += [
                Section(title, table=means, note="Mean over seeds with its 95 % interval by Student's t."),
                Section(f"{title}: against {OURS}", table=differences, note=_PAIRED),
            ]
    write_text(bench.folder / "results.md", "\n\n".join(parts) + "\n")
    page = bench.folder / "report.html"
    write_text(page, render("Which features give better lips", lead, (), [*sections, *_looks(bench), _curves(bench)]))
    return page


_PAIRED = f"Difference from {OURS} with the same seed: mean and 95 % interval."


def _by_features(results: Sequence[Result]) -> dict[str, dict[int, Mapping[str, float]]]:
    found: dict[str, dict[int, Mapping[str, float]]] = {}
    for result in results:
        found.setdefault(result.features, {})[result.seed] = result.scores
    return dict(sorted(found.items(), key=lambda entry: entry[0] != OURS))


def _means(results: Sequence[Result], real: Result) -> list[list[str]]:
    table = [["features", "seeds", *(column.title for column in COLUMNS)]]
    for name, seeds in _by_features(results).items():
        means = [
            _mean([scores[column.score] for scores in seeds.values() if column.score in scores]) for column in COLUMNS
        ]
        table.append(
            [name, str(len(seeds)), *(_text(mean, column) for mean, column in zip(means, COLUMNS, strict=True))]
        )
    ceiling = [_plain(real.scores.get(column.score), column) for column in COLUMNS]
    return [*table, ["the videos as filmed", "", *ceiling]]


def _differences(results: Sequence[Result]) -> list[list[str]]:
    found = _by_features(results)
    table = [["features", *(column.title for column in COLUMNS)]]
    for name, seeds in found.items():
        if name == OURS:
            continue
        cells = []
        for column in COLUMNS:
            one, base = (
                {seed: scores[column.score] for seed, scores in own.items() if column.score in scores}
                for own in (seeds, found.get(OURS, {}))
            )
            difference = paired_difference(one, base)
            cells.append("" if difference is None else difference.text(column.digits, "+"))
        table.append([name, *cells])
    return table


def _mean(values: Sequence[float]) -> SeedMean | None:
    return seed_mean(values) if values else None


def _text(mean: SeedMean | None, column: Column) -> str:
    return "" if mean is None else mean.text(column.digits)


def _plain(value: float | None, column: Column) -> str:
    return "" if value is None else f"{value:.{column.digits}f}"


def _looks(bench: Bench) -> Iterator[Section]:
    """Videos and single frames of some test clips, real and rendered, of the first seed."""
    for renderer in bench.plan.renderers:
        runs = [run for run in runs_of(bench.plan) if (run.renderer, run.seed) == (renderer, bench.plan.seeds[0])]
        for take, spoken in islice(zip(bench.subject.test.takes, bench.subject.spoken, strict=True), _SHOWN):
            videos = {"as filmed": take.video, **{run.features: _video(bench, run, take) for run in runs}}
            made = {name: video for name, video in videos.items() if video.is_file()}
            if len(made) > 1:
                players = [Player(name, spoken.text, video.read_bytes()) for name, video in made.items()]
                yield Section(
                    f"{renderer}: “{spoken.text}”", players=players, strips=_strips(bench, take, spoken, made)
                )


def _video(bench: Bench, run: Run, take: Take) -> Path:
    return bench.video(run, "clean", take.video.stem)


def _strips(bench: Bench, take: Take, spoken: ClipRecord, videos: Mapping[str, Path]) -> list[Strip]:
    """Mouths where lips should be together or rounded."""
    intervals = spoken.phones.intervals if spoken.phones is not None else ()
    strips = []
    for what, phones in _LOOKED_AT.items():
        middles = [own.middle for own in intervals if own.phone in phones]
        frames = [min(int(middle * FRAME_RATE), take.frames - 1) for middle in middles][:_PICTURES]
        if frames:
            for name, video in videos.items():
                mouths = _mouths(bench, take, video, frames)
                strips.append(Strip(f"{name}: {what}", "", "#888888", _jpeg(mouths), f"mouths of {name}"))
    return strips


def _mouths(bench: Bench, take: Take, video: Path, frames: Sequence[int]) -> list[NDArray[np.uint8]]:
    track = bench.subject.test.track
    pictures = dict(enumerate(islice(iter_frames(video, FRAME_RATE), max(frames) + 1)))
    return [track.crop(pictures[frame], take.first + frame, _SIDE) for frame in frames]


def _jpeg(pictures: Sequence[NDArray[np.uint8]]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.concatenate(pictures, axis=1)).save(content, "JPEG", quality=88)
    return content.getvalue()


def _curves(bench: Bench) -> Section:
    """PSNR of frames kept from training, over the steps of each training of the first seed."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    for place, renderer in enumerate(bench.plan.renderers):
        axes = figure.add_subplot(1, len(bench.plan.renderers), place + 1)
        plain(axes, grid=True)
        axes.set_title(renderer)
        axes.set_xlabel("step")
        axes.set_ylabel("PSNR, dB")
        for run in runs_of(bench.plan):
            path = bench.folder / "runs" / f"{run.name}-{run.identity}" / "curve.csv"
            if (run.renderer, run.seed) == (renderer, bench.plan.seeds[0]) and path.is_file():
                with path.open(newline="") as file:
                    rows = list(csv.DictReader(file))
                axes.plot([int(row["step"]) for row in rows], [float(row["psnr"]) for row in rows], label=run.features)
        if axes.lines:
            axes.legend(frameon=False, fontsize=8)
    picture = Picture(
        figure, "PSNR over steps for each kind of features", "Mouths of training footage kept from training."
    )
    return Section("Learning curves", pictures=[picture])
