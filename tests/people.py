"""Measure the web page: `python -m tests.people --json OUT`.

Needs Chromium. A synthetic day of fifteen hours is drawn, corrected and recorded:

- `first_draw_s`, `bytes`: from the address to a whole day on the screen, and what went over the
  wire for it with an empty cache, the worker having made the day's hours before
  (`first_draw_cold_s` where it had not), the middle of five;
- `first_draw_cpu_s`: what of that the page's own thread computes, which other work disturbs less;
- `axe_violations`: of every view, light and dark, by axe-core (`--axe FILE`: another axe.min.js);
- `correction_gain`, window by window, and `correction_log_gain`, in the log, which is what a wearer
  sees, each with its standard deviation over wearers (`_sd`): of
  `python -m models.research.evaluation.corrections --json FILE`, from `--corrections FILE`; null
  without it;
- `sensor_loss`: frames lost by a phone's page over `--offline` seconds without its worker;
- `docs_commands_run`, `docs_commands_failed`: of all commands in the documentation, run as a reader
  would (minutes; `--no-docs` leaves them out), and `docs_commands_left_out` with the reasons.

Draw times depend on the machine and its load, which is reported with them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from aiohttp import web
from redis.asyncio import Redis

from infra.daily_log.store import LogStore
from infra.local.redis_embedded import EmbeddedRedis
from schemas.output_path import output_file
from streams.web.routes import PageSources, install
from tests.docs.running import Outcome, follow_all
from tests.streams.synthetic_log import PLAN, day, put
from tests.streams.web.axe import axe_file, complaints_of
from tests.streams.web.browser import chromium, tab
from tests.streams.web.correction_form import open_form
from tests.streams.web.recording_phone import FAKE_MICROPHONE, Worker, lost, recorded, tone
from tests.streams.web.site import DRAWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from schemas import Correction

HOURS_15 = PLAN + PLAN[3:11]
# The page while its worker does not answer.
LOST = "?span=3600000"
# Pages that are not views of a log.
ALONE = ("sensor", "static/login.html", "nowhere")
VIEWS = ("", LOST, "?span=week", "?span=month", *ALONE)
TRANSFERRED = (
    """performance.getEntries().reduce((sum, {transferSize}) => sum + (transferSize ?? 0), 0)"""
)


DRAWS = 5
# JavaScript that a test of this module runs on a page first.
BEFORE = ""


@asynccontextmanager
async def serve_page(store: LogStore) -> AsyncIterator[str]:
    """Serve the page on a store and give its address."""

    async def publish(_: Correction) -> None:
        return

    application = web.Application()
    install(application, PageSources(lambda: store, publish=publish))
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def measure_drawing(port: int, url: str) -> tuple[float, float, int]:
    """Return the time to draw a day, the page's CPU time, both s, and the transferred bytes.

    The cache is empty at the start.
    """
    async with tab(port) as page:
        await page.call("Performance.enable", timeDomain="threadTicks")
        await page.call("Network.enable")
        await page.call("Network.setCacheDisabled", cacheDisabled=True)
        began = time.perf_counter()
        await page.open(url)
        await page.until(DRAWN, 300)
        wall_s = time.perf_counter() - began
        measured = (await page.call("Performance.getMetrics"))["metrics"]
        [cpu_s] = [each["value"] for each in measured if each["name"] == "TaskDuration"]
        return wall_s, round(cpu_s, 3), int(await page.value(TRANSFERRED))


async def violations(port: int, url: str, axe: Path) -> list[str]:
    """Return axe's violations on all views, light and dark, desktop and phone."""
    complaints: list[str] = []
    for view in VIEWS:
        for scheme, size in (("light", (1280, 900)), ("dark", (390, 844))):
            async with tab(port) as page:
                await page.open(f"{url}{view}", *size, dark=scheme == "dark")
                if view in ALONE:
                    await page.until(
                        f"location.pathname === '/{view}' && document.readyState === 'complete'"
                    )
                else:
                    long = "week" in view or "month" in view
                    drawn = (
                        "document.querySelector('#day')?.dataset.complete === 'true'"
                        if long
                        else DRAWN
                    )
                    # Elements that are fading in do not have their contrast yet.
                    await page.until(f"document.querySelector('#loading')?.hidden && {drawn}", 300)
                if view == "":
                    await open_form(page)
                    # Also open what is collapsed: evidence, the split, notifications.
                    await page.value(
                        "document.querySelectorAll('details').forEach((each) => each.open = true)"
                    )
                    await page.until(
                        "document.querySelector('#notifications-room').childElementCount > 0"
                    )
                    await page.until("document.querySelector('[data-key=all-right]') !== null")
                elif view == "static/login.html":
                    # Also show the alert of a refused token.
                    await page.value("document.querySelector('[role=alert]').hidden = false")
                if view == LOST and scheme == "dark":
                    await page.value("document.body.dataset.state = 'lost'")
                await page.value(f"{BEFORE};0")
                complaints += [
                    f"{view or 'day'} {scheme}: {each}" for each in await complaints_of(page, axe)
                ]
    return complaints


