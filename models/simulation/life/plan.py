"""What a plan of a day holds: scenario spans, activity spans and sound events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.simulation.acoustics.rooms import Room
    from models.simulation.life.motion import Manner


@dataclass(frozen=True)
class ScenarioSpan:
    """A scenario in [start_s, stop_s) and its room."""

    start_s: int
    stop_s: int
    label: str
    room: Room


@dataclass(frozen=True)
class PlannedActivity:
    """An activity in [start_s, stop_s): how the head moves, and the headings at its two ends.

    `own` names the scenario whose own spell it is, None where most scenarios have such spells.
    """

    start_s: int
    stop_s: int
    label: str
    manner: Manner
    seed: int
    headings: tuple[float, float]
    pace: float
    vehicle: bool
    own: str | None = None


@dataclass(frozen=True)
class SoundEvent:
    """A sound in [start_s, stop_s).

    A near source turns with the body: `azimuth` (rad, counter-clockwise) is relative to it. A far
    one is fixed in the room: its azimuth is relative to the world. `source` and `take` are the
    seeds of the source and of this rendition; `level_db` is the level at the ears in dB of full
    scale; `pace` scales the cadence of the wearer's own steps.
    """

    start_s: float
    stop_s: float
    label: str
    near: bool
    azimuth: float
    distance_m: float
    level_db: float
    source: int
    take: int
    room: Room
    pace: float | None = None
    interferer: bool = False


@dataclass(frozen=True)
class Plan:
    """The plan of [0, seconds); simultaneous scenarios have spans with the same borders."""

    seconds: int
    scenarios: tuple[ScenarioSpan, ...]
    activities: tuple[PlannedActivity, ...]
    sounds: tuple[SoundEvent, ...]
