"""The report of an evaluation: one HTML file that opens offline."""

import csv
from collections.abc import Sequence
from pathlib import Path

from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.store import Corpus
from pase.errors import InputError
from pase.evaluation import figures, phone_figures
from pase.evaluation.bootstrap import correlation, correlation_sums, evaluate_once
from pase.evaluation.closures import token_frames
from pase.evaluation.evidence import Evidence
from pase.evaluation.report_sections import cards, details, overview, tables
from pase.evaluation.representations import PaseFeatures
from pase.evaluation.results import Results
from pase.evaluation.selection import held_out
from pase.evaluation.tables import CHOSEN_ON, INTERVAL
from pase.files import write_text
from pase.models.checkpoint import load_checkpoint
from pase.models.model import PaseModel
from pase.phonemes.inventory import BILABIALS
from pase.report.page import Picture, Section, render
from pase.report.tracks import log_spectra
from pase.video.landmarks import lip_gap

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
    records = choose_examples(held_out(opened))
    sections = [
        *overview(results),
        *details(results),
        *_phone_sections(evidence),
        Section("Sound and lips in time", pictures=_example_pictures(model, opened, records, evidence)),
        *([Section("Training", pictures=[_training_picture(curves)])] if curves else []),
        *tables(results),
    ]
    lead = f"Model {results.model_id}, measured on clips that it was not trained on. Brackets: {INTERVAL}. {CHOSEN_ON}"
    path = output / NAME
    write_text(path, render("PASE evaluation", lead, cards(results), sections))
    return path


def choose_examples(records: Sequence[ClipRecord]) -> list[ClipRecord]:
    """The clips with the most bilabials, where there is most to see; the longest of equal ones."""

    def bilabials(record: ClipRecord) -> int:
        return 0 if record.phones is None else len(token_frames(record.phones, BILABIALS))

    return sorted(records, key=lambda record: (-bilabials(record), -record.frames, record.clip_id))[:EXAMPLES]


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


def _example_pictures(
    model: PaseModel, corpus: Corpus, records: Sequence[ClipRecord], evidence: Evidence
) -> list[Picture]:
    own = PaseFeatures(model)
    return [_example_picture(corpus.read(record), own, evidence) for record in records]


def _example_picture(clip: Clip, own: PaseFeatures, evidence: Evidence) -> Picture:
    record, aperture = clip.record, lip_gap(clip.lip_points)
    predicted = evidence.ridge.predict(own.rows(clip.waveform, record.frames))[:, -1]
    fit = evaluate_once(correlation_sums(predicted, aperture)[None], correlation)
    text = f" “{record.text}”." if record.text else ""
    return Picture(
        figures.draw_example(
            figures.Example(record.phones, log_spectra(clip.waveform), clip.lips, aperture, predicted)
        ),
        alt=f"Spectrogram, phones, lip crops and lip gap of clip {record.clip_id} over time",
        caption=(
            f"Clip {record.clip_id}.{text} From above: spectrogram, phones coloured by viseme, lip crops, "
            f"lip gap. The red line knows the sound only; it should fall where the black one does, above all at "
            f"/p b m/ (shaded). Correlation in this clip: {fit:.2f}."
        ),
    )


def _training_picture(curves: Curves) -> Picture:
    return Picture(
        figures.draw_training(curves),
        alt="Training and validation loss, and the share of windows in sync, over training steps",
        caption="A validation loss that rises while the training loss falls would mean overfitting.",
    )


def _phone_sections(evidence: Evidence) -> list[Section]:
    if (evidence.phone_frames >= 5).sum() < 3:
        return []
    return [Section("Phones in feature space", pictures=_phone_pictures(evidence))]


def _phone_pictures(evidence: Evidence) -> list[Picture]:
    means, frames = evidence.phone_means, evidence.phone_frames
    return [
        Picture(
            phone_figures.draw_phone_map(means, frames),
            alt="Map of phones by their mean feature, coloured by viseme",
            caption="Mean feature of each phone. Phones that look alike on the lips (same colour) should lie together.",
        ),
        Picture(
            phone_figures.draw_phone_similarity(means, frames),
            alt="Matrix of similarities between phones, sorted by viseme",
            caption="The same in all dimensions: red blocks on the diagonal are visemes whose phones are alike.",
        ),
    ]
