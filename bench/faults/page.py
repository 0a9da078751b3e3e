"""docs/RELIABILITY.md from the figures of the trials."""

from __future__ import annotations

from typing import Any

from models.research.lib.tables import table

Figures = dict[str, Any]

# The kind of the run without a fault.
CALM_KIND = "none"

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


def page(figures: Figures) -> str:
    """Return the page, without the sections of other runs and commands."""
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
    ]
    return "\n\n".join(parts) + "\n"


def _tables(outcomes: list[Figures]) -> list[str]:
    parts = []
    for kind in dict.fromkeys(outcome["kind"] for outcome in outcomes):
        rows = [_row(outcome) for outcome in outcomes if outcome["kind"] == kind]
        parts += [heading(kind), table(_HEAD, rows)]
    return parts


def heading(kind: str) -> str:
    """Return the heading of the section on a kind of faults."""
    return "## Nothing broken" if kind == CALM_KIND else f"## {kind.capitalize()}"


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


def larger_section(larger: Figures) -> str:
    """Return the section on trials with more wearers."""
    size = larger["size"]
    parts = [
        f"## With {size['wearers']} wearers",
        f"Written by `{larger['command']}` on {larger['date']} (load before: "
        f"{larger['machine']['load_before']:g}), at a playback speed of {size['speed']:g}.",
        table(_HEAD, [_row(outcome) for outcome in larger["outcomes"]]),
    ]
    return "\n\n".join(parts)


def simulation_section(simulation: Figures) -> str:
    """Return the section on the figures of `python -m tests.simulation`."""
    parts = [
        "## Simulated",
        f"Written by `{simulation['command']}` on {simulation['date']}: windowers, stages and "
        "queues as they are, between a broker, a store and networks that are played in one process "
        "without a clock, so that all that happens follows a seed: crashes, rebalances, workers "
        "that freeze and go on after others took over, devices that fall silent, frames that come "
        "again, networks that fail. "
        f"**{simulation['kept']:,} of {simulation['seeds']:,} seeds** end in the calm run's log.",
    ]
    return "\n\n".join(parts)
