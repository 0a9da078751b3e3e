"""CUDA graphs: a batch's kernels recorded once and replayed by one call.

A small network is many short kernels, each started from Python; a recording is started by one call.
Replayed kernels are the recorded ones, so results should be the same bits, which a test holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

_WARM_UP = 3


class CapturedBatch:
    """Replays `call`, recorded with inputs of the shapes of `example` on a CUDA device.

    Every call overwrites the outputs of the one before, so callers take turns and copy them.
    """

    def __init__(
        self,
        call: Callable[..., tuple[Tensor, ...]],
        example: Sequence[Tensor],
        device: torch.device,
    ) -> None:
        self._inputs = [torch.zeros_like(each, device=device) for each in example]
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            # Libraries load kernels and choose them at first use, which cannot be recorded.
            for _ in range(_WARM_UP):
                call(*self._inputs)
        torch.cuda.current_stream(device).wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._outputs = call(*self._inputs)

    def __call__(self, *given: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs for inputs of the recorded shapes, from any device."""
        for own, each in zip(self._inputs, given, strict=True):
            own.copy_(each)
        return self.replay()

    def replay(self) -> tuple[Tensor, ...]:
        """Return the outputs for the inputs of the call before."""
        self._graph.replay()
        return self._outputs
