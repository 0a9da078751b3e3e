"""Measure the networks on a GPU: `python -m bench.gpu --json OUT --page docs/PERFORMANCE.md`.

Each network runs in batches of several sizes: with arrays that come from memory and go back there,
and on arrays that are on the GPU already (`kernel_wearers`). The bound is the roofline: the
operations over the GPU's measured rate of float32 products, or the least bytes (weights, inputs and
outputs) over its measured bandwidth, whichever takes longer. Wearers are run through the
recognisers that a worker calls, by the GPU and by ONNX Runtime on one core. Nothing needs a broker.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.measuring.machine import machine
from bench.report import headings
from bench.serving import STEPS
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S
from models.research.graphs import graphs
from models.research.lib.page_sections import put_section
from models.research.lib.tables import table
from models.serving.captured import CapturedBatch
from models.serving.encoded_seconds import SecondEncoder
from models.serving.graph_functions import GRAPH_FUNCTIONS
from models.serving.open_vocabulary import MotionReading, require_lanhar
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    LocalizerInput,
    ScenarioInput,
    ScenarioOutput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from models.serving.registry import Registry, RegistryError
from models.serving.torch_session import BATCH, TorchSessions, open_cuda
from schemas.atomic_file import write_atomically
from schemas.ranking import likeliest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from bench.report.figures import Figures
    from schemas.message import Probabilities

BATCHES = (8, 64, 512)
REPEATS = 7
CPU_REPEATS = 5
WEARERS = (4, 64)


def main(arguments: list[str] | None = None) -> int:
    """Print the section; write it and the figures to files if they are given."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--page", type=Path, help="page to put the section into")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="FIGURES", help="use figures of another run"
    )
    parser.add_argument(
        "--device", choices=("cuda", "cpu"), default="cuda", help="cpu: torch's, to try this out"
    )
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, metavar="ROWS")
    parser.add_argument(
        "--wearers", type=int, nargs="+", default=WEARERS, help="numbers of wearers of one worker"
    )
    options = parser.parse_args(arguments)
    if options.source is not None:
        figures = json.loads(options.source.read_text("utf-8"))
    else:
        try:
            figures = measure(options.device, options.batches, options.wearers)
        except RegistryError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    if options.json is not None:
        write_atomically(options.json, json.dumps(figures, indent=1) + "\n")
    if options.page is not None:
        put_section(options.page, section(figures))
    print(section(figures))
    return 0


def measure(device: str, batches: Sequence[int], wearers: Sequence[int]) -> Figures:
    """Return all figures; raises `RegistryError` if there is no such device."""
    sessions = open_cuda() if device == "cuda" else TorchSessions(device, min(batches))
    limits = _limits(device)
    results: dict[str, list[Probabilities]] = {}
    few = min(wearers)
    costs: list[dict[str, Any]] = []
    for by, registry, counts in (
        ("GPU", Registry(batched=sessions), sorted(wearers)[::-1]),
        ("one core, float32", Registry(), [few]),
        ("one core, sound in int8", Registry(precision="int8"), [few]),
    ):
        for count in counts:
            cost, results[by] = _wearers(registry, count)
            costs.append({"by": by, **cost})
    return {
        "command": "python -m bench.gpu",
        "machine": machine(),
        "gpu": _gpu(device),
        "limits": limits,
        "batch": BATCH,
        "networks": {
            label: _network(device, name, every_s, shapes, batches, limits)
            for label, name, every_s, shapes in STEPS
        },
        "wearers": costs,
        "difference": _difference(results["GPU"], results["one core, float32"]),
    }


def _gpu(device: str) -> dict[str, object]:
    if device == "cpu":
        return {"name": "none; torch on the CPU"}
    properties = torch.cuda.get_device_properties(0)
    return {
        "name": properties.name,
        "memory_gb": round(properties.total_memory / 1e9, 1),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }


