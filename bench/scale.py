"""Estimate the resources of large fleets: `python -m bench.scale FIGURES.json --page PAGE`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from bench.scaling import Assumptions, Needs, monthly_cost, needs_of
from models.research.lib.figures_file import read_figures
from models.research.lib.tables import table
from schemas.atomic_file import write_atomically
from schemas.interruption import one_line_interruptions
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.report.figures import Figures

SIZES = (1_000, 100_000, 10_000_000)
ASSUMED_IN_WORDS = {
    "awake_share": "share of the wearers that wear it at one time, on average",
    "core_share": "share of a core that is used at the peak",
    "replicas": "replicas of each topic",
    "raw_hours": "hours of raw sound and motion on disk: one that they stay, one of a segment",
    "broker_bytes_s": "bytes a second through a broker's network",
    "broker_disk_bytes": "bytes on a broker's disks",
    "broker_partitions": "replicas of partitions on a broker",
    "store_bytes": "bytes of the log in one Redis server",
    "log_days": "days of the log in Redis",
    "cell_wearers": "wearers of a cell",
    "core_month": "a core, dollars a month",
    "disk_gb_month": "a GB on disk, dollars a month",
    "memory_gb_month": "a GB of memory, dollars a month",
}
_ROWS: tuple[tuple[str, str, Callable[[Needs], str]], ...] = (
    ("cells", "wearers / a cell's", lambda n: f"{n.cells:,}"),
    ("cores of workers", "ms a wearer-second · wearers / share", lambda n: f"{n.worker_cores:,}"),
    ("workers", "one a core: an event loop is one thread", lambda n: f"{n.workers:,}"),
    (
        "their memory, GB",
        "workers · at start + wearers · a wearer",
        lambda n: f"{n.worker_memory_gb:,.0f}",
    ),
    ("partitions of each topic", "1.5 · workers, in twelves", lambda n: f"{n.partitions:,}"),
    ("frames in, GB/s", "bytes a wearer-second · wearers", lambda n: f"{n.frames_gbyte_s:,.2f}"),
    ("brokers by network", "frames · replicas / a broker's", lambda n: f"{n.brokers_by_network:,}"),
    ("brokers by disk", "what is kept / a broker's", lambda n: f"{n.brokers_by_disk:,}"),
    (
        "brokers by partitions",
        "partitions · topics · replicas / a broker's",
        lambda n: f"{n.brokers_by_partitions:,}",
    ),
    ("cores of brokers", "ms · replicas · wearers / share", lambda n: f"{n.broker_cores:,}"),
    ("sound on disk, TB", "raw hours of it, replicas", lambda n: f"{n.sound_tb:,.1f}"),
    ("the rest on disk, TB", "each topic's retention", lambda n: f"{n.rest_tb:,.1f}"),
    ("cores of stores", "ms · wearers / share", lambda n: f"{n.store_cores:,}"),
    ("the log, TB", "records of the log's days", lambda n: f"{n.log_tb:,.1f}"),
    ("stores by memory", "the log / a server's", lambda n: f"{n.stores_by_memory:,}"),
)


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Read the figures and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("figures", type=read_figures, help="JSON file of `python -m bench`")
    parser.add_argument(
        "--page", type=output_file, help="Markdown file to write; else it is printed"
    )
    options = parser.parse_args(arguments)
    text = page(options.figures, Assumptions())
    if options.page is None:
        print(text, end="")
    else:
        write_atomically(options.page, text)
    return 0


def page(figures: Figures, assumed: Assumptions) -> str:
    """Return the page for fleets of `SIZES`."""
    all_needs = [needs_of(figures, wearers, assumed) for wearers in SIZES]
    head = ["", "how", *(f"{wearers:,} wearers" for wearers in SIZES)]
    needs_rows = [[name, how, *map(show, all_needs)] for name, how, show in _ROWS]
    costs = [monthly_cost(each, assumed) for each in all_needs]
    cost_rows = [[name, *(f"{cost[name]:,.0f}" for cost in costs)] for name in costs[0]]
    cost_rows.append(
        [
            "a wearer",
            *(
                f"{sum(cost.values()) / each.wearers:.2f}"
                for cost, each in zip(costs, all_needs, strict=True)
            ),
        ]
    )
    machine = figures["machine"]
    return (
        "\n\n".join(
            [
                "# Past one machine",
                "Written by `python -m bench.scale`: arithmetic from figures that `"
                f"{figures['command']}` measured on simulated wearers and {machine['processor']} "
                f"({machine['cores']} cores), and from assumptions that are listed. Sizes are for "
                "the peak, when every wearer sends.",
                "## What is measured",
                table(["figure", "value"], _measured_rows(figures)),
                "## What is assumed",
                table(
                    ["assumption", "value"],
                    [
                        [says, _number(getattr(assumed, name))]
                        for name, says in ASSUMED_IN_WORDS.items()
                    ],
                ),
                "## What a fleet needs",
                table(head, needs_rows),
                "## What it costs a month, dollars",
                table(["driver", *head[2:]], cost_rows),
                *_prose(figures, all_needs[1], assumed),
            ]
        )
        + "\n"
    )


def _measured_rows(figures: Figures) -> list[list[str]]:
    rows = [
        ["CPU of a worker, ms a wearer-second", figures["ms_per_wearer_second"]["total"]],
        *(
            [f"CPU of {name}, ms a wearer-second", ms]
            for name, ms in figures["services_ms"].items()
        ),
        ["memory of a worker at its first record, MB", figures["rss_mb"]],
        ["memory a wearer, MB", figures["rss_mb_per_wearer"]],
        *(
            [f"`{name}`, bytes a wearer-second", each["octets"]]
            for name, each in figures["traffic"].items()
            if each["octets"]
        ),
    ]
    return [[str(name), _number(value)] for name, value in rows]


def _number(value: float) -> str:
    """Format a figure with four significant digits, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def _prose(figures: Figures, cell: Needs, assumed: Assumptions) -> list[str]:
    traffic = figures["traffic"]
    sound = traffic["audio.frames"]["octets"]
    share = sound / sum(each["octets"] for each in traffic.values())
    return [
        "## What breaks first",
        "\n".join(
            [
                f"1. **The sound's way to the brokers.** {share:.0%} of all bytes are raw sound, "
                f"{sound / 1e3:,.0f} kB a wearer-second. At {cell.wearers:,} wearers it takes "
                f"{cell.brokers_by_network} brokers by network and {cell.brokers_by_disk} by disk. "
                "Frames may be `flac`, which is lossless; a shorter `EGOLOG_RAW_RETENTION_H` cuts "
                "the disk alone, and no result needs sound that is older than its window.",
                f"2. **The log in memory.** {assumed.log_days} days of {cell.wearers:,} wearers "
                f"are {cell.log_tb:,.1f} TB, {cell.stores_by_memory:,} servers of Redis, and a "
                "worker speaks to one. Keep fewer days there (`EGOLOG_LOG_RETENTION_DAYS`) and the "
                "long log in what reads the topics `scenario`, `scenario.refined` and `activity`.",
                f"3. **One consumer group.** {cell.workers:,} members share one coordinator, and a "
                "change of members stops all of them. A cell therefore has a group of its own.",
                f"4. **Partitions.** {cell.partitions:,} of {len(traffic)} topics are "
                f"{cell.brokers_by_partitions} brokers' worth; workers cannot be more than "
                "partitions, and devices move when their number changes.",
            ]
        ),
        "## Cells",
        f"A fleet of more than {assumed.cell_wearers:,} wearers is cut into cells, each with its "
        "own `EGOLOG_TOPIC_PREFIX` and `EGOLOG_APP_ID` or, better, its own Kafka and Redis. "
        "Nothing of a wearer ever needs another wearer, so cells share nothing but the weights, "
        "and a device is told its cell when it registers. `infra/deploy/kubernetes` is one cell.",
    ]


if __name__ == "__main__":
    sys.exit(main())
