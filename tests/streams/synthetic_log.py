"""A seeded day of records as written by the agents, for the page's tests."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from schemas import Activity, ActivitySpan, Refined, Scenario, SoundPlace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.daily_log.store import LogStore

NS = 1_000_000_000
MORNING = int(datetime(2025, 11, 20, 7, 30, tzinfo=UTC).timestamp())


# Of the first and of the second sound of a half minute.
PLACES = (
    SoundPlace(distance="near", near=0.86, direction="front", direction_probability=0.71),
    SoundPlace(distance="far", near=0.08, direction="left", direction_probability=0.64, apart=True),
)


class Part(NamedTuple):
    minutes: int
    scenario: str
    rival: str
    activities: tuple[str, ...]
    sounds: tuple[str, ...]


PLAN: tuple[Part, ...] = (
    Part(20, "Daily hygiene", "Household cleaners", ("brushing teeth", "standing"), ("water tap",)),
    Part(25, "Cooking", "Household cleaners", ("standing", "walking"), ("frying", "cutlery")),
    Part(20, "Eating", "Cooking", ("eating", "drinking", "sitting"), ("cutlery", "chewing")),
    Part(30, "Car - commuting, road trip", "Walking on street", ("sitting",), ("engine",)),
    Part(95, "Working at desk", "Reading books", ("typing on a keyboard", "sitting"), ("typing",)),
    Part(45, "Participating in a meeting", "Working at desk", ("talking", "sitting"), ("speech",)),
    Part(25, "Walking on street", "Grocery shopping indoors", ("walking",), ("vehicle", "wind")),
    Part(0, "", "", (), ()),
    Part(35, "Eating", "Talking with friends/housemates", ("eating", "talking"), ("cutlery",)),
    Part(80, "Working at desk", "Handyman", ("typing on a keyboard", "writing"), ("mouse click",)),
    Part(30, "Grocery shopping indoors", "Walking on street", ("walking", "standing"), ("music",)),
    Part(40, "Cooking", "Eating", ("standing", "walking", "washing hands"), ("frying",)),
    Part(50, "Watching tv", "Talking with friends/housemates", ("watching TV",), ("television",)),
    Part(25, "Reading books", "Watching tv", ("sitting",), ("clock",)),
)
GAP_MINUTES = 40


class Records(NamedTuple):
    scenarios: list[Scenario]
    refined: list[Refined]
    activities: list[Activity]


def day(
    device: str = "glasses-01", start_s: int = MORNING, plan: Sequence[Part] = PLAN, seed: int = 0
) -> Records:
    """Return the records of `plan`; a part of 0 minutes is a gap of `GAP_MINUTES`."""
    rng = random.Random(seed)
    records = Records([], [], [])
    at = start_s * NS
    for part in plan:
        if part.minutes == 0:
            at += GAP_MINUTES * 60 * NS
        for _ in range(2 * part.minutes):
            _half_minute(records, rng, device, at, part)
            at += 30 * NS
    return records


async def put(store: LogStore, records: Records) -> None:
    """Write all records."""
    await store.put_scenarios(records.scenarios)
    await store.put_refined(records.refined)
    await store.put_activities(records.activities)


def _half_minute(records: Records, rng: random.Random, device: str, at: int, part: Part) -> None:
    spans = []
    for n in range(6):
        name = rng.choices(part.activities, weights=[6, 3, 1][: len(part.activities)])[0]
        start, sure = at + n * 5 * NS, 0.5 + rng.random() / 2
        rest = "standing up" if name != "standing up" else "sitting down"
        records.activities.append(
            Activity(
                device_id=device,
                window_id=f"{device}/s/har/{start}",
                session_id="s",
                start_ns=start,
                end_ns=start + 5 * NS,
                revision="r1",
                activities={name: sure, rest: 1 - sure},
                gate="dropped" if rng.random() < 0.05 else "open",
            )
        )
        spans.append(
            ActivitySpan(start_ns=start, end_ns=start + 5 * NS, activity=name, probability=sure)
        )
    confused = rng.random() < 0.18
    sure = rng.uniform(0.25, 0.48) if confused else rng.uniform(0.6, 0.95)
    scenarios = {part.scenario: sure, part.rival: min(1.0, rng.uniform(0.1, 0.3) + confused * 0.3)}
    scenarios["Handyman"] = rng.uniform(0, 0.05)
    window = f"{device}/s/scenario/{at}"
    records.scenarios.append(
        Scenario(
            device_id=device,
            window_id=window,
            session_id="s",
            start_ns=at,
            end_ns=at + 30 * NS,
            revision="r1",
            coverage={"audio": 1.0 if rng.random() < 0.9 else 0.6, "imu": 1.0},
            scenarios=scenarios,
            confidence=max(scenarios.values()),
            key_frames=[1 / 15] * 15,
            activities=spans,
            spatial={"front-near": 0.7, "left-far": 0.2},
            sound_events={name: rng.uniform(0.3, 0.95) for name in part.sounds},
            motion={"walking": 0.8} if "walking" in part.activities else {"moving": 0.3},
            missing=["spatial"] if rng.random() < 0.03 else [],
            sound_places=dict(zip(part.sounds, PLACES, strict=False)),
        )
    )
    if confused:
        records.refined.append(
            Refined(
                device_id=device,
                window_id=window,
                session_id="s",
                start_ns=at,
                end_ns=at + 30 * NS,
                revision="prompt-1",
                scenarios=[part.scenario],
                refined_by="gpt-4o-mini",
                reason=f"{part.sounds[0]} nearby fits {part.scenario}",
                preliminary=max(scenarios, key=lambda name: scenarios[name]),
                confidence=max(scenarios.values()),
                latency_ms=480.0,
                tokens=312,
            )
        )
