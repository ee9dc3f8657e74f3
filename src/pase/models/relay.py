"""The layers of a GRU side by side: while one is at a piece of a recording, the one above is at the piece before.

A step of a GRU waits for the step before it, so a second thread has nothing to do within a layer, but it has between
layers. What is computed stays the same.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import torch
from torch import Tensor, nn

PIECE = 125
"""Steps that a layer takes before it hands them up: many beside the cost of handing over, few beside those of 20 s."""

_Done = Future[tuple[Tensor, Tensor]]
"""Outputs of a layer for a piece, and its hidden state after it."""


def relay(gru: nn.GRU, inputs: Tensor, hidden: Tensor, threads: int) -> tuple[Tensor, Tensor]:
    """What ``gru(inputs, hidden)`` gives, without gradients and dropout.

    Args:
        gru: Batch first, in one direction.
        inputs: Shape ``(B, N, inputs)``.
        hidden: Shape ``(layers, B, hidden)``.
        threads: Layers that may be computed at a time.

    Returns:
        Outputs of the last layer, ``(B, N, hidden)``, and the new hidden state.
    """
    weights = [_weights(gru, layer) for layer in range(gru.num_layers)]

    def step(layer: int, below: _Done, before: _Done) -> tuple[Tensor, Tensor]:
        heard, past = below.result()[0], before.result()[1]
        with torch.inference_mode():
            return torch.gru(heard, past, weights[layer], True, 1, 0.0, False, False, True)

    newest = [_done(inputs, past) for past in torch.split(hidden, 1)]
    outputs = []
    with ThreadPoolExecutor(min(threads, len(weights)), initializer=partial(torch.set_num_threads, 1)) as pool:
        # A step only waits for steps that were submitted before it, so any number of threads comes to the end.
        for piece in torch.split(inputs, PIECE, dim=1):
            below = _done(piece, hidden)
            for layer, before in enumerate(newest):
                below = newest[layer] = pool.submit(step, layer, below, before)
            outputs.append(below)
    return torch.cat([done.result()[0] for done in outputs], dim=1), torch.cat([done.result()[1] for done in newest])


def _done(outputs: Tensor, hidden: Tensor) -> _Done:
    done = _Done()
    done.set_result((outputs, hidden))
    return done


def _weights(gru: nn.GRU, layer: int) -> tuple[Tensor, ...]:
    return tuple(getattr(gru, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
