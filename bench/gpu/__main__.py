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
from typing import TYPE_CHECKING, Any

import torch

from bench.gpu.networks import network_figures
from bench.gpu.section import section
from bench.gpu.timing import measured_limits
from bench.gpu.wearers import difference, wearer_costs
from bench.measuring.machine import machine
from bench.serving import STEPS
from models.research.lib.figures_file import read_figures
from models.research.lib.page_sections import put_section
from models.serving.registry import Registry, RegistryError
from models.serving.torch_session import BATCH, TorchSessions, open_cuda
from schemas.atomic_file import write_atomically
from schemas.interruption import one_line_interruptions
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.figures import Figures
    from schemas.message import Probabilities

BATCHES = (8, 64, 512)
WEARERS = (4, 64)


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Print the section; write it and the figures to files if they are given."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--json", type=output_file, help="file to write the figures to")
    parser.add_argument("--page", type=output_file, help="page to put the section into")
    parser.add_argument(
        "--from",
        dest="source",
        type=read_figures,
        metavar="FIGURES",
        help="use figures of another run",
    )
    parser.add_argument(
        "--device", choices=("cuda", "cpu"), default="cuda", help="cpu: torch's, to try this out"
    )
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, metavar="ROWS")
    parser.add_argument(
        "--wearers",
        type=int,
        nargs="+",
        default=WEARERS,
        help="numbers of wearers of one worker",
    )
    options = parser.parse_args(arguments)
    check_minimums(parser, options, batches=1, wearers=1)
    if options.source is not None:
        figures = options.source
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
    limits = measured_limits(device)
    results: dict[str, list[Probabilities]] = {}
    few = min(wearers)
    costs: list[dict[str, Any]] = []
    for by, registry, counts in (
        ("GPU", Registry(batched=sessions), sorted(wearers)[::-1]),
        ("one core, float32", Registry(), [few]),
        ("one core, sound in int8", Registry(precision="int8"), [few]),
    ):
        for count in counts:
            cost, results[by] = wearer_costs(registry, count)
            costs.append({"by": by, **cost})
    return {
        "command": "python -m bench.gpu",
        "machine": machine(),
        "gpu": _gpu(device),
        "limits": limits,
        "batch": BATCH,
        "networks": {
            label: network_figures(device, name, every_s, shapes, batches, limits)
            for label, name, every_s, shapes in STEPS
        },
        "wearers": costs,
        "difference": difference(results["GPU"], results["one core, float32"]),
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


if __name__ == "__main__":
    sys.exit(main())
