"""A benchmark's results to read: a markdown file, and a page with the videos side by side."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from pase.corpus.clip import FRAME_RATE
from pase.evaluation.rendered.evaluate import told_codec, told_judge
from pase.files import write_text
from pase.report.markdown import markdown_table
from pase.report.page import Picture, Player, Section, Strip, render
from pase.report.style import plain
from pase.video.reading import iter_frames
from pase_adapters.benchmark.plan import OURS, Plan
from pase_adapters.benchmark.results import Result, sums, write_scores
from pase_adapters.benchmark.running import RECITED, Bench
from pase_adapters.benchmark.tables import (
    AHEAD_NOTE,
    RECITALS,
    TAKES,
    table_ahead,
    table_of_differences,
    table_of_means,
)

_SHOWN = 2
"""Test clips on the page."""

_LOOKED_AT = {"lips together": ("P", "B", "M"), "lips rounded": ("UW", "OW", "W", "UH")}

_PICTURES = 6
_SIDE = 128

_STRIP_NOTE = "Frames in the middle of such phones, spread over the test clips; the same moments in every strip."

_LEAST_FRAMES = 8
"""Of a phone in the test clips, to be shown by itself."""

_AHEAD = f"How far {OURS} is ahead of the best other features"

_PAIRED = f"Difference from {OURS} with the same seed: mean and 95 % interval over seeds."


def write_report(bench: Bench) -> Path:
    """Write ``scores.csv``, ``results.md`` and ``report.html``; returns the last."""
    runs = bench.runs
    found = {drive: [one for run in runs if (one := bench.result(run, drive))] for drive in bench.drives}
    about = _about(bench)
    lead = (
        f"{min(map(len, found.values()))} of {len(runs)} runs done: trained on "
        f"{len(bench.subject.training) / FRAME_RATE / 60:.1f} minutes of {bench.plan.corpus}, measured on "
        f"{len(bench.subject.test.takes)} clips that no renderer was trained on; "
        f"{'; '.join(f'{name}: {what}' for name, what in about.items())}."
    )
    write_scores(bench.folder / "scores.csv", [one for results in found.values() for one in results], about)
    by_renderer = {
        renderer: {
            drive: own
            for drive, results in found.items()
            if (own := [one for one in results if one.renderer == renderer])
        }
        for renderer in bench.plan.renderers
    }
    ahead = table_ahead(by_renderer)
    parts = [f"# Benchmark\n\n{lead}", f"## {_AHEAD}", AHEAD_NOTE, markdown_table(ahead)]
    sections = [Section(_AHEAD, table=ahead, note=AHEAD_NOTE)]
    for renderer, drives in by_renderer.items():
        for drive, own in drives.items():
            measures = RECITALS if drive in bench.plan.recitals else TAKES
            title, means = f"{renderer}, {drive}", table_of_means(own, bench.real, measures.columns)
            differences = table_of_differences(own, measures.columns)
            parts += [f"## {title}", measures.legend, markdown_table(means), _PAIRED, markdown_table(differences)]
            sections.append(Section(title, table=means, note=measures.legend))
            sections.append(Section(f"{title}: difference from {OURS}", table=differences, note=_PAIRED))
    write_text(bench.folder / "results.md", "\n\n".join(parts) + "\n")
    page = bench.folder / "report.html"
    phones = errors_by_phone(bench.plan, next(iter(found.values())))
    told = [sections[0], *_looks(bench), *sections[1:], *phones, _curves(bench)]
    write_text(page, render("Which features give better lips", lead, (), told))
    return page


def _about(bench: Bench) -> dict[str, str]:
    """What holds for every score: name to what it is."""
    rendered = next((bench.folder / "runs").rglob("*.mp4"), None)
    return {
        "judge": told_judge(bench.judge),
        "landmarks": bench.landmarks,
        "video": f"{told_codec(rendered)}, mouths of {bench.plan.size} pixels" if rendered else "none yet",
    }


def errors_by_phone(plan: Plan, results: Sequence[Result]) -> Iterator[Section]:
    """LMD of the frames of each phone, clean sound, all seeds together."""
    for renderer in plan.renderers:
        own = {
            name: sums([one.phones for one in results if (one.renderer, one.features) == (renderer, name)])
            for name in plan.features
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
            own_phones = [phone for phone in phones if phone in found]
            places = [phones.index(phone) for phone in own_phones]
            axes.plot(places, [_quotient(found[phone]) for phone in own_phones], "o", label=name, alpha=0.8)
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
    """Single frames of the test clips, and videos of some, real and rendered, of the first seed."""
    test, spoken = bench.subject.test, bench.subject.spoken
    for renderer in bench.plan.renderers:
        runs = [run for run in bench.runs if (run.renderer, run.seed) == (renderer, bench.plan.seeds[0])]
        runs = [run for run in runs if all(bench.video(run, "clean", take.video.stem).is_file() for take in test.takes)]
        if not runs:
            continue
        videos = {
            "as filmed": [take.video for take in test.takes],
            **{run.features: [bench.video(run, "clean", take.video.stem) for take in test.takes] for run in runs},
        }
        for what, phones in _LOOKED_AT.items():
            yield Section(f"{renderer}: {what}", strips=_strips(bench, videos, phones), note=_STRIP_NOTE)
        for place in range(min(_SHOWN, len(test.takes))):
            own = {name: found[place] for name, found in videos.items()}
            yield Section(f"{renderer}: “{spoken[place].text}”", players=_players(own))
        for recital in bench.recitals:
            own = {run.features: bench.video(run, recital.name, RECITED) for run in runs}
            own = {name: video for name, video in own.items() if video.is_file()}
            if own:
                yield Section(f"{renderer}: {recital.name}", players=_players(own))


def _players(videos: Mapping[str, Path]) -> list[Player]:
    return [Player(name, "", video.read_bytes()) for name, video in videos.items()]


def _strips(bench: Bench, videos: Mapping[str, Sequence[Path]], phones: Collection[str]) -> list[Strip]:
    """A strip for each kind of features: mouths in the middle of these phones, the same moments for all."""
    moments = [
        (place, min(int(own.middle * FRAME_RATE), take.frames - 1))
        for place, (take, spoken) in enumerate(zip(bench.subject.test.takes, bench.subject.spoken, strict=True))
        for own in (spoken.phones.intervals if spoken.phones is not None else ())
        if own.phone in phones
    ]
    some = [moments[place] for place in evenly(len(moments), _PICTURES)]
    return [
        Strip(name, "", "#888888", _jpeg([_mouth(bench, own[place], place, frame) for place, frame in some]), name)
        for name, own in videos.items()
        if some
    ]


def evenly(count: int, most: int) -> list[int]:
    """At most so many places among `count`, spread from the first to the last."""
    return [round(place) for place in np.linspace(0, count - 1, min(most, count))]


def _mouth(bench: Bench, video: Path, place: int, frame: int) -> NDArray[np.uint8]:
    picture = next(islice(iter_frames(video, FRAME_RATE), frame, None))
    return bench.subject.test.track.crop(picture, bench.subject.test.takes[place].first + frame, _SIDE)


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
        for run in bench.runs:
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
