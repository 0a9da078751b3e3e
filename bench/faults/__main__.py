"""Inject faults into a stream and compare its log with a calm run: `python -m bench.faults`.

It runs on Apache Kafka and Redis with two to three worker processes. The exit status is 0 only if
no log has missing, extra or different records. `--quick` runs the most informative faults, in four
minutes on two idle cores. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING

from bench.command import save_figures
from bench.faults import (
    of_brokers,
    of_devices,
    of_disks,
    of_network,
    of_services,
    of_topics,
    of_workers,
)
from bench.faults.of_disks import small_disks
from bench.faults.page import CALM_KIND, heading, larger_section, page, simulation_section
from bench.faults.services import broken_services
from bench.faults.trial import CALM, Bench, Size
from bench.load.recording import COARSE, simulate_recording
from bench.measuring.machine import machine
from infra.errors import InfraError, ServiceError
from models.research.lib.figures_file import read_figures
from models.research.lib.page_command import page_command
from models.research.lib.page_sections import sections, with_section
from schemas.atomic_file import write_atomically
from schemas.interruption import one_line_interruptions
from schemas.option_bounds import check_above, check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.faults.fault import Fault
    from bench.faults.outcome import Outcome
    from bench.faults.page import Figures
    from bench.faults.services import BrokenServices

QUICK = Size(wearers=4, seconds=60, speed=4.0)
WHOLE = Size(wearers=50, seconds=60, speed=1.0)
KINDS: dict[str, tuple[type[Fault], ...]] = {
    "workers": of_workers.FAULTS,
    "broker and store": of_services.FAULTS,
    "three brokers": of_brokers.FAULTS,
    "network": of_network.FAULTS,
    "topics": of_topics.FAULTS,
    "devices": of_devices.FAULTS,
    "disks": of_disks.FAULTS,
}

# Options that say where figures are read and written.
_NO_FIGURE = ("sources", "simulation", "larger", "json", "page")


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials, or read their figures, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="run the most informative faults")
    parser.add_argument(
        "--only",
        action="append",
        choices=[fault.__name__ for faults in KINDS.values() for fault in faults],
        metavar="NAME",
        help="run the fault class of this name",
    )
    parser.add_argument("--wearers", type=int, help="number of wearers that send")
    parser.add_argument("--seconds", type=int, help="event time of each wearer, s")
    parser.add_argument("--speed", type=float, help="playback speed")
    parser.add_argument("--seed", type=int, default=0, help="seed of random choices")
    parser.add_argument(
        "--from",
        dest="sources",
        type=read_figures,
        action="append",
        help="read the figures of this file",
    )
    parser.add_argument(
        "--simulation",
        type=read_figures,
        help="figures of `python -m tests.simulation`, for the page",
    )
    parser.add_argument(
        "--larger",
        type=read_figures,
        help="figures of this command with more wearers, for the page",
    )
    parser.add_argument("--json", type=output_file, help="write the figures to this file")
    parser.add_argument("--page", type=output_file, help="write tables to this Markdown file")
    options = parser.parse_args(arguments)
    check_above(parser, options, speed=0)
    check_minimums(parser, options, wearers=1, seconds=1, seed=0)
    if options.sources:
        figures = together(options.sources)
    else:
        # Clients log each broken connection.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        try:
            command = page_command(parser, options, _NO_FIGURE)
            figures = asyncio.run(measure(options, command))
        except InfraError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    save_figures(
        figures, options.json, None if options.page is None else partial(_write, options, figures)
    )
    return 0 if all(_is_unchanged(each) for each in figures["outcomes"]) else 1


def _write(options: argparse.Namespace, figures: Figures) -> None:
    """Write the page; sections that other commands and runs wrote to it stay."""
    text = page(figures)
    before = options.page.read_text("utf-8") if options.page.is_file() else ""
    own = {heading(kind) for kind in (CALM_KIND, *KINDS)}
    others = [each for title, each in sections(before).items() if title not in own]
    more = ((options.larger, larger_section), (options.simulation, simulation_section))
    others += [section(earlier) for earlier, section in more if earlier]
    write_atomically(options.page, reduce(with_section, others, text))


def together(parts: Sequence[Figures]) -> Figures:
    """Merge the figures of several runs; of a fault that ran twice the last run counts.

    Results of faults that no longer exist, or had another size or name, are dropped. The others
    are in the order of the faults, whatever the order of the runs.
    """
    present = [CALM, *(fault.name for faults in KINDS.values() for fault in faults)]
    outcomes = {
        each["fault"]: each
        for part in parts
        for each in part["outcomes"]
        if each["fault"] in present
    }
    skipped = {name: why for part in parts for name, why in part["skipped"].items()}
    commands = "` and `".join(dict.fromkeys(part["command"] for part in parts))
    return {
        **parts[-1],
        "command": commands,
        "outcomes": sorted(outcomes.values(), key=lambda each: present.index(each["fault"])),
        "skipped": {name: why for name, why in skipped.items() if name not in outcomes},
    }


async def measure(options: argparse.Namespace, command: str) -> Figures:
    """Return the figures of each chosen fault, which name the command that measured them."""
    about, chosen = machine(), _choose_faults(options)
    plain = QUICK if options.quick else WHOLE
    size = Size(
        options.wearers or plain.wearers,
        options.seconds or plain.seconds,
        options.speed or plain.speed,
    )
    outcomes: list[dict[str, object]] = []
    skipped: dict[str, str] = {}
    figures: Figures = {
        "machine": about,
        "size": asdict(size),
        "date": datetime.now(UTC).date().isoformat(),
        "command": command,
        "outcomes": outcomes,
        "skipped": skipped,
    }

    def note(kind: str, outcome: Outcome) -> None:
        outcomes.append({"kind": kind, "kept": outcome.is_unchanged, **asdict(outcome)})
        if options.json is not None:
            # Written after each trial, so that a failure loses only the last one.
            write_atomically(options.json, json.dumps(figures, indent=1) + "\n")
        changed = f"{outcome.missing} missing, {outcome.extra} extra, {outcome.different} different"
        _report(f"{outcome.fault}: {changed} of {outcome.expected}, {outcome.lasted_s:g} s")
        for example in outcome.examples:
            _report(f"  {example}")

    with (
        tempfile.TemporaryDirectory(prefix="egolog-faults-") as folder,
        broken_services(Path(folder) / "main") as services,
    ):
        bench = Bench(services, simulate_recording(size.seconds, COARSE), size, "f")
        async with bench.stage("main") as stage:
            note(CALM_KIND, await stage.calm_run())
            for kind, fault in chosen:
                if not (fault.own_topics or fault.own_disk or fault.own_cluster):
                    note(kind, await stage.trial(fault(), options.seed))
        for number, (kind, fault) in enumerate(chosen):
            if fault.own_topics:
                async with bench.stage(f"own{number}") as stage:
                    note(kind, await stage.trial(fault(), options.seed))
    clustered = [(kind, fault) for kind, fault in chosen if fault.own_cluster]
    if clustered:
        await _on_cluster(bench, clustered, options.seed, note)
    full = [(kind, fault) for kind, fault in chosen if fault.own_disk]
    if full:
        try:
            await _on_small_disks(bench, full, options.seed, note)
        except ServiceError as error:
            skipped.update({fault.name: str(error) for _, fault in full})
    return figures


async def _on_cluster(
    calm: Bench,
    faults: Sequence[tuple[str, type[Fault]]],
    seed: int,
    note: Callable[[str, Outcome], None],
) -> None:
    """Run faults on three brokers, against the calm run's log."""
    with (
        tempfile.TemporaryDirectory(prefix="egolog-cluster-") as folder,
        broken_services(Path(folder), cluster=True) as services,
    ):
        await _beside(calm, services, "cluster", faults, seed, note)


