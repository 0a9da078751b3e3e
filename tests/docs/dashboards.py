"""Draw docs/figures/dashboard-*.png: `python -m tests.docs.dashboards`.

A worker logs simulated wearers and a device with a bad connection, and is killed halfway, while
Prometheus scrapes it. Matplotlib plots the panels of each dashboard from Grafana's queries and
layout; Grafana's own rendering is finer. Needs Prometheus (Debian: prometheus).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter
from PIL import Image

from infra.local.broker_embedded import EmbeddedBroker
from infra.local.redis_embedded import EmbeddedRedis
from schemas.output_path import output_folder
from tests.conftest import Services
from tests.dashboard_queries import BY_QUESTION
from tests.docs import troubled_device
from tests.pipeline.running import Worker, settings_for, wait_until_settled
from tests.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

FIGURES = Path(__file__).parents[2] / "docs" / "figures"
INTERVAL_S = 1.0
# Simulated devices, minutes and playback speed, which give a few minutes of data.
WEARERS, MINUTES, SPEED = 2, 6, 4
UNITS = {"bytes": EngFormatter("B"), "percentunit": PercentFormatter(1.0), "s": EngFormatter("s")}
_STEPS = 120
_COLUMNS, _WIDE, _HIGH = 24, 12.0, 0.24
_MAX_NAMED = 8
# Otherwise a line that stays the same lies in the frame.
_ROOM_ABOVE = 1.05


def expand_query(expr: str, board: dict[str, Any], interval: str = "20s") -> str:
    """Return a query with all variables set to "All"."""
    for each in board["templating"]["list"]:
        expr = expr.replace(f"${each['name']}", ".*")
    return expr.replace("$__rate_interval", interval)


def legend_text(legend: str, labels: dict[str, str]) -> str:
    """Return a legend with a series' labels."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), legend)


def draw(board: dict[str, Any], prometheus: Prometheus, span: tuple[float, float]) -> Any:
    """Return a figure with the panels of a dashboard at their places."""
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = Figure(figsize=(_WIDE, rows * _HIGH), layout="constrained")
    grid = figure.add_gridspec(rows, _COLUMNS)
    for panel in panels:
        at = panel["gridPos"]
        axes = figure.add_subplot(grid[at["y"] : at["y"] + at["h"], at["x"] : at["x"] + at["w"]])
        axes.set_title(panel["title"], fontsize=8, loc="left", fontweight="bold")
        axes.tick_params(labelsize=6)
        if panel["type"] == "table":
            _table(axes, panel, board, prometheus)
        else:
            _lines(axes, panel, board, prometheus, span)
    return figure


def _lines(
    axes: Axes,
    panel: dict[str, Any],
    board: dict[str, Any],
    prometheus: Prometheus,
    span: tuple[float, float],
) -> None:
    begin, end = span
    series: list[tuple[str, list[float], list[float]]] = []
    for target in panel["targets"]:
        expr = expand_query(target["expr"], board)
        for found in prometheus.query_range(expr, begin, end, (end - begin) / _STEPS):
            name = legend_text(target.get("legendFormat", ""), found["metric"])
            times = [at - begin for at, _ in found["values"]]
            series.append((name, times, [float(value) for _, value in found["values"]]))
    defaults = panel["fieldConfig"]["defaults"]
    moving = [each for each in series if any(value and not math.isnan(value) for value in each[2])]
    if not moving:
        zero = any(value == 0 for _, _, values in series for value in values)
        text = "0 throughout" if zero else "nothing measured"
        axes.set_axis_off()
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", fontsize=7)
    if defaults.get("custom", {}).get("stacking"):
        every = sorted({time for _, times, _ in moving for time in times})
        parts = [_at(every, times, values) for _, times, values in moving]
        if every:
            axes.stackplot(every, parts, labels=[name for name, *_ in moving])
    else:
        for name, times, values in moving:
            axes.plot(times, values, label=name, linewidth=1)
    if "min" in defaults:
        axes.set_ylim(defaults["min"], axes.get_ylim()[1] * _ROOM_ABOVE)
    if defaults["unit"] in UNITS:
        axes.yaxis.set_major_formatter(UNITS[defaults["unit"]])
    # A legend of everything would hide the panel.
    handles, names = axes.get_legend_handles_labels()
    if names:
        axes.legend(handles[:_MAX_NAMED], names[:_MAX_NAMED], fontsize=5, loc="upper left")
    axes.set_xlabel("s", fontsize=6)


def _at(every: list[float], times: list[float], values: list[float]) -> list[float]:
    """Return the values at all times, 0 where nothing was measured."""
    known = {at: value for at, value in zip(times, values, strict=True) if not math.isnan(value)}
    return [known.get(at, 0.0) for at in every]


def _table(
    axes: Axes, panel: dict[str, Any], board: dict[str, Any], prometheus: Prometheus
) -> None:
    axes.set_axis_off()
    rows = [
        [*found["metric"].values(), found["value"][1]]
        for target in panel["targets"]
        for found in prometheus.query(expand_query(target["expr"], board))
    ]
    if rows:
        axes.table(rows, loc="upper left", fontsize=6)


def _log_some_trouble(worker: Worker) -> None:
    """Send all devices' frames; halfway the worker is killed, and started again."""
    simulate = ("simulate", "--minutes", str(MINUTES), "--speed", str(SPEED))
    senders = [
        threading.Thread(
            target=asyncio.run, args=(troubled_device.send(worker.settings, MINUTES, SPEED),)
        ),
        *(
            threading.Thread(target=worker.command, args=(*simulate, "--seed", str(seed)))
            for seed in range(WEARERS)
        ),
    ]
    for sender in senders:
        sender.start()
    time.sleep(MINUTES * 60 / SPEED / 2)
    worker.kill()
    worker.start()
    for sender in senders:
        sender.join()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.dashboards", description=__doc__)
    parser.add_argument("--out", type=output_folder, default=FIGURES, help="folder of the pictures")
    out = parser.parse_args(arguments).out
    with (
        tempfile.TemporaryDirectory(prefix="egolog-dashboards-") as folder,
        EmbeddedBroker(Path(folder) / "broker") as broker,
        EmbeddedRedis(Path(folder) / "redis") as redis,
    ):
        settings = settings_for(Services(broker.url, redis.url), Path(folder) / "run", "dashboards")
        worker = Worker(settings)
        worker.command("topics", "--create")
        target = f"127.0.0.1:{settings.web_port}"
        with worker, Prometheus(Path(folder), [target], interval_s=INTERVAL_S) as prometheus:
            worker.wait_until(lambda: prometheus.query("egolog_frames_total"))
            begin = time.time()
            _log_some_trouble(worker)
            wait_until_settled(worker)
            time.sleep(5 * INTERVAL_S)
            for file in BY_QUESTION:
                board = json.loads(file.read_text(encoding="utf-8"))
                figure = draw(board, prometheus, (begin, time.time()))
                picture = out / f"dashboard-{file.stem}.png"
                figure.savefig(picture, dpi=100)
                few = Image.open(picture).convert("RGB").quantize(64, dither=Image.Dither.NONE)
                few.save(picture, optimize=True)
                print(f"wrote {picture} ({picture.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
