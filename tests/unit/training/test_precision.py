"""Half precision and compiled code as switches of `pase fit`."""

import csv
import math
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from pase.audio.augmentation import SpectrumAugment
from pase.cli.main import main
from pase.models.front_end import FrontEnd
from pase.training import task


def logged(folder: Path) -> list[float]:
    (table,) = folder.glob("logs/**/metrics.csv")
    with table.open() as file:
        return [float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]]


def fit(config: Path, folder: Path, *more: str) -> int:
    return main(["fit", "--config", str(config), f"--trainer.default_root_dir={folder}", *more])


def test_half_precision_keeps_sound_and_losses_whole(
    small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, set[torch.dtype]] = {}

    def watch(name: str, module: nn.Module) -> None:
        def keep(_: nn.Module, __: object, values: torch.Tensor) -> None:
            seen.setdefault(name, set()).add(values.dtype)

        module.register_forward_hook(keep)

    def watch_parts(self: task.PaseTask) -> None:
        for module in self.modules():
            if isinstance(module, FrontEnd | SpectrumAugment | nn.Conv2d):
                watch(type(module).__name__, module)

    compare = task.contrastive_loss

    def compared(alignment: nn.Module, encoded: task.Encoded, *rest: object) -> torch.Tensor:
        loss = compare(alignment, encoded, *rest)  # type: ignore[arg-type]
        seen.setdefault("loss", set()).update((encoded.audio.dtype, encoded.video.dtype, loss.dtype))
        return loss

    monkeypatch.setattr(task.PaseTask, "on_train_start", watch_parts)
    monkeypatch.setattr(task, "contrastive_loss", compared)
    assert fit(small_run, tmp_path, "--trainer.precision=bf16-mixed") == 0
    single = {torch.float32}
    assert seen == {"FrontEnd": single, "SpectrumAugment": single, "Conv2d": {torch.bfloat16}, "loss": single}


def test_half_precision_has_nearly_the_losses_of_single(small_run: Path, tmp_path: Path) -> None:
    for precision in ("32-true", "bf16-mixed"):
        assert fit(small_run, tmp_path / precision, f"--trainer.precision={precision}") == 0
    single, half = logged(tmp_path / "32-true"), logged(tmp_path / "bf16-mixed")
    assert len(single) == 3
    assert single != half
    assert half == pytest.approx(single, rel=0.02)


def test_half_precision_of_weights_is_refused(
    small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(small_run, tmp_path, "--trainer.precision=bf16-true") == 1
    assert "trainer.precision is bf16-true; expected one of 32-true, bf16-mixed" in capsys.readouterr().err


def test_a_compiled_visual_encoder_has_the_losses_and_the_names_of_a_plain_one(
    small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        torch, "compile", partial(torch.compile, backend="aot_eager")
    )  # all but a C++ compiler's minutes
    for compiled in ("false", "true"):
        assert fit(small_run, tmp_path / compiled, f"--model.compile_visual={compiled}") == 0
    plain, compiled_run = (
        torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("false", "true")
    )
    assert list(plain) == list(compiled_run)
    assert logged(tmp_path / "true") == pytest.approx(logged(tmp_path / "false"), rel=1e-4)
    assert all(math.isfinite(loss) for loss in logged(tmp_path / "true"))
