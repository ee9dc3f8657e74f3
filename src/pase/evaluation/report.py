"""The report of an evaluation: one HTML file that opens offline."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pase.corpus.clip import ClipRecord
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.evaluation import figures
from pase.evaluation.clip_features import ClipFeatures, measure_clips
from pase.evaluation.closures import token_frames
from pase.evaluation.evidence import Evidence
from pase.evaluation.results import INTERVAL, Results, SplitResult
from pase.files import write_text
from pase.models.checkpoint import load_checkpoint
from pase.phonemes.inventory import BILABIALS
from pase.report.page import Card, Picture, Section, render
from pase.report.tracks import log_spectra

NAME = "report.html"

EXAMPLES = 2
"""Clips that are shown."""

Curves = dict[str, tuple[list[float], list[float]]]


def write_report(
    output: Path, checkpoint: Path, corpus: Path, results: Results, run_folder: Path | None = None
) -> Path:
    """Write ``report.html`` beside the results of `pase.evaluation.evaluate.evaluate`.

    Args:
        output: Folder that `evaluate` wrote to.
        checkpoint: The checkpoint that was evaluated.
        corpus: The corpus that it was evaluated on; examples are its validation clips.
        results: What was found.
        run_folder: Folder of the training run, for its curves.

    Raises:
        InputError: Something of this is missing or cannot be read.
    """
    curves = read_training_curves(run_folder) if run_folder is not None else {}
    evidence = Evidence.load(output)
    model, info = load_checkpoint(checkpoint)
    if info.model_id != results.model_id:
        raise InputError(f"{checkpoint} is model {info.model_id}, the results are of model {results.model_id}")
    opened = Corpus.open(corpus)
    records = choose_examples(opened.split("validation") or opened.split("test"))
    clips = list(measure_clips(model, opened, records, video=True))
    sections = [
        Section("Sound and lips in time", pictures=[_example_picture(opened, clip, evidence) for clip in clips]),
        Section("Does sound find its picture?", pictures=[_offset_picture(results, clips)]),
    ]
    if curves:
        sections.append(Section("Training", pictures=[_training_picture(curves)]))
    sections.append(Section("What the features hold", pictures=[_comparison_picture(results)]))
    if figures.enough_bilabials(results):
        sections.append(Section("Lips that must close", pictures=[_bilabial_picture(results)]))
    if (evidence.phone_frames >= 5).sum() >= 3:
        sections.append(Section("Phones in feature space", pictures=_phone_pictures(evidence)))
    sections.append(Section("All results", table=results.table(), facts=_facts(results)))
    lead = f"Model {results.model_id}, measured on clips that it was not trained on. Brackets are {INTERVAL}."
    path = output / NAME
    write_text(path, render("PASE evaluation", lead, _cards(results), sections))
    return path


def choose_examples(records: Sequence[ClipRecord]) -> list[ClipRecord]:
    """The clips with the most bilabials, where there is most to see."""

    def bilabials(record: ClipRecord) -> int:
        return 0 if record.phones is None else len(token_frames(record.phones, BILABIALS))

    return sorted(records, key=lambda record: (-bilabials(record), record.clip_id))[:EXAMPLES]


def read_training_curves(run_folder: Path) -> Curves:
    """Steps and values of each column of a run's CSV logs; of a resumed run the later log wins.

    Raises:
        InputError: There is no log, or it cannot be read.
    """
    found = {}
    for path in run_folder.glob("logs/version_*/metrics.csv"):
        number = path.parent.name.removeprefix("version_")
        if number.isdecimal():
            found[int(number)] = path
    if not found:
        raise InputError(f"{run_folder} is no folder of a training run: there is no logs/version_*/metrics.csv in it")
    values: dict[str, dict[int, float]] = {}
    for _, path in sorted(found.items()):
        try:
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    for name, text in row.items():
                        if text and name != "step":
                            values.setdefault(name, {})[int(row["step"])] = float(text)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read as Lightning's CSV log: {error}") from error
    return {
        name: ([float(step) for step in sorted(own)], [own[step] for step in sorted(own)])
        for name, own in values.items()
    }


def _example_picture(corpus: Corpus, clip: ClipFeatures, evidence: Evidence) -> Picture:
    content = corpus.read(clip.record)
    spectra = log_spectra(content.waveform)
    predicted = evidence.ridge.predict(clip.features)
    fit = np.corrcoef(predicted, clip.aperture)[0, 1]
    text = f" “{clip.record.text}”." if clip.record.text else ""
    return Picture(
        figures.draw_example(figures.Example(clip.record.phones, spectra, content.lips, clip.aperture, predicted)),
        alt=f"Spectrogram, phones, lip crops and lip gap of clip {clip.record.clip_id} over time",
        caption=(
            f"Clip {clip.record.clip_id}.{text} From above: spectrogram, phones coloured by viseme, lip crops, "
            f"lip gap. The red line knows the sound only; it should fall where the black one does, above all at "
            f"/p b m/ (shaded). Correlation in this clip: {fit:.2f}."
        ),
    )


def _offset_picture(results: Results, clips: Sequence[ClipFeatures]) -> Picture:
    total = {f"{split.name}, all {split.clips} clips": split.sync.curve for split in results.splits}
    examples = {
        clip.record.clip_id: [float(v) for v in np.nanmean(clip.similarity, axis=0)]
        for clip in clips
        if clip.similarity is not None and len(clip) > 15
    }
    shares = "; ".join(f"{split.name} {_percent(split.sync.windows.value)}" for split in results.splits)
    return Picture(
        figures.draw_offset_curves(total, examples),
        alt="Mean similarity between sound and picture against the shift of the video, with a peak near zero",
        caption=(
            "Similarity between the sound and the video moved by some frames. A narrow peak at 0 means that the "
            f"features know when the lips move. 0.4-s windows whose best shift is within ±1 frame: {shares}; "
            "guessing finds 10 %."
        ),
    )


def _training_picture(curves: Curves) -> Picture:
    return Picture(
        figures.draw_training(curves),
        alt="Training and validation loss, and the share of windows in sync, over training steps",
        caption="A validation loss that rises while the training loss falls would mean overfitting.",
    )


def _comparison_picture(results: Results) -> Picture:
    return Picture(
        figures.draw_comparison(results),
        alt="Lip aperture correlation and phone and viseme accuracy from the features and from plain acoustics",
        caption=(
            "The same linear methods on PASE features, on those of the same network with random weights, and on plain "
            "spectra, all at 25 rows per second. Training that does its work puts the red dots to the right of all "
            "others. Lines are " + INTERVAL + "."
        ),
    )


def _bilabial_picture(results: Results) -> Picture:
    return Picture(
        figures.draw_bilabials(results),
        alt="Mean normalised lip gap at the middle of bilabials against the shift of the video",
        caption=(
            "Lip gap at the middle of /p b m/ (0: as closed as in this clip, 1: as open), the video moved by some "
            "frames. The pictures dip at 0 if the corpus is in sync; the prediction from sound should dip as deep, at "
            "the same place."
        ),
    )


def _phone_pictures(evidence: Evidence) -> list[Picture]:
    means, frames = evidence.phone_means, evidence.phone_frames
    return [
        Picture(
            figures.draw_phone_map(means, frames),
            alt="Map of phones by their mean feature, coloured by viseme",
            caption="Mean feature of each phone. Phones that look alike on the lips (same colour) should lie together.",
        ),
        Picture(
            figures.draw_phone_similarity(means, frames),
            alt="Matrix of similarities between phones, sorted by viseme",
            caption="The same in all dimensions: red blocks on the diagonal are visemes whose phones are alike.",
        ),
    ]


def _cards(results: Results) -> list[Card]:
    first, *others = results.splits
    windows = "".join(f"; {split.name} {_percent(split.sync.windows.value)}" for split in others)
    lips = "".join(f"; {split.name} {_aperture(split, 'features'):.2f}" for split in others)
    whole = f"whole clips {_percent(first.sync.clips.value)}"
    cards = [
        Card("0.4-s windows in sync", _percent(first.sync.windows.value), whole + windows),
        Card(
            "lip aperture, correlation",
            f"{_aperture(first, 'features'):.2f}",
            f"untrained {_aperture(first, 'untrained'):.2f}, log-STFT {_aperture(first, 'log-STFT'):.2f}{lips}",
        ),
    ]
    for target in ("phone", "viseme"):
        found = {p.input: p.accuracy.value for p in first.probes if p.target == target and p.context == 1}
        if found:
            note = f"from log-mel {_percent(found['log-mel'])}, by a linear probe on single frames"
            cards.append(Card(f"{target}s recognised", _percent(found["features"]), note))
    if first.bilabials is not None:
        note = f"of lips at /p b m/; false alarms at vowels {_percent(first.bilabials.false_alarms.value)}"
        cards.append(Card("closures predicted", _percent(first.bilabials.recall.value), note))
    return cards


def _aperture(split: SplitResult, name: str) -> float:
    return next(found.pooled.value for found in split.aperture if found.input == name)


def _facts(results: Results) -> list[tuple[str, str]]:
    facts = {
        "checkpoint": results.checkpoint,
        "corpus": results.corpus,
        "unseen people": results.unseen,
        "command": results.command,
        "date": results.date,
        "seed": str(results.seed),
        "fitted on": f"{results.train_clips} training clips, {results.train_frames} frames",
    }
    return [(name, fact) for name, fact in facts.items() if fact]


def _percent(share: float) -> str:
    return "-" if np.isnan(share) else f"{100 * share:.0f} %"
