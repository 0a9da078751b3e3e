"""Soak test: run a worker under a constant fleet for hours: `python -m bench.soak --minutes 120`.

Memory, open files, event loop and lag are sampled every few seconds. The exit status is 0 only if,
after a warm-up, memory grows by less than 1 % an hour, open files do not grow, the event loop is
never blocked for more than 200 ms, and no lag is left at the end. In a run of less than an hour the
slope of memory is shown, but not judged. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import theilslopes

from bench.command import run_measurement
from bench.load.messages import Fleet
from bench.load.recording import COARSE, simulate_recording
from bench.load.sending import send_in_real_time
from bench.measuring.exported import blocked_looks, lag_of
from bench.measuring.machine import machine
from bench.measuring.observer import Observer
from bench.subjects.services import services
from bench.subjects.subject import PRODUCT, Subject
from bench.without_stream.work import RESULTS
from infra.broker import topic_creation
from models.research.lib.tables import table
from schemas.interruption import one_line_interruptions
from schemas.option_bounds import check_above, check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.figures import Figures

_PARTITIONS = 4
_RECORDING_S = 60
_LOOK_S = 5.0
_SETTLE_S = 60.0
# By then networks are loaded, caches full and buffers grown.
_WARM_UP_SHARE = 0.2
MAX_SLOPE_PERCENT = 1.0
LOOP_S = 0.2
# Tolerance for connections that are being renewed.
_FILES_SPARE = 3
_JUDGED_FROM_MINUTES = 60.0


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak test, and print or write the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0, help="how long it runs")
    parser.add_argument("--wearers", type=int, default=8, help="number of wearers that send")
    parser.add_argument("--speed", type=float, default=1.0, help="playback speed")
    parser.add_argument("--json", type=output_file, help="write the figures to this file")
    parser.add_argument("--page", type=output_file, help="put the figures into this Markdown file")
    options = parser.parse_args(arguments)
    check_above(parser, options, minutes=0, speed=0)
    check_minimums(parser, options, wearers=1)
    work = measure(options.minutes, options.wearers, options.speed)
    figures = run_measurement(work, options.json, options.page, section)
    if figures is None:
        return 1
    problems = faults(figures)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def faults(figures: dict[str, Any]) -> list[str]:
    """Return the violated limits, one line each."""
    lines = []
    slope = figures["rss_slope_percent_an_hour"]
    if figures["minutes"] >= _JUDGED_FROM_MINUTES and slope > MAX_SLOPE_PERCENT:
        lines.append(f"memory grows by {slope:.1f} % an hour; at most {MAX_SLOPE_PERCENT:g} % may")
    if figures["files_last"] > figures["files_first"] + _FILES_SPARE:
        lines.append(f"open files grow: {figures['files_first']} to {figures['files_last']}")
    if figures["loop_blocked"]:
        lines.append(
            f"the event loop computed {figures['loop_blocked']} times for over {LOOP_S:g} s"
        )
    if figures["lag_last"]:
        lines.append(f"{figures['lag_last']:.0f} messages were not read in the end")
    return lines


def section(soak: Figures) -> str:
    """Return the section of docs/RELIABILITY.md on these figures."""
    rows = [
        ["minutes", f"{soak['minutes']:.1f}"],
        ["wearers, speed", f"{soak['wearers']}, {soak['speed']:g}"],
        ["records", f"{soak['records']:,}"],
        ["memory after warm-up, MB", f"{soak['rss_mb_first']:.0f}"],
        ["memory at the end, MB", f"{soak['rss_mb_last']:.0f}"],
        ["slope of memory, % an hour", f"{soak['rss_slope_percent_an_hour']:.1f}"],
        [
            "open files at most, after warm-up and at the end",
            f"{soak['files_first']}, {soak['files_last']}",
        ],
        [
            "looks that found the event loop computing for over 200 ms",
            f"{soak['loop_blocked']} of {soak['loop_looks']:,}",
        ],
        ["lag at the end, messages", f"{soak['lag_last']:.0f}"],
    ]
    parts = [
        "## Over time",
        f"Written by `{soak['command']}` on {soak['date']}: one worker and a fleet of simulated "
        "wearers that never stops. What a worker is held to over two hours: a slope of memory "
        "under 1 % an hour, open files that stay, an event loop that never computes for over "
        "200 ms, no lag at the end. "
        f"This run took {soak['minutes']:.0f} minutes"
        + (
            ", in which caches still fill: its slope says less than that of the two hours that the "
            "command takes unless told otherwise."
            if soak["minutes"] < _JUDGED_FROM_MINUTES
            else "."
        ),
        table(["figure", "value"], rows),
    ]
    return "\n\n".join(parts)


async def measure(minutes: float, wearers: int, speed: float) -> dict[str, Any]:
    """Return the figures of one worker under consecutive sessions."""
    about = machine()
    recording = simulate_recording(_RECORDING_S, COARSE)
    with services() as running:
        settings = running.settings("soak", _PARTITIONS)
        settings.run_dir.mkdir(parents=True, exist_ok=True)
        await topic_creation.create(settings)
        subject = Subject("soak", PRODUCT, settings)
        async with Observer(settings, RESULTS) as observer:
            subject.spawn()
            try:
                subject.wait_until_ready()
                ends = time.monotonic() + 60 * minutes
                looks: list[Look] = []
                looking = asyncio.create_task(_look(subject, looks))
                number = 0
                while time.monotonic() < ends:
                    # A new session each minute, as when devices are put on and taken off.
                    fleet = Fleet(f"soak{number}", wearers, recording, sound_seed="soak")
                    await send_in_real_time(settings, fleet, speed)
                    subject.check()
                    number += 1
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)
                lag = await _final_lag(subject)
                blocked, all_looks = blocked_looks(subject.ports, LOOP_S)
                records = sum(observer.messages[name] for name in RESULTS)
            finally:
                subject.stop()
    return {
        **over_time(looks),
        "loop_blocked": blocked,
        "loop_looks": all_looks,
        "lag_last": lag,
        "minutes": minutes,
        "wearers": wearers,
        "speed": speed,
        "records": records,
        "machine": about,
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m bench.soak --minutes {minutes:g} --wearers {wearers} "
        f"--speed {speed:g}",
    }


@dataclass(frozen=True)
class Look:
    """One sample of a worker: time, s; memory, MB; open files."""

    at_s: float
    rss_mb: float
    files: int


async def _look(subject: Subject, looks: list[Look]) -> None:
    while True:
        [pid] = subject.pids
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        looks.append(Look(time.monotonic(), subject.resident_mb(), files))
        await asyncio.sleep(_LOOK_S)


def over_time(looks: list[Look]) -> dict[str, Any]:
    """Return memory and open files in the first and last tenth after warm-up, and the slope.

    The slope is the Theil–Sen estimate, the median over all pairs, which is robust to peaks.
    """
    warm = looks[int(len(looks) * _WARM_UP_SHARE) :]
    tenth = max(1, len(warm) // 10)
    first, last = warm[:tenth], warm[-tenth:]
    at_h = np.array([look.at_s for look in warm]) / 3_600
    memory = np.array([look.rss_mb for look in warm])
    slope_mb = float(theilslopes(memory, at_h).slope) if len(warm) > 1 else 0.0
    return {
        "rss_mb_first": round(median(look.rss_mb for look in first), 1),
        "rss_mb_last": round(median(look.rss_mb for look in last), 1),
        "rss_slope_percent_an_hour": round(100 * slope_mb / float(np.median(memory)), 2),
        "files_first": max(look.files for look in first),
        "files_last": max(look.files for look in last),
    }


async def _final_lag(subject: Subject) -> int:
    """Return the lag once nothing more is sent, messages."""
    deadline = time.monotonic() + _SETTLE_S
    while (lag := lag_of(subject.ports)) and time.monotonic() < deadline:
        await asyncio.sleep(1.0)
    return lag


if __name__ == "__main__":
    sys.exit(main())
