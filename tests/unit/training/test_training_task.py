import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pase import PASE
from pase.cli.main import main
from pase.corpus.store import Corpus
from pase.data.module import CorpusDataModule
from pase.data.windows import WindowConfig
from pase.errors import InputError
from pase.models.checkpoint import load_checkpoint
from pase.models.config import ModelConfig
from pase.models.model import PaseModel
from pase.training.export import export
from pase.training.task import OptimizerConfig, PaseTask, RateSchedule, learning_rate_factor


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


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Seeds of what is drawn for each training batch: for those of all ranks, and for this rank's."""
    found: list[tuple[int, int]] = []
    encode = PaseTask._encode

    def watched(task: PaseTask, batch: Any, draws: torch.Generator | None = None) -> Any:
        if draws is not None:
            found.append((torch.initial_seed(), draws.initial_seed()))
        return encode(task, batch, draws)

    monkeypatch.setattr(PaseTask, "_encode", watched)
    return found


@pytest.mark.parametrize("accumulated", [1, 3])
def test_every_batch_has_draws_of_its_own(
    accumulated: int, small_run: Path, tmp_path: Path, drawn: list[tuple[int, int]]
) -> None:
    more = [f"--trainer.accumulate_grad_batches={accumulated}", f"--trainer.default_root_dir={tmp_path}"]
    assert main(["fit", "--config", str(small_run), *more, "--trainer.max_steps=3"]) == 0
    assert len(drawn) == len(set(drawn)) == 3 * accumulated
    by_step = [int(np.random.SeedSequence((0, step, 0)).generate_state(1, np.uint64)[0] >> 1) for step in range(3)]
    assert drawn[::accumulated] == [(seed, seed) for seed in by_step]


def test_what_each_rank_draws_is_its_own(
    small_run: Path, tmp_path: Path, drawn: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for rank in range(2):
        monkeypatch.setattr(PaseTask, "global_rank", rank)
        folder = f"--trainer.default_root_dir={tmp_path / str(rank)}"
        assert main(["fit", "--config", str(small_run), folder, "--trainer.max_steps=2"]) == 0
    first, second = drawn[:2], drawn[2:]
    assert [common for common, _ in first] == [common for common, _ in second]
    assert len({own for _, own in drawn}) == 4


@pytest.mark.parametrize(("interval", "within"), [(3, True), (2, False)])
def test_a_checkpoint_within_a_step_is_told(interval: int, within: bool, small_run: Path, tmp_path: Path) -> None:
    more = ("--trainer.accumulate_grad_batches=2", f"--trainer.val_check_interval={interval}", "--trainer.max_steps=2")
    more = (*more, "--data.batch_size=2")  # six batches an epoch
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        assert main(["fit", "--config", str(small_run), f"--trainer.default_root_dir={tmp_path}", *more]) == 0
    assert any("lies within a step of accumulated batches" in str(one.message) for one in found) == within


def test_every_parameter_is_optimised_once(tiny_config: ModelConfig) -> None:
    task = PaseTask(tiny_config, beta=0.0, gamma=0.0, optimizer=OptimizerConfig(lr=1e-3, weight_decay=0.1))
    optimizer = task.configure_optimizers()["optimizer"]
    found = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(found) == sorted(id(p) for p in task.parameters())
    undecayed = [p for group in optimizer.param_groups if group["weight_decay"] == 0 for p in group["params"]]
    assert all(p.ndim <= 1 for p in undecayed)


def schedule(task: PaseTask) -> RateSchedule:
    found: RateSchedule = task.configure_optimizers()["lr_scheduler"]["scheduler"]
    return found


def test_a_schedule_goes_on_at_its_step_with_the_rates_of_the_config(tiny_config: ModelConfig) -> None:
    sizes = {"net": tiny_config, "beta": 0.0, "gamma": 0.0}
    before = schedule(PaseTask(**sizes, optimizer=OptimizerConfig(lr=0.5, weight_decay=0.5, warmup=4)))
    for _ in range(2):
        before.optimizer.step()
        before.step()
    after = schedule(PaseTask(**sizes, optimizer=OptimizerConfig(lr=0.4, weight_decay=0.1, warmup=8)))
    after.optimizer.load_state_dict(before.optimizer.state_dict())
    after.load_state_dict(before.state_dict())
    assert [group["lr"] for group in after.optimizer.param_groups] == pytest.approx([0.15, 0.15])
    assert [group["weight_decay"] for group in after.optimizer.param_groups] == [0.1, 0.0]
    after.optimizer.step()
    after.step()
    assert after.get_last_lr() == pytest.approx([0.2, 0.2])


@pytest.mark.parametrize("state", [3, {}, {"last_epoch": "x"}, {"last_epoch": -1}, {"last_epoch": 10**30}])
def test_a_schedule_of_something_else(state: Any, tiny_config: ModelConfig) -> None:
    with pytest.raises(InputError, match="which cannot be"):
        schedule(PaseTask(tiny_config, beta=0.0, gamma=0.0)).load_state_dict(state)


def test_schedules_that_are_no_list(tiny_config: ModelConfig) -> None:
    task = PaseTask(tiny_config, beta=0.0, gamma=0.0)
    with pytest.raises(InputError, match="no list"):
        task.on_load_checkpoint({"lr_schedulers": 3, "pase_model": tiny_config.to_json()})


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
    with pytest.raises(InputError, match="would run code"):
        export(path, tmp_path / "out", {})
    assert not (tmp_path / "ran").exists()


def lightning_checkpoint(tiny_model: PaseModel, **changes: object) -> dict[str, object]:
    state = {f"model.{name}": value.clone() for name, value in tiny_model.state_dict().items()}
    whole = {"state_dict": state, "pase_model": tiny_model.config.to_json(), "global_step": 3, "epoch": 0}
    return {**whole, **changes}


def test_export_of_a_whole_one(tiny_model: PaseModel, tmp_path: Path) -> None:
    torch.save(lightning_checkpoint(tiny_model), tmp_path / "a.ckpt")
    assert export(tmp_path / "a.ckpt", tmp_path / "out", {}).training == {"steps": 3, "epochs": 1}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"global_step": "many"}, "no number of steps"),
        ({"epoch": None}, "no number of steps and epochs"),
        ({"state_dict": [1]}, "no weights"),
        ({"pase_model": "large"}, "expected a mapping"),
        ({"pase_model": {**ModelConfig().to_json(), "dim": 10**9}}, "dim is 1000000000"),
        ({"pase_model": {**ModelConfig().to_json(), "dim": 4096}}, "does not fit its own sizes"),
    ],
)
def test_export_of_what_makes_no_sense(
    change: dict[str, object], told: str, tiny_model: PaseModel, tmp_path: Path
) -> None:
    torch.save(lightning_checkpoint(tiny_model, **change), tmp_path / "a.ckpt")
    with pytest.raises(InputError, match=rf"a\.ckpt.*{told}"):
        export(tmp_path / "a.ckpt", tmp_path / "out", {})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (torch.full((16,), torch.nan), "NaN or infinite"),
        (torch.zeros(17), r"expected \(16,\), found \(17,\)"),
        (torch.zeros(16, dtype=torch.int64), "is of torch.int64"),
        ("a", "str where the weight"),
    ],
)
def test_export_of_bad_weights(value: object, told: str, tiny_model: PaseModel, tmp_path: Path) -> None:
    content = lightning_checkpoint(tiny_model)
    content["state_dict"]["model.audio.project.bias"] = value
    torch.save(content, tmp_path / "a.ckpt")
    with pytest.raises(InputError, match=rf"a\.ckpt.*{told}"):
        export(tmp_path / "a.ckpt", tmp_path / "out", {})


