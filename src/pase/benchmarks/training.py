"""Where the time of a training step goes, and how much of it is waiting for data or for other processes.

A preset is trained for some steps on a corpus, as `pase fit` would; nothing is written. On a GPU every part is waited
for before the next begins, so that its time is its own: the sum is an upper bound of what a step takes. With several
processes (`--trainer.devices=2 --trainer.strategy=ddp`) every other step leaves its gradients unexchanged: what the
others take longer backward is what the exchange adds.

    python -m pase.benchmarks.training --config configs/model/pase_tiny.yaml --config configs/grid_cpu.yaml \
        [--steps 30] [--warmup 6] [--json] [--arithmetic] [any other argument of pase fit]
"""

import argparse
import json
import logging
import shlex
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import lightning.pytorch as pl
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.flop_counter import FlopCounterMode

from pase.data.windows import Batch
from pase.errors import InputError, PaseError
from pase.models.ranks import rank
from pase.training.build import Built, build
from pase.training.task import PaseTask

DATA, REST, BACKWARD, OPTIMIZER = "waiting for data", "alignment and loss", "backward", "optimizer"
GATHERING, GRADIENTS = "exchange of sums and rows", "exchange of gradients"


class Stopwatch:
    """Adds up the time of parts; that of a part within another counts for the inner one alone.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._parts: list[str] = []
        self._since = 0.0

    def switch(self, part: str) -> None:
        """Leave all parts and begin this one."""
        self._count()
        self._parts = [part]

    def enter(self, part: str) -> None:
        """Begin a part within the present one."""
        self._count()
        self._parts.append(part)

    def leave(self) -> None:
        """Go back to the part around the present one."""
        self._count()
        self._parts.pop()

    def _count(self) -> None:
        now = self._clock()
        if self._parts:
            self.seconds[self._parts[-1]] = self.seconds.get(self._parts[-1], 0.0) + now - self._since
        self._since = now


class StepProfile(pl.Callback):
    """Times the parts of each step.

    Args:
        warmup: First steps, which do not count.
        arithmetic: Count floating-point operations, in the very first step.
    """

    def __init__(self, warmup: int, arithmetic: bool = False) -> None:
        self.warmup = warmup
        self.operations: float | None = None  # of a window, forward and backward
        self._counter = FlopCounterMode(display=False) if arithmetic else None
        self.steps = 0
        self.windows = 0
        self.watch = Stopwatch(_now)
        self._seconds: dict[str, float] = {}
        self._alone: list[float] = []
        self._exchanged = True

    @property
    def seconds(self) -> dict[str, float]:
        """Part to seconds in all steps that count; what the exchange of gradients adds is a part of its own."""
        found = dict(self._seconds)
        if self._alone:
            found[GRADIENTS] = max(0.0, found[BACKWARD] - self.steps * sum(self._alone) / len(self._alone))
            found[BACKWARD] -= found[GRADIENTS]
        return found

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Watch the modules that have a part of their own."""
        assert isinstance(pl_module, PaseTask)  # noqa: S101 - for the type; `profile` builds no other
        for module, part in parts_of(pl_module):
            module.register_forward_pre_hook(lambda *_, part=part: self.watch.enter(part))
            module.register_forward_hook(lambda *_: self.watch.leave())

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, _: int) -> None:
        """The batch has come."""
        if self._counter is not None and self.operations is None:
            self._counter.__enter__()  # type: ignore[no-untyped-call]
        self.watch.switch(REST)
        if isinstance(trainer.strategy.model, DistributedDataParallel):
            self._exchanged = trainer.global_step % 2 == 0
            trainer.strategy.model.require_backward_grad_sync = self._exchanged

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: torch.Tensor) -> None:
        """The loss is there."""
        self.watch.switch(BACKWARD)

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The gradients are there."""
        self.watch.switch(OPTIMIZER)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """The step is over."""
        if self._counter is not None and self.operations is None and isinstance(batch, Batch):
            self._counter.__exit__(None, None, None)  # type: ignore[no-untyped-call]
            self.operations = self._counter.get_total_flops() / len(batch)
        self.watch.switch(DATA)
        seconds = dict(self.watch.seconds)
        self.watch.seconds.clear()
        if trainer.global_step <= self.warmup:
            return
        if not self._exchanged:
            self._alone.append(seconds[BACKWARD])
            return
        self.steps += 1
        self.windows += len(batch) * trainer.world_size if isinstance(batch, Batch) else 0
        for part, spent in seconds.items():
            self._seconds[part] = self._seconds.get(part, 0.0) + spent


@contextmanager
def gathering_watched(watch: Stopwatch) -> Iterator[None]:
    """Within it, what `pase.models.ranks` exchanges is a part of its own."""

    def watched(exchange: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            watch.enter(GATHERING)
            try:
                return exchange(*arguments, **options)
            finally:
                watch.leave()

        return timed

    if not dist.is_available():
        yield
        return
    with patch.multiple(dist, all_reduce=watched(dist.all_reduce), all_gather=watched(dist.all_gather)):
        yield


def parts_of(task: PaseTask) -> list[tuple[nn.Module, str]]:
    """Modules whose forward pass is a part of the step."""
    model = task.model
    named: dict[str, list[nn.Module | None]] = {
        "augmentation": [child for name, child in task.named_children() if name.endswith("_augment")],
        "visual encoder": [model.video],
        "audio encoder": [model.audio],
        "reconstruction": [model.reconstruction],
    }
    return [(module, part) for part, modules in named.items() for module in modules if module is not None]


def profile(built: Built, steps: int, warmup: int, arithmetic: bool = False) -> StepProfile:
    """Train for some steps; writes nothing."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # no advertisement, no list of absent hardware
    found = StepProfile(warmup, arithmetic)
    settings = built.settings["trainer"]
    trainer = pl.Trainer(
        accelerator=settings["accelerator"],
        devices=settings["devices"],
        num_nodes=settings["num_nodes"],
        strategy=settings["strategy"],
        use_distributed_sampler=False,
        precision=settings["precision"],
        max_steps=warmup + (2 * steps if settings["strategy"] != "auto" else steps),
        limit_val_batches=0,
        callbacks=[found],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings(), gathering_watched(found.watch):
        warnings.simplefilter("ignore")  # Lightning's advice is for real runs
        trainer.fit(built.task, built.data)
    return found


def table(seconds: Mapping[str, float], steps: int) -> str:
    """Markdown: each part's time in a step and its share."""
    total = sum(seconds.values())
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    rows = [f"| {part} | {1e3 * spent / steps:.1f} ms | {spent / total:.1%} |" for part, spent in ordered]
    whole = f"| whole step | {1e3 * total / steps:.1f} ms | 100 % |"
    return "\n".join(["| part | time per step | share |", "|---|---|---|", *rows, whole])


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def _arguments(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="python -m pase.benchmarks.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--steps", type=int, default=30, help="that count (default %(default)s)")
    parser.add_argument("--warmup", type=int, default=6, help="steps before them (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="seconds of each part and windows per second, for programs")
    parser.add_argument(
        "--arithmetic", action="store_true", help="count operations of products and convolutions in a warm-up step"
    )
    return parser.parse_known_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit status."""
    options, for_fit = _arguments(arguments)
    try:
        if options.steps < 1 or options.warmup < 0:
            raise InputError(f"{options.steps} steps after {options.warmup}: at least one step is needed to measure")
        if options.arithmetic and not options.warmup:
            raise InputError("arithmetic is counted in a step of the warm-up, which slows it down: --warmup is 0")
        found = profile(build(for_fit), options.steps, options.warmup, options.arithmetic)
    except PaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if rank() > 0:
        return 0
    speed = found.windows / sum(found.seconds.values())
    if options.json:
        print(json.dumps({"seconds": found.seconds, "steps": found.steps, "windows_per_second": speed}))
        return 0
    print(f"python -m pase.benchmarks.training {shlex.join(arguments)}\n\n{table(found.seconds, found.steps)}\n")
    print(f"{speed:.1f} windows per second, {torch.get_num_threads()} threads in each process")
    if found.operations is not None:
        print(f"{found.operations / 1e9:.3g} GFLOP a window, forward and backward: products and convolutions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