def _seconds(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median wall seconds of `call`, with all that it queues on the GPU."""
    taken = []
    for repeat in range(repeats + 2):
        _wait()
        began = perf_counter()
        call()
        _wait()
        if repeat > 1:
            taken.append(perf_counter() - began)
    return median(taken)


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _limits(device: str) -> dict[str, float]:
    """Return the measured rates: float32 products, FLOP/s, and copies, bytes/s read and written."""
    size, length = (8_192, 2**28) if device == "cuda" else (512, 2**22)
    one, other = (torch.rand(size, size, device=device) for _ in range(2))
    source = torch.rand(length, device=device)
    target = torch.empty_like(source)
    return {
        "flops": 2 * size**3 / _seconds(lambda: one @ other),
        "bytes": 2 * source.nbytes / _seconds(lambda: target.copy_(source)),
    }


def _network(
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
    graph, function, rng = graphs()[name], GRAPH_FUNCTIONS[name], np.random.default_rng(0)
    item = {
        part: _values(rng, like.numpy(), shapes.get(part, tuple(like.shape)))
        for part, like in graph.example.items()
    }
    rows = len(next(iter(item.values())))
    registry = Registry()
    stored = registry.load(graph.key)
    network = stored.module.to(device)
    one = [torch.from_numpy(values).to(device) for values in item.values()]
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        outputs = function.call(network, *one)
    outputs = _tuple(outputs)
    flops = counter.get_total_flops() / rows
    moved = sum(each.nbytes for each in (*one, *outputs)) / rows
    weights = sum(each.nbytes for each in network.parameters())
    figures: dict[str, Any] = {
        "graph": name,
        "every_s": every_s,
        "rows": rows,
        "mflop_a_row": flops / 1e6,
        "kb_a_row": moved / 1e3,
        "weights_kb": weights / 1e3,
        "batches": {},
    }
    for batch in batches:
        session = _session(device, registry, graph.key.name, name, batch)
        items = [item] * max(1, batch // rows)
        given = [each[:1].expand(batch, *each.shape[1:]).contiguous() for each in one]
        with torch.inference_mode():
            eager = _seconds(partial(function.call, network, *given))
            kernels = _seconds(_recorded(partial(function.call, network), given))
        bound = max(batch * flops / limits["flops"], (batch * moved + weights) / limits["bytes"])
        wall = _seconds(partial(session.run_all, items))
        figures["batches"][str(batch)] = {
            "items_a_second": len(items) / wall,
            "wearers": len(items) * every_s / wall,
            "kernel_wearers": batch / rows * every_s / kernels,
            "unrecorded_wearers": batch / rows * every_s / eager,
            "tflops": batch * flops / kernels / 1e12,
            "share_of_bound": bound / kernels,
        }
    serving = _served(name, registry)
    wall = _seconds(lambda: serving.run(**item), CPU_REPEATS)
    figures["cpu"] = {"items_a_second": 1 / wall, "wearers": every_s / wall}
    return figures


def _recorded(call: Callable[..., Any], given: list[torch.Tensor]) -> Callable[[], object]:
    """Return the call as a worker makes it: recorded, on a GPU."""
    if given[0].device.type != "cuda":
        return partial(call, *given)
    captured = CapturedBatch(lambda *each: _tuple(call(*each)), given, given[0].device)
    return captured.replay


def _tuple(outputs: Any) -> tuple[torch.Tensor, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)


def _served(name: str, registry: Registry) -> Any:
    from models.serving.served import ALL

    (key, *_) = [each for each in ALL if name in each.graphs]
    return registry.open(key).sessions[name]


def _session(device: str, registry: Registry, key: str, name: str, batch: int) -> Any:
    from models.serving.served import ALL

    batched = Registry(registry.weights_dir, batched=TorchSessions(device, batch))
    return batched.open(next(each for each in ALL if each.name == key)).sessions[name]


def _wearers(registry: Registry, count: int) -> tuple[dict[str, float], list[Probabilities]]:
    """Return the cost of half a minute of `count` wearers, and the results.

    All windows of a kind that end together are handed over together.
    """
    second_encoder = SecondEncoder(registry)
    localizer = SoundLocalizer(registry)
    scenarios = ScenarioRecognizer(registry, second_encoder=second_encoder)
    activities = ActivityRecognizer(registry, second_encoder)
    lanhar = require_lanhar(registry)
    costs: dict[str, list[float]] = {}
    results: list[Probabilities] = []

    def timed(name: str, call: Callable[[], Sequence[Any]]) -> None:
        _wait()
        wall, cpu = perf_counter(), process_time()
        made = call()
        spent = costs.setdefault(name, [0.0, 0.0])
        spent[0] += perf_counter() - wall
        spent[1] += process_time() - cpu
        results.extend(probabilities for each in made if (probabilities := _of(each)))

    # The first half minute loads kernels and is not counted.
    for half_minute in range(2):
        costs.clear()
        results.clear()
        wearers = [_signals(np.random.default_rng((half_minute, each))) for each in range(count)]
        for second in range(SCENARIO_WINDOW_S):
            own = slice(50 * second, 50 * (second + 1))
            items = [LocalizerInput(maps[second], imu[own]) for _, imu, maps in wearers]
            timed("localization", partial(localizer.predict, items))
        for begin in range(0, 50 * SCENARIO_WINDOW_S, 50 * HAR_WINDOW_S):
            own = slice(begin, begin + 50 * HAR_WINDOW_S)
            windows = [HarInput(mel[own], imu[own]) for mel, imu, _ in wearers]
            timed("har", partial(activities.predict, windows))
            read = [(imu[own], None) for _, imu, _ in wearers]
            timed("lanhar", partial(lanhar.read_all, read))
        there = np.ones(SCENARIO_WINDOW_S, bool)
        scenes = [ScenarioInput(mel, imu, there, there) for mel, imu, _ in wearers]
        timed("scenario", partial(scenarios.predict, scenes))
    wall, cpu = (sum(cost[at] for cost in costs.values()) for at in (0, 1))
    figures = {
        "count": count,
        "wearers": count * SCENARIO_WINDOW_S / wall,
        "cpu_ms_a_wearer_second": 1e3 * cpu / count / SCENARIO_WINDOW_S,
        **{
            f"{name}_ms": 1e3 * spent / count / SCENARIO_WINDOW_S
            for name, (spent, _) in costs.items()
        },
    }
    return figures, results


def _signals(
    rng: np.random.Generator,
) -> tuple[NDArray[np.float16], NDArray[np.float32], NDArray[np.float16]]:
    """Return half a minute of log-mel (1500, 64), motion (1500, 6), and maps (30, 3, 50, 64)."""
    steps = 50 * SCENARIO_WINDOW_S
    imu = rng.normal(0, 0.5, (steps, 6)).astype(np.float32)
    imu[:, 2] += 9.8
    mel = rng.uniform(5, 20, (steps, 64)).astype(np.float16)
    return mel, imu, rng.uniform(0, 20, (SCENARIO_WINDOW_S, 3, 50, 64)).astype(np.float16)


def _of(result: Any) -> Probabilities:
    """Return a result's probabilities, none of a reading of motion."""
    if isinstance(result, ScenarioOutput):
        return result.scenarios
    return {} if isinstance(result, MotionReading) else result


def _difference(ours: list[Probabilities], theirs: list[Probabilities]) -> dict[str, float]:
    """Return how results by the GPU differ from those by the CPU."""
    pairs = list(zip(ours, theirs, strict=True))
    apart = [abs(one[name] - other[name]) for one, other in pairs for name in one]
    return {
        "windows": len(pairs),
        "largest": max(apart),
        "share_apart": sum(each > 0 for each in apart) / len(apart),
        "other_label": sum(likeliest(one) != likeliest(other) for one, other in pairs),
    }


def _values(rng: np.random.Generator, like: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if like.dtype == np.bool_:
        return np.ones(shape, np.bool_)
    return rng.normal(0, 1, shape).astype(like.dtype)


def section(figures: Figures) -> str:
    """Return the page's section."""
    gpu, limits, apart = figures["gpu"], figures["limits"], figures["difference"]
    sizes = list(next(iter(figures["networks"].values()))["batches"])
    rows = [
        (
            label,
            f"{each['mflop_a_row']:.1f}",
            f"{each['cpu']['wearers']:,.0f}",
            *(f"{each['batches'][size]['wearers']:,.0f}" for size in sizes),
            *(f"{100 * each['batches'][size]['share_of_bound']:.1f} %" for size in sizes),
        )
        for label, each in figures["networks"].items()
    ]
    heads = (
        "network",
        "MFLOP a row",
        "one core",
        *(f"GPU, {size} rows" for size in sizes),
        *(f"of the bound, {size}" for size in sizes),
    )
    steps = ("localization_ms", "har_ms", "lanhar_ms", "scenario_ms")
    wearers = [
        (
            each["by"],
            str(each["count"]),
            f"{each['wearers']:,.0f}",
            f"{each['cpu_ms_a_wearer_second']:.3f}",
            *(f"{each[step]:.3f}" for step in steps),
        )
        for each in figures["wearers"]
    ]
    return "\n\n".join(
        [
            headings.GPU,
            f"Written by `{figures['command']}`. {gpu['name']}: float32 products at "
            f"{limits['flops'] / 1e12:.1f} TFLOP/s, copies at {limits['bytes'] / 1e12:.2f} TB/s, "
            f"both measured. Beside it {figures['machine']['processor']}, torch "
            f"{figures['machine']['packages']['torch']}. A worker with `EGOLOG_DEVICE=cuda` runs "
            f"batches of {figures['batch']} rows. Wearers that each network alone keeps up with, "
            "transfers from and to memory included; the share of the bound is that of the kernels, "
            "where the bound is operations or least bytes, whichever takes longer:",
            table(heads, rows),
            "All networks of a wearer with two microphones together, through the recognisers that "
            "a worker calls, one thread, without features and stream; ms a wearer-second:",
            table(
                ("by", "wearers at once", "wearers", "CPU ms", *(step[:-3] for step in steps)),
                wearers,
            ),
            f"Of {apart['windows']} windows by both, probabilities (of four decimals) differ by "
            f"{apart['largest']:.4f} at most, {100 * apart['share_apart']:.2f} % of them at all, "
            f"and the likeliest label in {apart['other_label']}.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
