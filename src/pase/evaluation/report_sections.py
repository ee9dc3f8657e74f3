"""The parts of the report that results alone decide."""

from pase.evaluation import charts, figures
from pase.evaluation.bootstrap import Estimate
from pase.evaluation.measures import MEASURES
from pase.evaluation.representations import OWN
from pase.evaluation.results import Results, facts
from pase.evaluation.tables import HEADLINES, INTERVAL, SWEPT, candidates, labelled, split_table, sweep_table
from pase.report.page import Card, Picture, Section

_SHARES = frozenset({"sync", "closure f1"})


def cards(results: Results) -> list[Card]:
    """The measures that count: of the first split, and beside it of the others and of the best baseline."""
    return [_card(results, measure, at) for measure, at in HEADLINES]


def overview(results: Results) -> list[Section]:
    """Representations side by side, and what noise does to them."""
    sections = [
        Section(
            "Against other representations",
            note=(
                "The same regressions and probes on PASE features and on what else could be used in their place, all "
                "at 25 rows per second, fitted on the same clean training clips."
            ),
            pictures=[
                Picture(
                    charts.draw_headlines(results),
                    alt="Lip landmark distance, aperture correlation, closures and phones of each representation",
                    caption=f"Arrows point to better values. Lines are the {INTERVAL}.",
                )
            ],
        )
    ]
    if len(results.conditions) > 1:
        sections.append(_noise(results))
    return sections


def details(results: Results) -> list[Section]:
    """Sync and retrieval, homophenes, closures, silence."""
    sections = [Section("Does sound find its picture?", pictures=[_offset_picture(results), _length_picture(results)])]
    first = results.splits[0].name
    if results.select(first, "homophene gap"):
        sections.append(Section("Homophenes", note=MEASURES["homophene gap"].meaning, pictures=[_homophenes(results)]))
    splits = figures.splits_with_bilabials(results)
    if splits:
        sections.append(Section("Lips that must close", pictures=[_bilabial_picture(results, splits)]))
    if results.select(first, "silent aperture"):
        sections.append(Section("Silence", pictures=[_silence_picture(results)]))
    return sections


def tables(results: Results) -> list[Section]:
    """Everything as numbers, and what it means."""
    sections = [
        Section(f"All results: {split.name}, {len(split.clips)} clips", table=split_table(results, split))
        for split in results.splits
    ]
    used = {one.measure for one in results.measured}
    meanings = [(measure.label, measure.meaning) for name, measure in MEASURES.items() if name in used]
    return [*sections, Section("What the measures mean", facts=meanings), Section("How", facts=facts(results))]


def _noise(results: Results) -> Section:
    pictures = [
        Picture(
            charts.draw_sweep(results, split.name),
            alt=f"Measures over signal-to-noise ratio and in rooms, {split.name}",
            caption=f"{split.name.capitalize()} clips: clean, in noise by its level, in rooms (diamonds).",
        )
        for split in results.splits
    ]
    measure, at = SWEPT[0]
    return Section(
        "In noise and in rooms",
        note=(
            "Nothing is fitted again: regressions and probes are those of clean sound. Each clip has one kind of noise "
            f"(white, coloured, babble, music or hum). The table is {labelled(measure, at)}, {results.splits[0].name}."
        ),
        pictures=pictures,
        table=sweep_table(results, results.splits[0], measure, at),
    )


def _offset_picture(results: Results) -> Picture:
    total = {
        f"{split.name}, {len(split.clips)} clips": [
            one.estimate.value for one in results.select(split.name, "similarity", source=OWN)
        ]
        for split in results.splits
    }
    shares = "; ".join(f"{split.name} {_shown('sync', _windows(results, split.name))}" for split in results.splits)
    return Picture(
        figures.draw_offset_curves(total),
        alt="Mean similarity between sound and picture against the shift of the video, with a peak near zero",
        caption=(
            "Similarity between the sound and the video moved by some frames. A narrow peak at 0 means that the "
            f"features know when the lips move. 0.4-s windows whose best shift is within ±1 frame: {shares}; "
            "guessing finds 10 %."
        ),
    )


def _length_picture(results: Results) -> Picture:
    counted = "; ".join(
        f"{split.name} {', '.join(f'{count} of {at}' for at, count in candidates(results, split.name).items())}"
        for split in results.splits
    )
    return Picture(
        charts.draw_lengths(results),
        alt="Share of stretches in sync, and of stretches that find their own video, against their length",
        caption=f"Longer stretches tell more. Candidates in retrieval: {counted}.",
    )


def _homophenes(results: Results) -> Picture:
    first = results.splits[0].name
    return Picture(
        charts.draw_homophenes(results, first),
        alt="Homophene gap and silhouette by viseme for each viseme class and representation",
        caption=f"Visemes of which several phones are spoken, {first} clips. To the right is better.",
    )


def _bilabial_picture(results: Results, splits: list[str]) -> Picture:
    return Picture(
        figures.draw_bilabials(results, splits),
        alt="Mean normalised lip gap at the middle of bilabials against the shift of the video",
        caption=(
            "Lip gap at the middle of /p b m/ (0: as closed as in this clip, 1: as open), the video moved by some "
            "frames. The pictures dip at 0 if the corpus is in sync; the prediction from sound should dip as deep, at "
            "the same place."
        ),
    )


def _silence_picture(results: Results) -> Picture:
    return Picture(
        charts.draw_silence(results),
        alt="Lip gap and movement predicted in silence, and the change of features in silence and at its edges",
        caption=(
            "A mouth that rests is as open as in the pictures, and moves no more than these do (in part by the noise "
            "of landmarks). Features that change in silence make lips tremble."
        ),
    )


def _card(results: Results, measure: str, at: str) -> Card:
    first, *others = (split.name for split in results.splits)
    notes = [f"{split} {_shown(measure, results.find(split, measure, at))}" for split in others]
    notes += _best_baseline(results, first, measure, at)
    return Card(labelled(measure, at), _shown(measure, results.find(first, measure, at)), "; ".join(notes))


def _best_baseline(results: Results, split: str, measure: str, at: str) -> list[str]:
    found = {source: results.find(split, measure, at, source) for source in results.inputs[1:]}
    known = {source: estimate for source, estimate in found.items() if estimate is not None}
    if not known:
        return []
    sign = -1 if MEASURES[measure].better == "lower" else 1
    best = max(known, key=lambda source: sign * known[source].value)
    return [f"best of the others: {best} {_shown(measure, known[best])}"]


def _windows(results: Results, split: str) -> Estimate | None:
    return results.find(split, "sync", "0.4 s")


def _shown(measure: str, estimate: Estimate | None) -> str:
    if estimate is None:
        return "-"
    return f"{100 * estimate.value:.0f} %" if measure in _SHARES else f"{estimate.value:.{MEASURES[measure].digits}f}"
