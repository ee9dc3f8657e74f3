"""Configs from strangers: what they can name, and that nothing else is even imported."""

import inspect
import json
import sys
from argparse import ArgumentError
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonargparse
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning.pytorch import Trainer, accelerators, callbacks, loggers, plugins, profilers, strategies
from lightning.pytorch.plugins import environments, io, precision

from pase.cli.main import main
from pase.data.module import CorpusDataModule
from pase.errors import InputError
from pase.study.plan import plan, read_study
from pase.training.build import build
from pase.training.task import PaseTask
from pase.training.trust import ALLOWED, TrustingParser
from pase.trust import ALLOW_VARIABLE, allowed_by_user, may_be_named

STRANGER = "stranger_to_pase.Harm"

MODULE = """
from pathlib import Path
from lightning.pytorch.callbacks import Callback

Path({mark!r}).touch()

class Harm(Callback):
    def __init__(self):
        Path({mark!r}).with_name("made").touch()
"""


@pytest.fixture
def own_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is allowed holds for the process: these tests change it for themselves alone."""
    settings = jsonargparse._common.parsing_settings
    monkeypatch.setattr(jsonargparse._common, "parsing_settings", dict(settings))


@pytest.fixture(scope="module")
def parser() -> TrustingParser:
    """Of the settings that `pase fit` has; to set it up takes longer than to use it."""
    parser = TrustingParser(exit_on_error=False)
    parser.add_argument("--config", action=jsonargparse.ActionConfigFile)
    parser.add_lightning_class_args(Trainer, "trainer")
    parser.add_lightning_class_args(PaseTask, "model")
    parser.add_lightning_class_args(CorpusDataModule, "data")
    parser.add_optimizer_args()
    parser.add_lr_scheduler_args()
    return parser


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that exists once the stranger's module was imported; the module can be imported."""
    (tmp_path / "modules").mkdir()
    mark = tmp_path / "imported"
    (tmp_path / "modules" / "stranger_to_pase.py").write_text(MODULE.format(mark=str(mark)))
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.delitem(sys.modules, "stranger_to_pase", raising=False)
    return mark


Ways = Callable[[Path, str], list[str]]


def written(folder: Path, name: str, content: Any) -> str:
    (folder / name).write_text(yaml.safe_dump(content))
    return str(folder / name)


def spec(name: str) -> dict[str, Any]:
    return {"class_path": name, "init_args": {"command": "true"}}


