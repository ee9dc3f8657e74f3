from pathlib import Path

import numpy as np
import pytest
import torch

from pase import PASE
from pase.corpus.store import Corpus
from pase.data.module import CorpusDataModule
from pase.data.windows import WindowConfig
from pase.errors import InputError
from pase.models.checkpoint import load_checkpoint
from pase.models.config import ModelConfig
from pase.training.export import export
from pase.training.task import OptimizerConfig, PaseTask, learning_rate_factor


def test_learning_rate_rises_then_falls() -> None:
    config = OptimizerConfig(warmup=10, steps=110)
    factors = [learning_rate_factor(step, config) for step in range(130)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == pytest.approx(1.0)
    assert factors.index(max(factors)) in (9, 10)
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[60] == pytest.approx(0.505, abs=0.01)
    assert factors[-1] == pytest.approx(0.01)


def test_constant_rate_without_an_end() -> None:
    assert learning_rate_factor(10**6, OptimizerConfig(warmup=10, steps=0)) == 1.0


def test_every_parameter_is_optimised_once(tiny_config: ModelConfig) -> None:
    task = PaseTask(tiny_config, beta=0.0, gamma=0.0, optimizer=OptimizerConfig(lr=1e-3, weight_decay=0.1))
    optimizer = task.configure_optimizers()["optimizer"]
    found = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(found) == sorted(id(p) for p in task.parameters())
    undecayed = [p for group in optimizer.param_groups if group["weight_decay"] == 0 for p in group["params"]]
    assert all(p.ndim <= 1 for p in undecayed)


def test_sizes_of_another_model_are_named(tiny_config: ModelConfig) -> None:
    task = PaseTask(tiny_config, beta=0.0, gamma=0.0)
    other = {"pase_model": ModelConfig(dim=64).to_json()}
    with pytest.raises(InputError, match="dim"):
        task.on_load_checkpoint(other)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_export_of_something_else(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.ckpt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.ckpt"):
        export(path, tmp_path / "out", {})
    assert not (tmp_path / "out").exists()


def test_predictions_are_what_renderers_get(tiny_checkpoint: Path, tiny_corpus: Path) -> None:
    encoder = PASE.from_pretrained(tiny_checkpoint)
    model, _ = load_checkpoint(tiny_checkpoint)
    task = PaseTask(model.config, beta=0.0, gamma=0.0).eval()
    task.model = model
    data = CorpusDataModule([tiny_corpus], batch_size=4, window=WindowConfig(context=0))
    data.setup()
    batch = next(iter(data.predict_dataloader()))
    with torch.no_grad():
        predicted = task.predict_step(batch, 0)
    corpus = Corpus.open(tiny_corpus)
    for record in corpus.split("validation"):
        clip = corpus.read(record)
        expected = encoder.encode(clip.waveform, 16_000).at_rate(25)[: len(predicted[record.clip_id])]
        np.testing.assert_allclose(predicted[record.clip_id], expected, atol=1e-4)


def test_export_of_another_projects_checkpoint(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "a.ckpt")
    with pytest.raises(InputError, match="was not written by `pase fit`"):
        export(tmp_path / "a.ckpt", tmp_path / "out", {})


def test_export_runs_no_code(tmp_path: Path) -> None:
    """A poisoned pickle is refused, not executed."""
    path = tmp_path / "a.ckpt"
    torch.save({"pase_model": _Bomb(str(tmp_path / "ran"))}, path)
    with pytest.raises(InputError, match="without running code"):
        export(path, tmp_path / "out", {})
    assert not (tmp_path / "ran").exists()


class _Bomb:
    def __init__(self, target: str) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.target, "w")