async def measure(axe: Path, offline_s: float) -> dict[str, Any]:
    """Return all figures that need a browser."""
    figures: dict[str, Any] = {"load_before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory(prefix="egolog-people-") as folder:
        sound = tone(Path(folder))
        with EmbeddedRedis(Path(folder) / "redis") as server:
            async with Redis.from_url(server.url) as client:
                store = LogStore(client, "people", retention_days=30)
                await put(store, day(plan=HOURS_15))
                async with serve_page(store) as url:
                    with chromium() as port:
                        figures["first_draw_cold_s"], *_ = await measure_drawing(port, url)
                        draws = [await measure_drawing(port, url) for _ in range(DRAWS)]
                        figures["first_draw_s"] = median(wall_s for wall_s, _, _ in draws)
                        figures["first_draw_cpu_s"] = median(cpu_s for _, cpu_s, _ in draws)
                        figures["bytes"] = draws[-1][2]
                        figures["violations"] = await violations(port, url, axe)
                figures["axe_violations"] = len(figures["violations"])
                worker = Worker(store)
                with chromium(
                    *FAKE_MICROPHONE, f"--use-file-for-fake-audio-capture={sound}"
                ) as port:
                    async with tab(port) as page:
                        await recorded(page, worker, offline_s, Path(folder) / "sensor.png")
                await worker.stop()
                figures["sensor_loss"] = lost(worker)
    return figures


def measure_commands() -> dict[str, Any]:
    """Return the number of documented commands that ran, and those that failed or were skipped."""
    with tempfile.TemporaryDirectory(prefix="egolog-docs-") as folder:
        return command_figures(follow_all(Path(folder)))


def command_figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the figures for the outcomes of the documentation's commands."""
    return {
        "docs_commands_run": sum(not outcome.left_out for outcome in outcomes),
        "docs_commands_failed": sum(bool(outcome.failure) for outcome in outcomes),
        "docs_failures": [str(outcome) for outcome in outcomes if outcome.failure],
        "docs_commands_left_out": [str(outcome) for outcome in outcomes if outcome.left_out],
    }


def corrections(file: Path | None) -> dict[str, float | None]:
    """Return the gains from corrections, read from the figures of their evaluation."""
    measured = {} if file is None else json.loads(file.read_text())
    spread = measured.get("sd", {})
    return {
        f"correction_{name}{end}": values.get(name)
        for name in ("gain", "log_gain")
        for end, values in (("", measured), ("_sd", spread))
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.people",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=output_file, help="output file of the figures")
    parser.add_argument("--axe", type=Path, default=axe_file(), help="axe.min.js of axe-core")
    parser.add_argument(
        "--corrections", type=Path, help="figures of the command that measures them"
    )
    parser.add_argument("--offline", type=float, default=60.0, help="seconds without a worker")
    parser.add_argument("--no-docs", action="store_true", help="do not run the documentation")
    options = parser.parse_args(arguments)
    figures = asyncio.run(measure(options.axe, options.offline))
    if not options.no_docs:
        figures |= measure_commands()
    figures |= corrections(options.corrections)
    for name, value in figures.items():
        print(f"{name}: {value}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
