"""What a layer of a network is given while the network runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn


@contextmanager
def layer_inputs(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Collect a copy of the first input of each call of `layer`, until the context ends."""
    inputs: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, given: inputs.append(given[0].clone()))
    try:
        yield inputs
    finally:
        hook.remove()
