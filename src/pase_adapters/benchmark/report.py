"""A benchmark's results to read: a markdown file, and a page with the videos side by side."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
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
from pase.video.reading import iter_frames
from pase_adapters.benchmark.plan import OURS, runs_of
from pase_adapters.benchmark.results import Result, sums
from pase_adapters.benchmark.running import RECITED, Bench
from pase_adapters.benchmark.tables import RECITALS, TAKES, table_of_differences, table_of_means
from pase_adapters.reference.footage import Take

_SHOWN = 2
"""Test clips on the page."""

_LOOKED_AT = {"lips together": ("P", "B", "M"), "lips rounded": ("UW", "OW", "W", "UH")}

_PICTURES = 6
_SIDE = 96

_LEAST_FRAMES = 8
"""Of a phone in the test clips, to be shown by itself."""

_PAIRED = f"Difference from {OURS} with the same seed: mean and 95 % interval."


def write_report(bench: Bench) -> Path:
    """Write ``results.md`` and ``report.html``; returns the latter."""
    runs = runs_of(bench.plan)
    found = {drive: [one for run in runs if (one := bench.result(run, drive))] for drive in bench.drives}
    lead = (
        f"{min(map(len, found.values()))} of {len(runs)} runs done: trained on "
        f"{len(bench.subject.training) / FRAME_RATE / 60:.1f} minutes of {bench.plan.corpus}, measured on "
        f"{len(bench.subject.test.takes)} clips that neither renderers nor PASE were trained on; sync judged by "
        f"{bench.judge.identity}."
    )
    parts = [f"# Benchmark\n\n{lead}"]
    sections = []
    for renderer in bench.plan.renderers:
        for drive, results in found.items():
            own = [one for one in results if one.renderer == renderer]
            if not own:
                continue
            columns = RECITALS if drive in bench.plan.recitals else TAKES
            title = f"{renderer}, {drive}"
            mean, differences = table_of_means(own, bench.real, columns), table_of_differences(own, columns)
            parts += [f"## {title}", markdown_table(mean), _PAIRED, markdown_table(differences)]
            sections += [
                Section(title, table=mean, note="Mean over seeds with its 95 % interval by Student's t."),
                Section(f"{title}: against {OURS}", table=differences, note=_PAIRED),
            ]
    write_text(bench.folder / "results.md", "\n\n".join(parts) + "\n")
    page = bench.folder / "report.html"
    phones = _by_phone(bench, next(iter(found.values())))
    told = [*sections, *phones, *_looks(bench), _curves(bench)]
    write_text(page, render("Which features give better lips", lead, (), told))
    return page


def _by_phone(bench: Bench, results: Sequence[Result]) -> Iterator[Section]:
    """LMD of the frames of each phone, clean sound, all seeds together."""
    for renderer in bench.plan.renderers:
        own = {
            name: sums([one.phones for one in results if (one.renderer, one.features) == (renderer, name)])
            for name in bench.plan.features
        }
        known = {name: found for name, found in own.items() if found}
        if not known:
            continue
        first = next(iter(known.values()))
        frames = {phone: first[phone][1] / len(_seeds(results, renderer, next(iter(known)))) for phone in first}
        often = [phone for phone, count in frames.items() if count >= _LEAST_FRAMES]
        phones = sorted(often, key=lambda phone: -_quotient(first[phone]))
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        axes = figure.add_subplot()
        plain(axes, grid=True)
        for name, found in known.items():
            axes.plot(range(len(phones)), [_quotient(found[phone]) for phone in phones], "o", label=name, alpha=0.8)
        axes.set_xticks(range(len(phones)), phones)
        axes.set_ylabel("LMD, mouth widths")
        axes.legend(frameon=False, fontsize=8)
        picture = Picture(
            figure, "Distance of lip points by phone", f"Phones of at least {_LEAST_FRAMES} frames, worst first."
        )
        yield Section(f"{renderer}: error by phone", pictures=[picture])


def _seeds(results: Sequence[Result], renderer: str, features: str) -> set[int]:
    return {one.seed for one in results if (one.renderer, one.features) == (renderer, features)}


def _quotient(pair: tuple[float, int]) -> float:
    return pair[0] / pair[1]


def _looks(bench: Bench) -> Iterator[Section]:
    """Videos and single frames of some test clips, real and rendered, of the first seed."""
    for renderer in bench.plan.renderers:
        runs = [run for run in runs_of(bench.plan) if (run.renderer, run.seed) == (renderer, bench.plan.seeds[0])]
        for take, spoken in islice(zip(bench.subject.test.takes, bench.subject.spoken, strict=True), _SHOWN):
            videos = {run.features: bench.video(run, "clean", take.video.stem) for run in runs}
            made = {name: video for name, video in videos.items() if video.is_file()}
            if made:
                made = {"as filmed": take.video, **made}
                yield Section(
                    f"{renderer}: “{spoken.text}”",
                    players=_players(made, spoken.text),
                    strips=_strips(bench, take, spoken, made),
                )
        for recital in bench.recitals:
            videos = {run.features: bench.video(run, recital.name, RECITED) for run in runs}
            made = {name: video for name, video in videos.items() if video.is_file()}
            if made:
                yield Section(f"{renderer}: {recital.name}", players=_players(made, ""))


def _players(videos: Mapping[str, Path], note: str) -> list[Player]:
    return [Player(name, note, video.read_bytes()) for name, video in videos.items()]


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
            path = bench.curve(run)
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
