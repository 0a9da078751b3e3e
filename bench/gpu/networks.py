"""Each network in batches of several sizes, and on one core."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.gpu.timing import median_seconds
from bench.serving import random_item
from models.research.graphs import graphs
from models.serving.captured import CapturedBatch
from models.serving.graph_functions import GRAPH_FUNCTIONS
from models.serving.registry import Registry
from models.serving.served import ALL, Served
from models.serving.torch_session import TorchSessions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

CPU_REPEATS = 5


@dataclass(frozen=True)
class _Work:
    """A graph on one item: its rows by input, and the work of a row.

    `arrays` and `rows` are those of the item; `flops` and `moved_bytes` are a row's, `weight_bytes`
    the network's.
    """

    item: dict[str, NDArray[Any]]
    call: Callable[..., Any]
    arrays: list[torch.Tensor]
    rows: int
    flops: float
    moved_bytes: float
    weight_bytes: int


def network_figures(
    device: str,
    name: str,
    every_s: float,
    shapes: dict[str, tuple[int, ...]],
    batches: Sequence[int],
    limits: dict[str, float],
) -> dict[str, Any]:
    """Return a network's figures: by rows of a batch, and on one core of the CPU.

    Seconds are those of all rows together; an item has one or more rows and stands for `every_s` of
    a wearer.
    """
    registry = Registry()
    work = _work(registry, device, name, shapes)
    of_batches = {
        str(batch): _batch_figures(
            work, _session(device, registry, name, batch), batch, every_s, limits
        )
        for batch in batches
    }
    serving = registry.open(_key_of(name)).sessions[name]
    wall = median_seconds(lambda: serving.run(**work.item), CPU_REPEATS)
    return {
        "graph": name,
        "every_s": every_s,
        "rows": work.rows,
        "mflop_a_row": work.flops / 1e6,
        "kb_a_row": work.moved_bytes / 1e3,
        "weights_kb": work.weight_bytes / 1e3,
        "batches": of_batches,
        "cpu": {"items_a_second": 1 / wall, "wearers": every_s / wall},
    }


def _work(registry: Registry, device: str, name: str, shapes: dict[str, tuple[int, ...]]) -> _Work:
    graph = graphs()[name]
    item = random_item(np.random.default_rng(0), graph, shapes)
    rows = len(next(iter(item.values())))
    network = registry.load(graph.key).module.to(device)
    call = partial(GRAPH_FUNCTIONS[name].call, network)
    arrays = [torch.from_numpy(values).to(device) for values in item.values()]
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        outputs = _tuple(call(*arrays))
    return _Work(
        item,
        call,
        arrays,
        rows,
        flops=counter.get_total_flops() / rows,
        moved_bytes=sum(each.nbytes for each in (*arrays, *outputs)) / rows,
        weight_bytes=sum(each.nbytes for each in network.parameters()),
    )


def _batch_figures(
    work: _Work, session: Any, batch: int, every_s: float, limits: dict[str, float]
) -> dict[str, float]:
    items = [work.item] * max(1, batch // work.rows)
    given = [each[:1].expand(batch, *each.shape[1:]).contiguous() for each in work.arrays]
    with torch.inference_mode():
        eager = median_seconds(partial(work.call, *given))
        kernels = median_seconds(_recorded(work.call, given))
    bound = max(
        batch * work.flops / limits["flops"],
        (batch * work.moved_bytes + work.weight_bytes) / limits["bytes"],
    )
    wall = median_seconds(partial(session.run_all, items))
    return {
        "items_a_second": len(items) / wall,
        "wearers": len(items) * every_s / wall,
        "kernel_wearers": batch / work.rows * every_s / kernels,
        "unrecorded_wearers": batch / work.rows * every_s / eager,
        "tflops": batch * work.flops / kernels / 1e12,
        "share_of_bound": bound / kernels,
    }


def _recorded(call: Callable[..., Any], given: list[torch.Tensor]) -> Callable[[], object]:
    """Return the call as a worker makes it: recorded, on a GPU."""
    if given[0].device.type != "cuda":
        return partial(call, *given)
    captured = CapturedBatch(lambda *each: _tuple(call(*each)), given, given[0].device)
    return captured.replay


def _tuple(outputs: Any) -> tuple[torch.Tensor, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)


def _key_of(name: str) -> Served:
    return next(each for each in ALL if name in each.graphs)


def _session(device: str, registry: Registry, name: str, batch: int) -> Any:
    batched = Registry(registry.weights_dir, batched=TorchSessions(device, batch))
    return batched.open(_key_of(name)).sessions[name]
