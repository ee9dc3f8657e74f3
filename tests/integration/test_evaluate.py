"""Checkpoint and corpora in; results and one page out."""

import json
import re

import numpy as np
import pytest
import torch

from pase.audio.condition import Condition
from pase.corpus.clip import Clip, ClipRecord
from pase.corpus.store import write_corpus
from pase.errors import InputError
from pase.evaluation.evaluate import evaluate
from pase.evaluation.options import EvaluationOptions, condition_of
from pase.evaluation.probe import ProbeConfig
from pase.evaluation.report import write_report
from pase.evaluation.results import Results
from pase.models.checkpoint import save_checkpoint
from pase.models.config import AudioConfig, ModelConfig, VisualConfig
from pase.models.model import PaseModel
from pase.phonemes.intervals import PhoneInterval, PhoneTrack
from pase.video.landmarks import INNER_BOTTOM

SOUND = {"SIL": 0.0, "B": 0.02, "AA": 0.5, "T": 0.1}
"""Loudness of each phone; the lips of this made-up person open with it."""

TRAIN, VALIDATION, FRAMES = 12, 4, 60


def person(name: str, split: str, seed: int, spoken: bool = True, frames: int = FRAMES) -> Clip:
    rng = np.random.default_rng(seed)
    phones = rng.choice(list(SOUND), FRAMES // 6, p=(0.2, 0.4, 0.2, 0.2))
    loudness = np.repeat([SOUND[phone] for phone in phones], 6)
    points = np.zeros((FRAMES, 40, 2), dtype=np.float32)
    points[:, INNER_BOTTOM, 1] = loudness
    waveform = np.repeat(loudness, 640) * rng.standard_normal(FRAMES * 640)
    lips = np.broadcast_to((255 * loudness)[:, None, None, None], (FRAMES, 96, 96, 3)).astype(np.uint8)
    track = PhoneTrack(tuple(PhoneInterval(str(p), 0.24 * k, 0.24 * (k + 1)) for k, p in enumerate(phones)))
    record = ClipRecord(name, "s1", split, frames, frames * 640, "loud & soft", track if spoken else None, "", "x.mp4")
    return Clip(record, waveform.astype(np.float32)[: frames * 640], lips[:frames], points[:frames])


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    splits = ["train"] * TRAIN + ["validation"] * VALIDATION
    write_corpus(folder / "known", [person(f"c{i:02d}", split, i) for i, split in enumerate(splits)])
    write_corpus(folder / "other", [person(f"o{i}", "train", 100 + i) for i in range(2)])
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    config = ModelConfig(
        dim=16,
        audio=AudioConfig(hidden=16, layers=1, stride=1),
        visual=VisualConfig(kind="stacked", crop_size=48, width=0.1, collapse="mean"),
        reconstruction=None,
    )
    folder = tmp_path_factory.mktemp("model") / "checkpoint"
    save_checkpoint(folder, PaseModel(config), {})
    return folder


OPTIONS = EvaluationOptions(
    baselines=("untrained", "log-mel"),
    conditions=(Condition(snr_db=0.0), Condition(rt60=0.6)),
    seed=1,
    budget=ProbeConfig(steps=150, batch_size=128),
)


def run(checkpoint, corpora, output, say=print) -> Results:
    known, other = corpora / "known", corpora / "other"
    return evaluate(checkpoint, known, other, output, OPTIONS, command="pase evaluate ...", say=say)


@pytest.fixture(scope="module")
def evaluated(corpora, checkpoint, tmp_path_factory):
    output = tmp_path_factory.mktemp("evaluation")
    lines = []
    results = run(checkpoint, corpora, output, lines.append)
    return output, results, lines


def test_what_the_sound_shows_is_measured(evaluated):
    _, results, lines = evaluated
    assert [(split.name, len(split.clips)) for split in results.splits] == [("validation", VALIDATION), ("unseen", 2)]
    assert (results.train_clips, results.inputs) == (TRAIN, ("PASE", "untrained", "log-mel"))

    def value(measure: str, at: str = "", source: str = "log-mel", condition: str = "clean") -> float:
        return results.find("validation", measure, at, source, condition).value

    assert value("aperture") > 0.75
    assert value("lmd") < 0.8 * value("lmd", source="no motion")
    assert value("closure f1") > 0.5
    assert value("viseme", "1 frame") > value("viseme", source="most frequent") + 0.15
    assert value("bilabial gap", "+0", "pictures") < 0.2
    assert value("sync", "0.4 s", "PASE") < 0.6, "the model is random"
    assert len(lines) > 5


def test_noise_and_rooms_make_it_worse(evaluated):
    _, results, _ = evaluated
    assert results.conditions == ("clean", "noise 0 dB", "reverberant 0.6 s")
    for condition in results.conditions[1:]:
        for split in ("validation", "unseen"):
            noisy = results.find(split, "lmd", "", "log-mel", condition).value
            assert noisy > results.find(split, "lmd", "", "log-mel").value


def test_the_same_seed_gives_the_same_files(evaluated, corpora, checkpoint, tmp_path):
    output, _, _ = evaluated
    run(checkpoint, corpora, tmp_path)
    assert (tmp_path / "results.json").read_bytes() == (output / "results.json").read_bytes()


def test_results_are_written(evaluated):
    output, results, _ = evaluated
    assert Results.load(output / "results.json").to_json() == results.to_json()
    stored = json.loads((output / "results.json").read_text())
    assert stored["command"] == "pase evaluate ..."
    assert stored["seed"] == 1
    assert "| lip aperture, correlation |" in (output / "results.md").read_text()


def test_the_report_has_every_part_and_needs_nothing_else(evaluated, corpora, checkpoint, tmp_path):
    output, results, _ = evaluated
    log = tmp_path / "logs" / "version_0"
    log.mkdir(parents=True)
    (log / "metrics.csv").write_text("step,train/loss,validation/loss,validation/window_sync\n1,2.0,,\n1,,2.1,0.5\n")
    page = write_report(output, checkpoint, corpora / "known", results, tmp_path).read_text(encoding="utf-8")
    titles = re.findall("<h2>(.*?)</h2>", page)
    assert titles == [
        "Against other representations",
        "In noise and in rooms",
        "Does sound find its picture?",
        "Lips that must close",
        "Silence",
        "Phones in feature space",
        "Sound and lips in time",
        "Training",
        "All results: validation, 4 clips",
        "All results: unseen, 2 clips",
        "What the measures mean",
        "How",
    ]
    images = re.findall(r'<img[^>]*alt="([^"]+)"[^>]*src="([^"]{30})', page)
    assert all(source.startswith("data:image/png;base64,") for _, source in images)
    assert page.count("<img") == page.count("<figcaption>") == len(images)
    assert not re.search(r"https?:|<script|<link|@import|url\(", page)
    assert "loud &amp; soft" in page


def test_clips_without_phones_and_very_short_ones_are_measured_as_far_as_they_go(checkpoint, tmp_path):
    train = [person(f"c{i}", "train", i, spoken=False) for i in range(6)]
    short = [person(f"v{frames}", "validation", 50 + frames, False, frames) for frames in (1, 2, 6, 60)]
    write_corpus(tmp_path / "mute", [*train, *short])
    options = EvaluationOptions(baselines=(), conditions=(Condition(snr_db=0.0),))
    results = evaluate(checkpoint, tmp_path / "mute", None, tmp_path / "out", options)
    assert results.find("validation", "lmd").clips == 4
    assert results.find("validation", "phone", "1 frame") is None
    page = write_report(tmp_path / "out", checkpoint, tmp_path / "mute", results).read_text(encoding="utf-8")
    titles = re.findall("<h2>(.*?)</h2>", page)
    assert "Silence" not in titles
    assert "Against other representations" in titles


def test_without_a_run_there_are_no_training_curves(evaluated, corpora, checkpoint):
    output, results, _ = evaluated
    page = write_report(output, checkpoint, corpora / "known", results, None).read_text(encoding="utf-8")
    assert "<h2>Training</h2>" not in page


def test_results_of_another_model_are_refused(evaluated, corpora, checkpoint, tmp_path):
    output, results, _ = evaluated
    other = tmp_path / "other"
    torch.manual_seed(1)
    save_checkpoint(
        other,
        PaseModel(
            ModelConfig(
                dim=16, visual=VisualConfig(kind="stacked", crop_size=48, width=0.1, stem_stride=2, collapse="mean")
            )
        ),
        {},
    )
    with pytest.raises(InputError, match="the results are of model"):
        write_report(output, other, corpora / "known", results)


def test_a_corpus_without_held_out_clips_is_refused(corpora, checkpoint, tmp_path):
    with pytest.raises(InputError, match="has no validation clips"):
        evaluate(checkpoint, corpora / "other", None, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["snr", "noise5", "rt", "snr5dB", ""])
def test_conditions_are_named_as_help_says(name):
    assert condition_of("snr-5") == Condition(snr_db=-5.0)
    assert condition_of("rt0.3") == Condition(rt60=0.3)
    assert condition_of("clean") == Condition()
    with pytest.raises(InputError, match="there is no condition"):
        condition_of(name)


def test_what_cannot_be_measured_is_said_before_anything_is_done():
    with pytest.raises(InputError, match="torch cannot compute on the device 'abacus'"):
        EvaluationOptions(device="abacus")
    with pytest.raises(InputError, match="at least 2 are needed"):
        EvaluationOptions(most_clips=1)
