"""Days of a household of wearers, composed and run through the networks, in parallel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.research.egolog.households.records import HouseholdWindows, cached_records
from models.research.egolog.households.wearers import Domain, Resident
from models.research.egolog.offline_pipeline import OfflinePipeline
from models.research.lib.process_pool import process_pool
from models.serving.one_thread import pin_one_thread
from models.serving.registry import Registry
from models.simulation.sources.material import Material, unseen_material

if TYPE_CHECKING:
    from pathlib import Path

# Windows from the start of one stretch of a day to the next: three hours.
_APART = 360


@dataclass(frozen=True)
class Calendar:
    """A household of `wearers` with several stretches of `minutes` per day.

    `stretches` is their number on each day, `seed` the random seed. `shared_time` None composes
    days as in training; a number shifts the domain, and is the share of a scenario's time that it
    has in common with the others, 0.52 in training. `muffled_db` is the attenuation of a shifted
    domain's earphones, dB per octave. `validation` composes from the recordings that the weights
    were selected on, otherwise from unseen ones.
    """

    seed: int
    wearers: int
    stretches: tuple[int, ...]
    minutes: int
    shared_time: float | None
    muffled_db: float = 0.0
    validation: bool = False

    def material(self, data: Path | None) -> Material:
        """Return the material that the days are composed of."""
        return sources(data, validation=self.validation)

    @property
    def name(self) -> str:
        """The calendar's name, without its material."""
        kind = "usual" if self.shared_time is None else f"shifted-{self.shared_time:g}"
        if self.muffled_db:
            kind += f"-{self.muffled_db:g}dB"
        return f"{kind}-{self.seed}-{self.minutes}min"


def sources(data: Path | None, *, validation: bool) -> Material:
    """Return the recordings that the weights were selected on, or unseen ones."""
    if validation:
        return Material.read(data, "validation", elsewhere=False)
    return unseen_material(data)


def household_windows(
    calendar: Calendar, weights: Path, data: Path | None, cache: Path, processes: int = 2
) -> HouseholdWindows:
    """Return every record of a calendar, computed by `processes`; cached per wearer in `cache`."""
    numbers = range(calendar.wearers)
    if processes == 1:
        return HouseholdWindows.concatenate(
            [_of_wearer(calendar, n, weights, data, cache) for n in numbers]
        )
    with process_pool(processes) as pool:
        jobs = [pool.submit(_of_wearer, calendar, n, weights, data, cache) for n in numbers]
        return HouseholdWindows.concatenate([job.result() for job in jobs])


def _of_wearer(
    calendar: Calendar, number: int, weights: Path, data: Path | None, cache: Path
) -> HouseholdWindows:
    pin_one_thread()
    pipeline = OfflinePipeline(Registry(weights))
    material = calendar.material(data)
    domain = Domain.usual()
    if calendar.shared_time is not None:
        drawing = np.random.default_rng([calendar.seed, 21])
        domain = Domain.draw_shifted(drawing, calendar.shared_time, calendar.muffled_db)
    rng = np.random.default_rng([calendar.seed, number, 22])
    resident = Resident.draw(number, domain, material, rng)
    parts: list[HouseholdWindows] = []
    for day, count in enumerate(calendar.stretches):
        for part in range(count):
            at = sum(calendar.stretches[:day]) + part
            records = cached_records(
                pipeline,
                lambda at=at: resident.stretch(  # type: ignore[misc]
                    calendar.minutes,
                    material,
                    np.random.default_rng([calendar.seed, number, at, 23]),
                ),
                cache / f"lived-{pipeline.revision}-{material.name}-{calendar.name}-{number}-{at}",
            )
            parts.append(records.place(number, day, part * _APART))
    return HouseholdWindows.concatenate(parts)
