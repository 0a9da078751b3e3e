"""The page's section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report import headings
from models.research.lib.tables import table

if TYPE_CHECKING:
    from bench.report.figures import Figures


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