async def _on_small_disks(
    calm: Bench,
    faults: Sequence[tuple[str, type[Fault]]],
    seed: int,
    note: Callable[[str, Outcome], None],
) -> None:
    """Run faults on services and run folders with small disks, against the calm run's log."""
    stage_name = "disks"
    with tempfile.TemporaryDirectory(prefix="egolog-disks-") as folder:
        own = [Path(folder) / name for name in ("kafka", "redis", f"{calm.name}{stage_name}")]
        with small_disks(own), broken_services(Path(folder)) as services:
            await _beside(calm, services, stage_name, faults, seed, note)


async def _beside(
    calm: Bench,
    services: BrokenServices,
    stage_name: str,
    faults: Sequence[tuple[str, type[Fault]]],
    seed: int,
    note: Callable[[str, Outcome], None],
) -> None:
    """Run faults in one stage on other services, against the calm run's log."""
    bench = Bench(services, calm.recording, calm.size, calm.name)
    bench.calm = calm.calm
    async with bench.stage(stage_name) as stage:
        for kind, fault in faults:
            note(kind, await stage.trial(fault(), seed))


def _choose_faults(options: argparse.Namespace) -> list[tuple[str, type[Fault]]]:
    return [
        (kind, fault)
        for kind, faults in KINDS.items()
        for fault in faults
        if (fault.quick or not options.quick)
        and (not options.only or fault.__name__ in options.only)
    ]


def _is_unchanged(outcome: dict[str, object]) -> bool:
    return bool(outcome["kept"])


def _report(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
