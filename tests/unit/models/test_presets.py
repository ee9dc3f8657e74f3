from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonargparse import ArgumentParser

from pase.models.config import ModelConfig
from pase.training.task import PaseTask

PRESETS = sorted((Path(__file__).parents[3] / "configs/model").glob("*.yaml"))


def task_of(preset: Path) -> Any:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(PaseTask, "model")
    settings = yaml.safe_load(preset.read_text(encoding="utf-8"))["model"]
    parsed = parser.parse_object({"model": {"class_path": "pase.training.task.PaseTask", "init_args": settings}})
    return parser.instantiate(parsed).model


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_presets_fit_and_hear_at_most_120_ms_ahead(preset: Path) -> None:
    model = task_of(preset).model
    assert model.audio.look_ahead <= 0.12
    sizes = {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()}
    if preset.stem == "pase_paper":  # 37.7 M by Table VI, without what only trains
        assert sizes["audio"] + sizes["video"] + sizes["alignment"] == pytest.approx(37.7e6, rel=0.05)
    if preset.stem == "pase_base":
        assert 4 * sum(sizes.values()) <= 8.1e6  # bytes


def test_what_is_trained_unasked_is_pase_base() -> None:
    (preset,) = (path for path in PRESETS if path.stem == "pase_base")
    named, unasked = task_of(preset), PaseTask(ModelConfig())
    for one, other in (
        (named.model.config, unasked.model.config),
        (named.contrastive, unasked.contrastive),
        ((named.alpha, named.beta, named.gamma), (unasked.alpha, unasked.beta, unasked.gamma)),
        (named.optimizer_config, unasked.optimizer_config),
        (named.waveform_augment.config, unasked.waveform_augment.config),
    ):
        assert one == other


@pytest.mark.parametrize("name", ["se4lip", "mel_cnn"])
def test_what_came_before_has_neither_phonemes_nor_reconstruction(name: str) -> None:
    (preset,) = (path for path in PRESETS if path.stem == name)
    model = task_of(preset).model
    assert model.reconstruction is None
    assert model.alignment.embedding is None
    assert model.alignment.reach == 0
