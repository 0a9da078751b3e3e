"""docs/PERFORMANCE.md from the figures: tables, two plots, and the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.report import headings
from bench.report.plots import draw_subjects, draw_wearers
from models.research.lib.page_sections import sections
from models.research.lib.tables import table
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from bench.report.figures import Figures

_FIGURES = "figures"


def write_page(figures: Figures, path: Path) -> None:
    """Write the page to `path`, and its plots to the folder `figures` beside it.

    The section of `bench.gpu` stays as it is.
    """
    folder = path.parent / _FIGURES
    folder.mkdir(parents=True, exist_ok=True)
    draw_subjects(figures, folder / "cost.png")
    draw_wearers(figures, folder / "wearers.png")
    kept = sections(path.read_text("utf-8")).get(headings.GPU) if path.is_file() else None
    text = "\n\n".join([*_parts(figures), *([] if kept is None else [kept])])
    write_atomically(path, text + "\n")


def _parts(figures: Figures) -> list[str]:
    return [
        *_head(figures),
        *_comparison(figures),
        *_by_load(figures),
        "## Latency in real time",
        "From when the broker has the frame that closes a window (of the later of its two streams) "
        "to its record in its topic, and in the log. The wearers' clocks are aligned: all windows "
        "close at once.",
        _latency(figures),
        "## Memory, start, topics, disk",
        "Bytecode is there before any start, as pip leaves it.",
        _memory(figures),
        _traffic(figures),
    ]


def _head(figures: Figures) -> list[str]:
    machine = figures["machine"]
    packages = ", ".join(f"{name} {at}" for name, at in machine["packages"].items())
    return [
        "# Performance",
        f"Written by `{figures['command']}`; nothing here is typed by hand. All costs are CPU time "
        "of the processes named, in milliseconds for each second of each simulated wearer (stereo "
        "sound at 16 kHz and motion at 50 Hz unless a table says otherwise), so that a thousand "
        "divided by it is wearers a core. Walls of time are given as ratios of runs in one call "
        "only.",
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}, {packages}; load average before the "
        f"run {machine['load_before']}. Sizes: {_sizes(figures)}.",
        *_skipped_parts(figures),
        "## In short",
        _headline(figures),
    ]


def _comparison(figures: Figures) -> list[str]:
    """Return the section on the product, the bare loop and the peers, side by side."""
    return [
        "## The product, the bare loop and its peers",
        "Interleaved: each round gives every subject the same frames, one after the other, in an "
        "order that turns. The bare loop runs the same features and networks on arrays in memory. "
        "With constant networks the product does everything but think: they took "
        f"{figures['constant_networks_ms']:.2f} ms of a wearer-second. The aiokafka loop and "
        "quixstreams decode, window, featurize, run the networks and publish; they keep no log, "
        "refine nothing and checkpoint nothing, which the product does. The product keeps its "
        "threads on one core, as a worker with a free core does (`EGOLOG_CPU_AFFINITY`). Its peers "
        "and the bare loop compute on one thread, which gains nothing by a core of its own, and "
        "are left to the system.",
        _subjects(figures),
        f"![Cost of each subject]({_FIGURES}/cost.png)",
        "Where the bare loop's time goes, and what the stream adds:",
        _stages(figures),
        "By thread of the product (Linux counts them; `main` is the event loop):",
        _threads(figures),
        "The event loop was blocked for more than 50 ms (of its own computing) in "
        f"{figures['loop_blocked']['over_50_ms']} of {figures['loop_blocked']['looks']} looks, "
        "up to fifty a second.",
        "The broker's and the store's own cost beside it: "
        + ", ".join(f"{name} {ms:.2f} ms" for name, ms in figures["services_ms"].items())
        + ".",
    ]


def _by_load(figures: Figures) -> list[str]:
    """Return the section on what costs depend on, and what producing costs."""
    return [
        "## Wearers, clocks, rates, workers",
        _costs("wearers of one worker", figures["wearers"]),
        f"![Cost by number of wearers]({_FIGURES}/wearers.png)",
        "What follows is measured in this order in a worker of its own.",
        _costs("clocks", figures["clocks"]),
        _costs("signals", figures["rates"]),
        _costs("sessions", figures["sessions"]),
        "Each worker keeps to a core of its own, and begins once the broker has all frames: one on "
        "both cores would use the second too, and whoever sends would take turns with both. The "
        "broker, the store and who waits for the records still share the workers' cores: what two "
        "would be worth had these cores of their own says the last column.",
        _workers(figures),
        f"`replay --speed max` costs {figures['producer_ms']:.2f} ms a wearer-second: "
        f"{figures['ms_per_wearer_second']['total'] / figures['producer_ms']:.0f} times less than "
        "the worker.",
    ]


def _sizes(figures: Figures) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures["sizes"].items())


def _skipped_parts(figures: Figures) -> list[str]:
    return [f"Left out: {name}, because {why}." for name, why in figures["skipped"].items()]


def _headline(figures: Figures) -> str:
    latency = figures["latency_ms"]
    fleets = figures["latency"][figures["broker"]]
    largest = max(fleets, key=int)
    together = fleets[largest]["topic"] if len(fleets) > 1 else {}
    rows = [
        ["wearers a core", f"{figures['wearers_per_core']:.1f}"],
        ["CPU, ms a wearer-second", f"{figures['ms_per_wearer_second']['total']:.2f}"],
        ["of it the stream's own share, ms", f"{figures['stream_ms']:.2f}"],
        ["bare loop / product", f"{figures['bare_ratio']:.2f}"],
        ["product / quixstreams", _or_dash(figures["quixstreams_ratio"], "{:.2f}")],
        *(
            [f"{name}, p50 / p99, {figures['latency_wearers']} wearer, ms", _p50_p99(each)]
            for name, each in latency.items()
        ),
        *(
            [f"{name}, p50 / p99, {largest} wearers with aligned clocks, ms", _p50_p99(each)]
            for name, each in together.items()
        ),
        ["memory at the first record, MB", f"{figures['rss_mb']:.0f}"],
        ["memory a wearer, MB", f"{figures['rss_mb_per_wearer']:.2f}"],
        ["cold start to the first record, CPU s", f"{figures['cold_start_cpu_s']:.1f}"],
        [
            "disk a wearer-day of 16 h without raw sound, with an hour of motion, MB",
            _or_dash(figures["disk_mb_per_wearer_day"], "{:.0f}"),
        ],
    ]
    return table(["figure", "value"], rows)


def _subjects(figures: Figures) -> str:
    rows = [
        [
            name,
            f"{each['ms']:.2f}",
            f"{min(each['rounds']):.2f} to {max(each['rounds']):.2f}",
            f"{1e3 / each['ms']:.0f}",
            f"{each.get('bare_ratio', 1.0):.2f}",
            _or_dash(each.get("idle_ms_a_second"), "{:.1f}"),
        ]
        for name, each in figures["subjects"].items()
    ]
    return table(
        ["subject", "ms", "rounds", "wearers a core", "bare loop / it", "at rest, ms a second"],
        rows,
    )


def _stages(figures: Figures) -> str:
    stages = figures["ms_per_wearer_second"]
    return table(["stage", "ms"], [[name, f"{ms:.2f}"] for name, ms in stages.items()])


def _threads(figures: Figures) -> str:
    product = next(each for name, each in figures["subjects"].items() if name.startswith("product"))
    rows = [[name, f"{ms:.2f}"] for name, ms in _largest_first(product["threads_ms"])]
    return table(["thread", "ms"], rows)


def _largest_first(threads: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(threads.items(), key=lambda each: -each[1])


def _costs(what: str, costs: dict[str, Any]) -> str:
    rows = [
        [name, f"{cost['ms']:.2f}", f"{cost['wearer_seconds']:.0f}", f"{cost['resident_mb']:.0f}"]
        for name, cost in costs.items()
    ]
    return table([what, "ms", "wearer-seconds", "memory after, MB"], rows)


_WORKERS = {
    "ms": "ms, all together",
    "beside_ms": "broker, store and benchmark, ms",
    "cores": "cores busy",
    "speed": "speed against one",
    "speed_by_cpu": "speed by the workers' CPU alone",
}


def _workers(figures: Figures) -> str:
    rows = [
        [count, *(f"{each[name]:.2f}" for name in _WORKERS)]
        for count, each in figures["workers"].items()
    ]
    return table(["workers", *_WORKERS.values()], rows)


def _latency(figures: Figures) -> str:
    rows = []
    for broker, by_count in figures["latency"].items():
        for count, delays in by_count.items():
            for where in ("topic", "log"):
                rows += [
                    [
                        broker,
                        count,
                        f"{name} → {where}",
                        *(f"{each[p]:.0f}" for p in ("p50", "p95", "p99")),
                        str(each["count"]),
                    ]
                    for name, each in delays[where].items()
                ]
    return table(["broker", "wearers", "record", "p50, ms", "p95", "p99", "records"], rows)


def _memory(figures: Figures) -> str:
    rows = [
        [
            name,
            f"{each['cold_start']['cpu_s']:.1f}",
            f"{each['cold_start']['resident_mb']:.0f}",
        ]
        for name, each in figures["subjects"].items()
        if "cold_start" in each
    ]
    return table(["subject", "CPU s to the first record", "memory then, MB"], rows)


def _traffic(figures: Figures) -> str:
    rows = [
        [name, f"{each['messages']:.3f}", f"{each['octets']:.0f}", f"{each['disk_octets']:.0f}"]
        for name, each in figures["traffic"].items()
    ]
    return table(["topic", "messages a wearer-second", "bytes", "bytes on disk"], rows)


def _p50_p99(each: dict[str, float]) -> str:
    return f"{each['p50']:.0f} / {each['p99']:.0f}"


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
