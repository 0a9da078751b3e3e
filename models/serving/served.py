"""The networks that a worker runs: weights by name, and the graphs that compute with them.

Weights of the same sizes share a graph. Weights without graphs are tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.egolog.localization import Array

INT8_ENDING = "_int8"


NEEDED_NAMES = {
    "localization": ("heat",),
    "motion_features": ("seconds",),
    "har": ("audio_seconds", "imu_seconds"),
}
"""Inputs and outputs that graphs made by an earlier release do not have."""


@dataclass(frozen=True)
class Served:
    """Weights by the name of their `Key`, and the `graphs` that use them.

    `int8` are the weights of the same network in eight bits; a graph `NAME_int8` of theirs replaces
    the graph `NAME`. `acceleration` are weights for devices without a gyroscope, of its graphs and
    in the same sizes; they hold the tensors that differ. Graphs of `late` weights open when they
    are first run, because most workers never run them; weights are checked before.
    """

    name: str
    labels: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    int8: Served | None = None
    acceleration: Served | None = None
    late: bool = False


def _localization(name: str, graph: str, *, late: bool = True) -> Served:
    return Served(name, ("regions",), (graph,), late=late)


LOCALIZATION_MONO = _localization("localization_mono", "localization_mono")
LOCALIZATION = _localization("localization", "localization", late=False)
ARRAYS: dict[Array, Served] = {
    "glasses": _localization("localization_glasses", "localization_four"),
    "headphones": _localization("localization_headphones", "localization_four"),
}
NEAR_FIELD = Served("near_field", graphs=("near_field",))
ENCODERS_INT8 = Served("encoders_int8", graphs=("sounds_int8", "seconds_int8"))
ENCODERS_ACCELERATION = Served(
    "encoders_acceleration", graphs=("motions", "motion_features"), late=True
)
ENCODERS = Served(
    "encoders",
    ("recognised_sounds", "categories", "motions"),
    ("sounds", "seconds", "heard", "motions", "motion_features"),
    ENCODERS_INT8,
    ENCODERS_ACCELERATION,
)
SCENARIO = Served("scenario", ("scenarios",), ("scenario_rows", "scenario"))
SCENARIO_FAMILIARITY = Served("scenario_familiarity")
SCENARIO_TEXT = Served("scenario_text", ("scenarios",))
HAR = Served("har", ("activities", "scenarios"), ("har",))
FAMILIARITY = Served("familiarity")
LANHAR_SENSOR_ACCELERATION = Served(
    "lanhar_sensor_acceleration", graphs=("lanhar_sensor",), late=True
)
LANHAR_SENSOR = Served(
    "lanhar_sensor", graphs=("lanhar_sensor",), acceleration=LANHAR_SENSOR_ACCELERATION
)
LANHAR_TEXT = Served("lanhar_text", graphs=("lanhar_text",), late=True)
LANHAR_LABELS = Served("lanhar_labels")
LANHAR_READINGS = Served("lanhar_readings")
LANHAR_POSITION = Served("lanhar_position")
LANHAR_READOUT = Served("lanhar_readout")

ALL: tuple[Served, ...] = (
    LOCALIZATION_MONO,
    LOCALIZATION,
    *ARRAYS.values(),
    NEAR_FIELD,
    ENCODERS,
    SCENARIO,
    SCENARIO_FAMILIARITY,
    SCENARIO_TEXT,
    HAR,
    FAMILIARITY,
    LANHAR_SENSOR,
    LANHAR_TEXT,
    LANHAR_LABELS,
    LANHAR_READINGS,
    LANHAR_POSITION,
    LANHAR_READOUT,
)

TRAINED_WITH: dict[str, tuple[Served, ...]] = {
    SCENARIO.name: (ENCODERS,),
    SCENARIO_FAMILIARITY.name: (ENCODERS, SCENARIO),
    HAR.name: (ENCODERS,),
    FAMILIARITY.name: (ENCODERS, HAR),
    LANHAR_LABELS.name: (LANHAR_TEXT,),
    LANHAR_SENSOR.name: (LANHAR_LABELS,),
}
"""Weights by name, and those whose outputs they were trained or fitted on.

Weights that were computed from others, and are of no use beside any else, say in their config of
which they were made.
"""
