"""Timing what is queued on a GPU, and the rates that bound it."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 7


def median_seconds(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median wall seconds of `call`, with all that it queues on the GPU."""
    taken = []
    for repeat in range(repeats + 2):
        synchronize()
        began = perf_counter()
        call()
        synchronize()
        if repeat > 1:
            taken.append(perf_counter() - began)
    return median(taken)


def synchronize() -> None:
    """Wait for what is queued on the GPU, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def measured_limits(device: str) -> dict[str, float]:
    """Return the measured rates: float32 products, FLOP/s, and copies, bytes/s read and written."""
    size, length = (8_192, 2**28) if device == "cuda" else (512, 2**22)
    one, other = (torch.rand(size, size, device=device) for _ in range(2))
    source = torch.rand(length, device=device)
    target = torch.empty_like(source)
    return {
        "flops": 2 * size**3 / median_seconds(lambda: one @ other),
        "bytes": 2 * source.nbytes / median_seconds(lambda: target.copy_(source)),
    }