def queue(**changes: object) -> dict[str, object]:
    whole = {"video": torch.zeros(3, 5, 16), "phones": torch.zeros(3, 5, dtype=torch.int64)}
    return {**whole, "valid": torch.ones(3, 5, dtype=torch.bool), **changes}


def test_a_queue_comes_back(tiny_config: ModelConfig) -> None:
    task = PaseTask(tiny_config, beta=0.0, gamma=0.0)
    saved: dict[str, object] = {"pase_queue": queue(), "pase_model": tiny_config.to_json()}
    task.on_load_checkpoint(saved)
    task.on_save_checkpoint(again := {})
    assert all(torch.equal(again["pase_queue"][name], value) for name, value in queue().items())


def test_a_queue_follows_the_model_to_its_device(tiny_config: ModelConfig) -> None:
    task = PaseTask(tiny_config, beta=0.0, gamma=0.0)
    task.on_load_checkpoint({"pase_queue": queue(), "pase_model": tiny_config.to_json()})
    task.to("meta").on_train_start()
    task.on_save_checkpoint(saved := {})
    assert all(value.device.type == "meta" for value in saved["pase_queue"].values())


@pytest.mark.parametrize(
    "state",
    [
        None,
        {},
        queue(more=torch.zeros(1)),
        queue(video=3),
        queue(video=torch.zeros(3, 5, 17)),
        queue(video=torch.zeros(3, 6, 16)),
        queue(video=torch.full((3, 5, 16), torch.nan)),
        queue(video=torch.zeros(3, 5, 16, dtype=torch.int64)),
        queue(phones=torch.full((3, 5), 40)),
        queue(phones=torch.zeros(3, 5)),
        queue(valid=torch.ones(3, 5)),
        queue(valid=torch.ones(15, dtype=torch.bool)),
    ],
)
def test_a_queue_of_something_else(state: object, tiny_config: ModelConfig) -> None:
    task = PaseTask(tiny_config, beta=0.0, gamma=0.0)
    with pytest.raises(InputError, match="queue of negatives"):
        task.on_load_checkpoint({"pase_queue": state, "pase_model": tiny_config.to_json()})


@pytest.mark.parametrize("place", [-1, 10**30, 2.5, "3", None, True])
def test_a_place_in_the_data_that_cannot_be(place: object, tiny_corpus: Path) -> None:
    data = CorpusDataModule([tiny_corpus], batch_size=4, window=WindowConfig(frames=10))
    data.setup()
    state = data.train_dataloader().state_dict()
    data.load_state_dict({**state, "handed_out": place})
    with pytest.raises(InputError, match="batches were handed out, which cannot be"):
        data.train_dataloader()


class _Bomb:
    def __init__(self, target: str) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.target, "w")
