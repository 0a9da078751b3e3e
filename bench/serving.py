"""Compare the cost of serving by ONNX Runtime and by torch: `python -m bench.serving`.

Each network's graphs run by both in turn, on one thread; the figure is the median CPU time. `int8`
is ONNX Runtime with sound in eight bits, a worker's default; operations per second are float32 by
ONNX Runtime. Memory and start-up time are those of a process that loads a worker's networks.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from functools import partial
from statistics import median
from time import thread_time
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from bench.measuring.machine import machine
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SEGMENT_S, SPATIAL_WINDOW_S
from models.serving.registry import Registry
from models.serving.segment_sounds import tagged_count
from models.serving.served import ALL
from schemas.atomic_file import write_atomically
from schemas.interruption import one_line_interruptions
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.research.graph_export import Graph
    from models.serving.registry import Precision
    from models.serving.session import NetworkSession

REPEATS = 15

# Step, graph, interval between runs (s), and input shapes that differ from the graph's example.
STEPS: tuple[tuple[str, str, float, dict[str, tuple[int, ...]]], ...] = (
    ("localization, 1 microphone", "localization_mono", SPATIAL_WINDOW_S, {}),
    ("localization, 2 microphones", "localization", SPATIAL_WINDOW_S, {}),
    ("localization, 4 microphones", "localization_four", SPATIAL_WINDOW_S, {}),
    ("near field", "near_field", SPATIAL_WINDOW_S, {}),
    ("sound, each second", "seconds", 1, {"mel": (1, 50, 64)}),
    (
        "scenario, sound events",
        "sounds",
        SCENARIO_WINDOW_S / tagged_count(SCENARIO_WINDOW_S // SEGMENT_S),
        {"mel": (1, 50 * SEGMENT_S, 64)},
    ),
    ("scenario, sound", "heard", SCENARIO_WINDOW_S, {}),
    (
        "scenario, motion encoder",
        "motions",
        SCENARIO_WINDOW_S,
        {"imu": (SCENARIO_WINDOW_S // SEGMENT_S, 50 * SEGMENT_S, 6)},
    ),
    ("scenario, rows", "scenario_rows", SCENARIO_WINDOW_S, {}),
    ("scenario, sequence", "scenario", SCENARIO_WINDOW_S, {}),
    ("activity, sound", "heard", HAR_WINDOW_S, {"seconds": (1, HAR_WINDOW_S, 2, 512)}),
    (
        "activity, sound of each second",
        "heard",
        HAR_WINDOW_S,
        {"seconds": (HAR_WINDOW_S, 1, 2, 512)},
    ),
    (
        "activity, motion encoder",
        "motion_features",
        HAR_WINDOW_S,
        {"imu": (1, 50 * HAR_WINDOW_S, 6)},
    ),
    ("activity, fusion", "har", HAR_WINDOW_S, {}),
    ("LanHAR, sensor encoder", "lanhar_sensor", HAR_WINDOW_S, {}),
)
"""Without the text encoder, which runs only when a label is added."""

_TORCH = """
from models.serving.catalogue import key_of
loaded = [registry.load(key_of(each.name)) for each in ALL]
"""
_ONNX = """
loaded = [registry.open(each) for each in ALL]
"""
_START = """
import resource, sys, time
from pathlib import Path
import numpy as np
from models.serving.registry import Registry
from models.serving.served import ALL
registry = Registry()
{load}
now = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
print(time.process_time(), now)
"""


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, and write the figures to a file if one is given."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.add_argument("--json", type=output_file, help="file to write the figures to")
    options = parser.parse_args(arguments)
    costs = networks(Registry())
    starts = {"torch": measure_start(_TORCH), "onnxruntime": measure_start(_ONNX)}
    figures = {"machine": machine(), "ms_per_wearer_second": costs, "start": starts}
    if options.json is not None:
        write_atomically(options.json, json.dumps(figures, indent=1) + "\n")
    print("| a wearer-second | torch, CPU ms | ONNX Runtime | int8 | MFLOP | GFLOP/s |")
    print("|---|---|---|---|---|---|")
    for name, row in costs.items():
        ms = " | ".join(f"{row[engine]:.2f}" for engine in ("torch", "onnxruntime", "int8"))
        print(f"| {name} | {ms} | {row['mflop']:.1f} | {row['mflop'] / row['onnxruntime']:.0f} |")
    print("\n| a process with all networks | torch | ONNX Runtime |\n|---|---|---|")
    for what, unit in (("cpu_s", "CPU s"), ("rss_mb", "MB")):
        pair = [starts[engine][what] for engine in ("torch", "onnxruntime")]
        print(f"| {unit} | {pair[0]:.1f} | {pair[1]:.1f} |")
    return 0


def networks(registry: Registry) -> dict[str, dict[str, float]]:
    """Return each graph's CPU ms per wearer-second by engine, and its `mflop`.

    `mflop` counts the operations of matrix products and convolutions in float32.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from models.research.graphs import graphs
    from models.serving.one_thread import pin_one_thread

    pin_one_thread()
    every, rng = graphs(), np.random.default_rng(0)
    sessions, rounded = _sessions(registry, "float32"), _sessions(registry, "int8")
    rows = {}
    for label, name, every_s, shapes in tqdm(STEPS, unit="network", disable=None):
        graph = every[name]
        network = graph.module(registry.load(graph.key).module)
        inputs = random_item(rng, graph, shapes)
        given = [torch.from_numpy(values) for values in inputs.values()]
        calls: dict[str, Callable[[], object]] = {
            "torch": partial(network, *given),
            "onnxruntime": partial(sessions[name].run, **inputs),
        }
        if rounded[name] is not sessions[name]:
            calls["int8"] = partial(rounded[name].run, **inputs)
        with torch.inference_mode():
            taken = in_turn(calls)
            # The counter does not see attention's fused fast path.
            torch.backends.mha.set_fastpath_enabled(False)
            with FlopCounterMode(display=False) as counter:
                network(*given)
            torch.backends.mha.set_fastpath_enabled(True)
        row = {engine: 1e3 * seconds / every_s for engine, seconds in taken.items()}
        row.setdefault("int8", row["onnxruntime"])
        rows[label] = {**row, "mflop": counter.get_total_flops() / 1e6 / every_s}
    return rows


