"""A training step on several processes that talk by gloo, started by `tests/integration/test_ranks.py`.

In double precision, so that what differs is no rounding.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import pase.training.task as task_module
from pase.data.windows import Batch, WindowConfig
from pase.models.config import AlignmentConfig, AudioConfig, ModelConfig, ReconstructionConfig, VisualConfig
from pase.models.losses import ContrastiveConfig
from pase.models.ranks import own_rows, total
from pase.models.visual_encoder import resize_lips
from pase.phonemes.inventory import PHONES, UNKNOWN
from pase.training.task import AugmentConfig, PaseTask

WINDOWS, FRAMES = 8, 10

_NET = ModelConfig(
    dim=16,
    audio=AudioConfig(hidden=16, layers=1),
    visual=VisualConfig(kind="shared", crop_size=32, width=0.25),
    alignment=AlignmentConfig(heads=2),
    reconstruction=ReconstructionConfig(heads=2),
    phone_heads=True,
    lip_shape_head=True,
)
_OF_INPUT = replace(_NET, reconstruction=ReconstructionConfig(heads=2, target="input"))
_PUBLISHED = replace(
    _NET,
    audio=AudioConfig(front="mel", kind="cnn", hidden=16, layers=1),
    visual=VisualConfig(kind="stacked", crop_size=48, width=0.1, collapse="mean", standardise=False),
    alignment=AlignmentConfig(anchors=True, reach=2, heads=2, phone_dropout=0.5),
)


@dataclass(frozen=True)
class Case:
    """What is trained on.

    Attributes:
        net: Sizes of the model.
        contrastive: The loss.
        unseen: So many windows from the first on have no face.
        unheard: So many windows from the first on have no sound.
        compiled: Translate the visual encoder on several ranks, up to the compiler's last stage.
    """

    net: ModelConfig = _NET
    contrastive: ContrastiveConfig = field(default_factory=ContrastiveConfig)
    unseen: int = 0
    unheard: int = 0
    compiled: bool = False


CASES = {
    "as it is": Case(),
    "a rank without faces": Case(unseen=WINDOWS // 2),
    "no rank with faces": Case(unseen=WINDOWS),
    "a rank without sound": Case(unheard=WINDOWS // 2),
    "no rank with sound": Case(unheard=WINDOWS),
    "a rank without sound, as published": Case(_PUBLISHED, unheard=WINDOWS // 2),
    "compiled": Case(compiled=True),
    "soft homophenes": Case(_OF_INPUT, ContrastiveConfig(homophenes="soft")),
    "queue, one direction, homophenes left out": Case(
        contrastive=ContrastiveConfig(negatives=("batch", "queue"), homophenes="masked", symmetric=False)
    ),
    "as published": Case(_PUBLISHED, ContrastiveConfig(homophenes="negatives")),
}


class _Step(nn.Module):
    def __init__(self, task: PaseTask) -> None:
        super().__init__()
        self.task = task

    def forward(self, batch: Batch, number: int) -> Tensor:
        return self.task.training_step(batch, number)


def global_batch(case: Case, step: int) -> Batch:
    """The windows of all ranks in a step."""
    random = torch.Generator().manual_seed(step)
    batch = Batch.empty(tuple(f"clip{place}" for place in range(WINDOWS)), FRAMES, WindowConfig(context=4))
    waveform = 0.1 * torch.randn(batch.waveform.shape, generator=random, dtype=torch.float64)
    batch = replace(batch, waveform=waveform, shapes=batch.shapes.double())
    batch.lips.copy_(torch.randint(0, 256, batch.lips.shape, generator=random))
    batch.shapes.copy_(0.1 * torch.randn(batch.shapes.shape, generator=random))
    batch.phones.copy_(torch.randint(-1, len(PHONES), batch.phones.shape, generator=random))
    batch.phones[1] = UNKNOWN
    batch.valid.fill_(True)
    batch.valid[2, 6:] = False
    batch.shaped.fill_(True)
    batch.seen.fill_(True)
    batch.heard.fill_(True)
    batch.seen[3] = batch.heard[6] = False
    batch.seen[: case.unseen] = False
    batch.heard[: case.unheard] = False
    return batch


def part(batch: Batch) -> Batch:
    """This rank's windows."""
    tensors = {
        name: own_rows(getattr(batch, name))
        for name in ("waveform", "lips", "shapes", "phones", "valid", "shaped", "seen", "heard")
    }
    return replace(batch, **tensors, clip_ids=batch.clip_ids[: len(tensors["heard"])])


def steps(name: str) -> dict[str, Tensor]:
    """Two steps of gradient descent; the last loss and gradients, and the buffers then."""
    case = CASES[name]
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    task_module.resize_lips = lambda lips, size: resize_lips(lips, size).double()
    task = PaseTask(case.net, case.contrastive, augment=AugmentConfig(None, None, None)).train()
    task.log_dict = lambda *_, **__: None  # type: ignore[method-assign]  # there is no trainer to log to
    module: nn.Module = _Step(task)
    if dist.is_initialized():
        if case.compiled:
            task.model.video.compile(backend="aot_eager")
        module = DistributedDataParallel(module)
    for number in range(2):
        task._seed = number
        module.zero_grad()
        loss: Tensor = module(part(global_batch(case, number)), number)
        loss.backward()
        with torch.no_grad():
            for weight in task.parameters():
                weight -= 0.01 * _gradient(weight)
    world = dist.get_world_size() if dist.is_initialized() else 1
    found = {"loss": total(loss.detach()) / world}
    found |= {f"gradient of {name}": _gradient(weight) for name, weight in task.named_parameters()}
    return found | {f"buffer {name}": value.clone() for name, value in task.named_buffers()}


def _gradient(weight: nn.Parameter) -> Tensor:
    return torch.zeros_like(weight) if weight.grad is None else weight.grad


def work(rank: int, ranks: int, folder: str) -> None:
    """One process; the first writes what came out."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=ranks)
    try:
        found: dict[str, Any] = {case: steps(case) for case in CASES}
        if rank == 0:
            torch.save(found, Path(folder) / "found.pt")
    finally:
        dist.destroy_process_group()
