"""A training that Slurm takes off its node goes on exactly where it was.

Lightning has this too (`SLURMEnvironment`), but its signal handler saves wherever the signal finds the program: within
a step, when the batch has been handed out and the weights have not moved, so that the run that goes on is another one.
Here the signal is only noted, and the checkpoint is written between two steps, which with accumulated gradients take
several batches each.
"""

import os
import signal
import subprocess
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as pl

from pase.training.checkpoints import LAST, LastCheckpoint

REQUEUE_SIGNAL = signal.SIGUSR1
"""What ``#SBATCH --signal=USR1@120`` sends, as Lightning expects it too."""

_PATIENCE = 60  # seconds for scontrol to answer


class SlurmPreemption(pl.Callback):
    """In a Slurm job: saves ``last.ckpt`` between two steps when the job has to go, and has the job queued again.

    SIGUSR1, which the submission file asks for some time before the job's end, saves, requeues the job and ends it.
    SIGTERM, which Slurm sends to a job that another takes the place of, saves and trains on: whether the job is
    requeued or cancelled then is for Slurm to say, and a job that ended by itself would count as complete.

    The requeued job runs the same command, which goes on from there with ``ckpt_path: last``. Outside Slurm this does
    nothing.

    Args:
        every: With several ranks, steps between two looks whether a signal has come to one of them, since each look
            waits for all of them. A rank alone looks after each step.
    """

    def __init__(self, every: int = 10) -> None:
        if every < 1:
            raise ValueError(f"every is {every} steps; it must be positive")
        self.every = every
        self._asked: set[int] = set()
        self._before: dict[int, Any] = {}
        self._saved = -1
        self._began = -1
        self._between_steps = False

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Take the requeue signal before Lightning does, which leaves alone what has a handler."""
        if stage == "fit" and in_slurm():
            self._take(REQUEUE_SIGNAL)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take SIGTERM after Lightning did, whose handler ends the training."""
        if self._before:
            self._take(signal.SIGTERM)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save, and requeue if that was asked for.

        Raises:
            SystemExit: The job is in the queue again.
        """
        self._between_steps = trainer.global_step > self._began
        if not self._before or not self._between_steps:
            return
        if not self._time_to_look(trainer) or self._validation_follows(trainer, batch_idx):
            return
        if self._anyone(trainer, bool(self._asked)):
            self._save(trainer)
            self._go(trainer)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Requeue after a validation, whose end has saved; the batch that begins is in no checkpoint yet.

        Raises:
            SystemExit: The job is in the queue again.
        """
        self._began = trainer.global_step
        just_saved = self._before and self._between_steps and self._saved == trainer.global_step
        if just_saved and self._anyone(trainer, bool(self._asked)):
            self._go(trainer)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Remember of which step there is a checkpoint."""
        self._saved = trainer.global_step

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _take(self, number: signal.Signals) -> None:
        if threading.current_thread() is threading.main_thread():  # no other may
            self._before.setdefault(number, signal.signal(number, self._note))

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked.add(number)

    def _anyone(self, trainer: pl.Trainer, here: bool) -> bool:
        """Whether something is so on one of the ranks at least."""
        found: bool = trainer.strategy.reduce_boolean_decision(here, all=False)
        return found

    def _time_to_look(self, trainer: pl.Trainer) -> bool:
        return trainer.world_size == 1 or trainer.global_step % self.every == 0

    def _validation_follows(self, trainer: pl.Trainer, batch_idx: int) -> bool:
        """Whether this step may be followed by a validation, which a run that goes on from here would leave out."""
        interval = trainer.val_check_batch
        if trainer.check_val_every_n_epoch is None:
            return isinstance(interval, int) and (trainer.fit_loop.total_batch_idx + 1) % interval == 0
        return trainer.is_last_batch or (isinstance(interval, int) and (batch_idx + 1) % interval == 0)

    def _save(self, trainer: pl.Trainer) -> None:
        folders = [keeper.dirpath for keeper in trainer.checkpoint_callbacks if isinstance(keeper, LastCheckpoint)]
        folder = folders[0] if folders and folders[0] else Path(trainer.default_root_dir) / "checkpoints"
        trainer.save_checkpoint(Path(folder) / LAST)

    def _go(self, trainer: pl.Trainer) -> None:
        """Say what is kept; leave if the job is to be queued again."""
        requeue = self._anyone(trainer, REQUEUE_SIGNAL in self._asked)
        self._asked.clear()
        if trainer.is_global_zero:
            print(f"step {trainer.global_step:6d}  the job has to go: saved in {trainer.default_root_dir}", flush=True)
        if requeue and trainer.strategy.broadcast(trainer.is_global_zero and requeue_job(), src=0):
            raise SystemExit(0)


def in_slurm() -> bool:
    """Whether this process belongs to a Slurm job."""
    return "SLURM_JOB_ID" in os.environ


def requeue_job() -> bool:
    """Ask Slurm to queue this job again.

    Returns:
        Whether it does; the reason why not is printed, and the checkpoint is there all the same.
    """
    job = os.environ["SLURM_JOB_ID"]
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    command = ["scontrol", "requeue", job]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        reason = done.stderr.strip() if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    if reason:
        print(f"{' '.join(command)} failed: {reason}. Submit the job again: it goes on from {LAST}.", flush=True)
    return not reason
