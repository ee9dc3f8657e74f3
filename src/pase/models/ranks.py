"""One batch on several processes ("ranks"): sums and rows of all of them, with the gradients that a single process has.

Each rank forms its own part of the loss, its own sums over the counts of all ranks, times the number of ranks. Since
`DistributedDataParallel` takes the mean of the ranks' gradients, what comes out is the gradient of the loss of the
whole batch. Without `torch.distributed`, and on one rank, everything here leaves its argument as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.modules.batchnorm import _BatchNorm

_alone: ContextVar[bool] = ContextVar("alone", default=False)


@contextmanager
def alone() -> Iterator[None]:
    """Within it each rank is by itself: for what not all ranks do equally often, such as validation batches."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def rank() -> int:
    """Number of this process among those that train together."""
    return dist.get_rank() if ranks() > 1 else 0


def ranks() -> int:
    """How many processes train together."""
    together = not _alone.get() and dist.is_available() and dist.is_initialized()
    return dist.get_world_size() if together else 1


def _reduced(values: Tensor) -> Tensor:
    summed = values.contiguous().clone()
    dist.all_reduce(summed)
    return summed


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _reduced(values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _reduced(gradient)


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(ranks())]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _reduced(gradient).chunk(ranks())[rank()]


def total(values: Tensor) -> Tensor:
    """Sum over ranks of tensors of one shape; what flows back is summed over ranks, too."""
    if ranks() == 1:
        return values
    summed: Tensor = _Sum.apply(values)
    return summed


def all_rows(rows: Tensor) -> Tensor:
    """Rows of all ranks, rank by rank, of tensors of one shape; each rank gets back what flows to its own rows."""
    if ranks() == 1:
        return rows
    if rows.dtype == torch.bool:
        return all_rows(rows.to(torch.uint8)).bool()
    gathered: Tensor = _Rows.apply(rows)
    return gathered


def own_rows(rows: Tensor) -> Tensor:
    """This rank's part of what was drawn for the batches of all ranks."""
    return rows.chunk(ranks())[rank()] if ranks() > 1 else rows


def share_of_mean(summed: Tensor, count: Tensor) -> Tensor:
    """This rank's part of a mean over all ranks, times their number; 0 where there is nothing.

    Args:
        summed: Sum over this rank's items, scalar.
        count: Their number, or weight, scalar.
    """
    return ranks() * summed / total(count.detach().to(summed.dtype)).clamp_min(_LEAST)


_LEAST = 1e-8


class BatchNorm(_BatchNorm):
    """Batch norm over ``(B, C, ...)`` with the statistics of all ranks; torch's own of this kind knows GPUs only."""

    def _check_input_dim(self, values: Tensor) -> None:
        pass

    def forward(self, values: Tensor) -> Tensor:
        """As `torch.nn.BatchNorm2d`; a rank may come with no rows at all, and all of them, which is not remembered."""
        if not self.training or (ranks() == 1 and len(values)):
            return super().forward(values)
        exact = values.to(torch.promote_types(values.dtype, torch.float32))
        over = [axis for axis in range(values.ndim) if axis != 1]
        shape = [1, -1, *(1 for _ in over[1:])]
        number = exact.new_tensor([values.numel() // values.shape[1]])
        sums = total(torch.cat([exact.sum(over), number]))
        count = sums[-1].detach().clamp_min(1)
        mean = sums[:-1] / count
        away = exact - mean.view(shape)
        variance = total(away.square().sum(over)) / count
        self._remember(mean.detach(), (variance * count / (count - 1).clamp_min(1)).detach(), sums[-1].detach() > 0)
        normed = away * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            normed = normed * self.weight.view(shape) + self.bias.view(shape)
        return normed.to(values.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, anything: Tensor) -> None:
        momentum = (0.1 if self.momentum is None else self.momentum) * anything
        for kept, new in ((self.running_mean, mean), (self.running_var, variance)):
            if kept is not None:
                kept.lerp_(new.to(kept.dtype), momentum.to(kept.dtype))
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(anything)
