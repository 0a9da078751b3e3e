"""docs/RELIABILITY.md from the figures of the trials."""

from __future__ import annotations

from typing import Any

from models.research.lib.tables import table

Figures = dict[str, Any]

FILLING_MINUTES = 60.0
_HEAD = [
    "fault",
    "records",
    "missing",
    "extra",
    "different",
    "duplicates",
    "longest silence, s",
    "verdict",
]


def page(
    figures: Figures,
    soak: Figures | None,
    neighbours: Figures | None = None,
    simulation: Figures | None = None,
    larger: Figures | None = None,
) -> str:
    """Return the page."""
    machine, size = figures["machine"], figures["size"]
    outcomes = figures["outcomes"]
    kept = sum(outcome["kept"] for outcome in outcomes)
    parts = [
        "# What faults cost",
        f"Written by `{figures['command']}` on {figures['date']}: Apache Kafka, Redis with an "
        f"append-only file and two workers on one machine of {machine['cores']} cores "
        f"({machine['processor']}); load before: {machine['load_before']:g}. "
        f"{size['wearers']} simulated wearers send {size['seconds']} s of sound and motion each at "
        f"a playback speed of {size['speed']:g}, and a fault strikes meanwhile. The log is "
        "compared, record by record and bit for bit, with that of the calm run, the first line.",
        f"**{kept} of {len(outcomes)} logs are the calm run's.** Others used the same cores: every "
        "time below is an upper bound, the counts are not.",
        *_tables(outcomes),
        "`duplicates` are records that were published more than once, which the log keeps once. "
        "`longest silence` is the longest time in which some wearer had no new record of a second "
        "while one was due.",
        *_notes(outcomes, figures["skipped"]),
        *([] if larger is None else _larger(larger)),
        *([] if simulation is None else _simulation(simulation)),
        *([] if neighbours is None else _neighbours(neighbours)),
        *([] if soak is None else _soak(soak)),
    ]
    return "\n\n".join(parts) + "\n"


def _tables(outcomes: list[Figures]) -> list[str]:
    parts = []
    for kind in dict.fromkeys(outcome["kind"] for outcome in outcomes):
        rows = [_row(outcome) for outcome in outcomes if outcome["kind"] == kind]
        title = "Nothing broken" if kind == "none" else kind.capitalize()
        parts += [f"## {title}", table(_HEAD, rows)]
    return parts


def _row(outcome: Figures) -> list[str]:
    counts = [outcome[n] for n in ("expected", "missing", "extra", "different", "duplicates")]
    verdict = "kept" if outcome["kept"] else "**changed**"
    return [outcome["fault"], *map(str, counts), f"{outcome['silence_s']:.1f}", verdict]


def _notes(outcomes: list[Figures], skipped: dict[str, str]) -> list[str]:
    lines = [f"- {each['fault']}: {note}." for each in outcomes for note in each["notes"]]
    lines += [
        f"- {each['fault']}: {each['restarts']} worker(s) ended by themselves and were started "
        "again, as a supervisor does."
        for each in outcomes
        if each["restarts"]
    ]
    lines += [f"- Not run here: {fault}: {why}." for fault, why in skipped.items()]
    return ["\n".join(lines)] if lines else []


def _larger(larger: Figures) -> list[str]:
    size = larger["size"]
    return [
        f"## With {size['wearers']} wearers",
        f"Written by `{larger['command']}` on {larger['date']} (load before: "
        f"{larger['machine']['load_before']:g}), at a playback speed of {size['speed']:g}.",
        table(_HEAD, [_row(outcome) for outcome in larger["outcomes"]]),
    ]


def _simulation(simulation: Figures) -> list[str]:
    return [
        "## Simulated",
        f"Written by `{simulation['command']}` on {simulation['date']}: windowers, stages and "
        "queues as they are, between a broker, a store and networks that are played in one process "
        "without a clock, so that all that happens follows a seed: crashes, rebalances, devices "
        "that fall silent, frames that come again, networks that fail. "
        f"**{simulation['kept']:,} of {simulation['seeds']:,} seeds** end in the calm run's log.",
    ]


def _neighbours(neighbours: Figures) -> list[str]:
    rows = [
        [
            topic,
            f"{each['calm']['count']:,} / {each['beside']['count']:,}",
            *(f"{each[name][p]:.0f}" for name in ("calm", "beside") for p in ("p50", "p99")),
            f"{neighbours['p99_ratio'][topic]:.2f}",
            " to ".join(f"{end:.2f}" for end in neighbours["p99_ratio_interval"][topic]),
        ]
        for topic, each in neighbours["latency_ms"].items()
    ]
    cpu_ms = neighbours["cpu_ms_a_second"]
    head = ["record", "records", "calm, p50", "p99", "beside it, p50", "p99", "p99, ratio"]
    return [
        "## Neighbours of a device that floods",
        f"Written by `{neighbours['command']}` on {neighbours['date']} (load before: "
        f"{neighbours['machine']['load_before']:g}): {neighbours['wearers']} simulated wearers "
        f"send {neighbours['seconds']} s in real time to one worker, without and beside a device "
        f"that sends {neighbours['noisy_hz']} frames of one sample a second. From the frame that "
        "closes a window to its record in its topic, ms; the neighbours' alone. The interval holds "
        "the ratio in 95 % of draws of as many wearers from those that were measured.",
        table([*head, "95 % interval"], rows),
        f"The worker computes for {cpu_ms['calm']:.0f} ms a second, and for "
        f"{cpu_ms['beside']:.0f} beside the device.",
    ]


def _soak(soak: Figures) -> list[str]:
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
    return [
        "## Over time",
        f"Written by `{soak['command']}` on {soak['date']}: one worker and a fleet of simulated "
        "wearers that never stops. What a worker is held to over two hours: a slope of memory "
        "under 1 % an hour, open files that stay, an event loop that never computes for over "
        "200 ms, no lag at the end. "
        f"This run took {soak['minutes']:.0f} minutes"
        + (
            ", in which caches still fill: its slope says less than that of the two hours that the "
            "command takes unless told otherwise."
            if soak["minutes"] < FILLING_MINUTES
            else "."
        ),
        table(["figure", "value"], rows),
    ]