def _sessions(registry: Registry, precision: Precision) -> dict[str, NetworkSession]:
    return {
        name: session
        for each in ALL
        for name, session in registry.open(each, precision=precision).sessions.items()
    }


def in_turn(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median CPU seconds of each call, made alternately on this thread."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for repeat in range(REPEATS + 1):
        for name, call in calls.items():
            began = thread_time()
            call()
            if repeat:
                taken[name].append(thread_time() - began)
    return {name: median(seconds) for name, seconds in taken.items()}


def measure_start(load: str) -> dict[str, float]:
    """Return the CPU time and memory of a process that loads a worker's networks."""
    ended = subprocess.run(
        [sys.executable, "-c", _START.format(load=load)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    cpu_s, rss_mb = (float(value) for value in ended.stdout.split())
    return {"cpu_s": cpu_s, "rss_mb": rss_mb}


def random_item(
    rng: np.random.Generator, graph: Graph, shapes: dict[str, tuple[int, ...]]
) -> dict[str, NDArray[Any]]:
    """Return inputs of a graph, of its example's shapes where `shapes` has no other."""
    return {
        part: _values(rng, like.numpy(), shapes.get(part, tuple(like.shape)))
        for part, like in graph.example.items()
    }


def _values(rng: np.random.Generator, like: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if like.dtype == np.bool_:
        return np.ones(shape, np.bool_)
    return rng.normal(0, 1, shape).astype(like.dtype)


if __name__ == "__main__":
    sys.exit(main())