WAYS: dict[str, Ways] = {
    "logger": lambda folder, name: ["--config", written(folder, "a.yaml", {"trainer": {"logger": spec(name)}})],
    "logger, by name alone": lambda folder, name: [
        "--config",
        written(folder, "a.yaml", {"trainer": {"logger": name}}),
    ],
    "one of the loggers": lambda folder, name: [
        "--config",
        written(folder, "a.yaml", {"trainer": {"logger": ["CSVLogger", spec(name)]}}),
    ],
    "callback": lambda folder, name: ["--config", written(folder, "a.yaml", {"trainer": {"callbacks": [spec(name)]}})],
    "strategy": lambda folder, name: ["--config", written(folder, "a.yaml", {"trainer": {"strategy": spec(name)}})],
    "plugin": lambda folder, name: ["--config", written(folder, "a.yaml", {"trainer": {"plugins": [spec(name)]}})],
    "profiler": lambda folder, name: ["--config", written(folder, "a.yaml", {"trainer": {"profiler": spec(name)}})],
    "accelerator": lambda folder, name: [
        "--config",
        written(folder, "a.yaml", {"trainer": {"accelerator": spec(name)}}),
    ],
    "optimizer": lambda folder, name: ["--config", written(folder, "a.yaml", {"optimizer": spec(name)})],
    "schedule": lambda folder, name: ["--config", written(folder, "a.yaml", {"lr_scheduler": spec(name)})],
    "model's sizes": lambda folder, name: ["--config", written(folder, "a.yaml", {"model": {"net": spec(name)}})],
    "window": lambda folder, name: ["--config", written(folder, "a.yaml", {"data": {"window": spec(name)}})],
    "function among arguments": lambda folder, name: [
        "--config",
        written(
            folder,
            "a.yaml",
            {"trainer": {"callbacks": [{"class_path": "LambdaCallback", "init_args": {"on_fit_start": name}}]}},
        ),
    ],
    "config of the trainer": lambda folder, name: ["--trainer", written(folder, "t.yaml", {"callbacks": [spec(name)]})],
    "config of the callbacks": lambda folder, name: ["--trainer.callbacks", written(folder, "c.yaml", [spec(name)])],
    "config in a config": lambda folder, name: [
        "--config",
        written(folder, "a.yaml", {"trainer": {"logger": written(folder, "l.yaml", spec(name))}}),
    ],
    "JSON": lambda folder, name: ["--config", json.dumps({"trainer": {"logger": spec(name)}})],
    "argument": lambda folder, name: [f"--trainer.logger={name}"],
    "argument, class path": lambda folder, name: [f"--trainer.logger.class_path={name}"],
    "appended": lambda folder, name: [f"--trainer.callbacks+={name}"],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_stranger_is_refused_before_it_is_imported(
    way: str, parser: TrustingParser, small_run: Path, mark: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=rf"{STRANGER} is not among .*{ALLOW_VARIABLE}=stranger_to_pase before"):
        parser.parse_args(["--config", str(small_run), *WAYS[way](tmp_path, STRANGER)])
    assert not mark.exists()


@pytest.mark.parametrize("name", ["os.system", "subprocess.Popen", "builtins.exec", "pase.files.os.system"])
def test_what_is_installed_is_refused_too(name: str, parser: TrustingParser, small_run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"trainer\.logger: {name}(, which is posix\.system,)? is not among"):
        parser.parse_args(["--config", str(small_run), *WAYS["logger"](tmp_path, name)])


def test_what_lightning_offers_goes_on_to_work(parser: TrustingParser, small_run: Path, tmp_path: Path) -> None:
    stop = {"class_path": "EarlyStopping", "init_args": {"monitor": "validation/loss"}}
    config = {"trainer": {"callbacks": [stop], "logger": {"class_path": "lightning.pytorch.loggers.CSVLogger"}}}
    config["trainer"]["logger"]["init_args"] = {"save_dir": str(tmp_path)}
    written(tmp_path, "a.yaml", config)
    parsed = parser.parse_args(["--config", str(small_run), "--config", str(tmp_path / "a.yaml")])
    made = parser.instantiate_classes(parsed).trainer
    assert isinstance(made.logger, loggers.CSVLogger)
    assert isinstance(made.callbacks[0], callbacks.EarlyStopping)


@pytest.mark.parametrize("command", ["fit", "predict"])
def test_the_commands(
    command: str, small_run: Path, mark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = written(tmp_path, "bad.yaml", {"trainer": {"callbacks": [spec(STRANGER)]}})
    assert main([command, "--config", str(small_run), f"--config={bad}"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"pase: error: {bad}, trainer.callbacks: {STRANGER} is not among the classes")
    assert not mark.exists()


def test_the_user_can_allow_a_package(
    own_list: None, small_run: Path, mark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"trainer": {"callbacks": [{"class_path": STRANGER}]}}
    arguments = ["--config", str(small_run), "--config", written(tmp_path, "a.yaml", config)]
    with pytest.raises(InputError, match="stranger_to_pase"):
        build(arguments)
    assert not mark.exists()
    monkeypatch.setenv(ALLOW_VARIABLE, "something_else, stranger_to_pase")
    build(arguments)
    assert mark.exists()


def test_a_class_path_among_further_arguments_is_not_made(mark: Path) -> None:
    """A logger hands keyword arguments on: a class that is named there stays a mapping, an allowed one too."""
    parser = TrustingParser(exit_on_error=False)
    parser.add_argument("--any", type=Any)
    for name in (STRANGER, "lightning.pytorch.callbacks.EarlyStopping"):
        given = parser.parse_object({"any": {"class_path": name, "init_args": {"monitor": "loss"}}})
        made = parser.instantiate_classes(given).any
        assert not isinstance(made, callbacks.Callback)
    assert not mark.exists()


@pytest.mark.parametrize("tag", ["object/apply:os.system ['true']", "name:os.system", "module:os"])
def test_yaml_is_read_without_running_it(tag: str, parser: TrustingParser, small_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "tag.yaml"
    path.write_text(f"trainer:\n  logger: !!python/{tag}\n")
    with pytest.raises(ArgumentError, match="could not determine a constructor"):
        parser.parse_args(["--config", str(small_run), "--config", str(path)])


@pytest.mark.parametrize("place", ["trainer", "trainer.callbacks", "model.net"])
def test_references_that_multiply(place: str, parser: TrustingParser, small_run: Path, tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 40))
    (tmp_path / "bomb.yaml").write_text(bomb)
    for arguments in (["--config", str(tmp_path / "bomb.yaml")], [f"--{place}", str(tmp_path / "bomb.yaml")]):
        with pytest.raises(ArgumentError, match="references to its own parts"):
            parser.parse_args(["--config", str(small_run), *arguments])


def test_checkpoints_with_code_cannot_be_asked_for(
    small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The setting is Lightning's; a config that also names the checkpoint would run its pickle."""
    path = written(tmp_path, "a.yaml", {"weights_only": False, "ckpt_path": "https://127.0.0.1:1/a.ckpt"})
    assert main(["fit", "--config", str(small_run), "--config", path]) == 1
    assert "weights_only: false would run the code" in capsys.readouterr().err


UNPICKLING = [
    "lightning.pytorch.strategies.fsdp.FSDPStrategy",
    "lightning.pytorch.strategies.DeepSpeedStrategy",
    "ModelParallelStrategy",
]
SHORT = [name for name in strategies.StrategyRegistry.available_strategies() if name.startswith(("fsdp", "deepspeed"))]


@pytest.mark.parametrize(
    "value", ["FSDP", *SHORT, *UNPICKLING, *({"class_path": name} for name in UNPICKLING)], ids=str
)
@pytest.mark.parametrize("place", ["config", "argument"])
def test_strategies_that_unpickle_are_refused(
    value: str | dict[str, str], place: str, parser: TrustingParser, small_run: Path, tmp_path: Path
) -> None:
    """They read checkpoints past the project's own reader."""
    path = written(tmp_path, "a.yaml", {"trainer": {"strategy": value}})
    text = value if isinstance(value, str) else json.dumps(value)
    arguments = {"config": ["--config", path], "argument": [f"--trainer.strategy={text}"]}[place]
    where = rf"{path}, " if place == "config" else ""
    with pytest.raises(InputError, match=rf"^{where}trainer\.strategy: \S+ reads checkpoints by pickle"):
        parser.parse_args(["--config", str(small_run), *arguments])


def test_a_strategy_that_unpickles_is_refused_by_the_command(
    small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "a.yaml", {"trainer": {"strategy": "fsdp"}, "ckpt_path": "https://127.0.0.1:1/a.ckpt"})
    assert main(["fit", "--config", str(small_run), "--config", path]) == 1
    assert f"{path}, trainer.strategy: fsdp reads checkpoints by pickle" in capsys.readouterr().err


@pytest.mark.parametrize("allowed", ["lightning.pytorch.strategies.FSDPStrategy", "lightning.pytorch.strategies.fsdp"])
def test_the_user_can_allow_a_strategy_that_unpickles(
    allowed: str, parser: TrustingParser, small_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALLOW_VARIABLE, allowed)
    for name in ("fsdp", "FSDPStrategy"):
        parser.parse_args(["--config", str(small_run), f"--trainer.strategy={name}"])
    with pytest.raises(InputError, match="deepspeed reads checkpoints by pickle"):
        parser.parse_args(["--config", str(small_run), "--trainer.strategy=deepspeed"])


@pytest.mark.parametrize(
    "name", ["auto", "ddp", "ddp_spawn", "DDPStrategy", "lightning.pytorch.strategies.DDPStrategy"]
)
def test_other_strategies_can_be_named(name: str, parser: TrustingParser, small_run: Path) -> None:
    given = parser.parse_args(["--config", str(small_run), f"--trainer.strategy={name}"]).trainer.strategy
    assert str(getattr(given, "class_path", given)).endswith(name)


def test_a_strategy_cannot_be_had_by_way_of_the_list_of_them(
    parser: TrustingParser, small_run: Path, tmp_path: Path
) -> None:
    value = {"class_path": "lightning.pytorch.strategies.StrategyRegistry.get", "init_args": {"name": "fsdp"}}
    path = written(tmp_path, "a.yaml", {"trainer": {"strategy": value}})
    with pytest.raises(InputError, match=r"StrategyRegistry\.get, is not among"):
        parser.parse_args(["--config", str(small_run), "--config", path])


def public_classes() -> list[str]:
    modules = (accelerators, callbacks, environments, io, loggers, plugins, precision, profilers, strategies)
    return sorted(
        f"{module.__name__}.{name}"
        for module in modules
        for name in getattr(module, "__all__", ())
        if inspect.isclass(getattr(module, name))
    )


@pytest.mark.parametrize("name", [*public_classes(), "torch.optim.AdamW", "torch.optim.lr_scheduler.StepLR"])
def test_what_lightning_offers_can_be_named(name: str) -> None:
    parser = TrustingParser(exit_on_error=False)
    parser.add_argument("--kind", type=type)
    assert parser.parse_object({"kind": name}).kind.__name__ == name.rpartition(".")[2]


@pytest.mark.parametrize("name", ["torch.load", "torch.hub.load", "lightning.pytorch.Trainer", "numpy.load", STRANGER])
def test_what_else_there_is_cannot(name: str, mark: Path) -> None:
    parser = TrustingParser(exit_on_error=False)
    parser.add_argument("--kind", type=type)
    with pytest.raises(Exception, match="is not allowed"):
        parser.parse_object({"kind": name})
    assert not mark.exists()


@pytest.mark.parametrize("text", ["*", "my package", "my-package", "a..b", "a.", "jsonargparse"])
def test_what_is_allowed_must_be_names(own_list: None, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW_VARIABLE, text)
    with pytest.raises(InputError, match=ALLOW_VARIABLE):
        TrustingParser()


NAMES = st.lists(st.sampled_from(["a", "b", "a0", "pase"]), min_size=1, max_size=3).map(".".join)


@settings(max_examples=50, deadline=None)
@given(st.lists(NAMES, max_size=4))
def test_a_name_allows_what_lies_below_it_alone(names: list[str]) -> None:
    with pytest.MonkeyPatch.context() as context:
        context.setenv(ALLOW_VARIABLE, " , ".join(names))
        assert allowed_by_user() == tuple(names)
        for name in names:
            assert may_be_named(name)
            assert may_be_named(f"{name}.Below")
            beside = f"{name}0"
            assert may_be_named(beside) == any(
                f"{beside}.".startswith(f"{other}.") for other in (*names, "pase", "pase_adapters")
            )


def test_a_study_is_guarded_alike(study_file: Path, mark: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(study_file.read_text())
    content["rows"]["strange"] = {"trainer.callbacks": [{"class_path": STRANGER}]}
    study_file.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=rf"row strange: .*{STRANGER} is not among the classes"):
        plan(read_study(study_file), [0], tmp_path / "out")
    assert not mark.exists()


def test_the_list_holds_no_module_that_runs_what_it_is_given() -> None:
    assert not [name for name in ALLOWED if name in ("torch", "lightning", "lightning.pytorch", "lightning.fabric")]


@pytest.fixture
def study_file(tmp_path: Path, small_run: Path, tiny_corpus: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(
        yaml.safe_dump({"base": [str(small_run)], "rows": {"base": {}}, "evaluation": {"corpus": str(tiny_corpus)}})
    )
    return path
