"""Estimate + `spatial` + `activity` → `scenario`: one record for each thirty seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import metrics
from operators.doubt import doubt
from operators.scenario_record import scenario_record
from streams.class_mix import count_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.settings import Settings
    from schemas import Activity, BodyPosition, Scenario, ScenarioEstimate, Spatial
    from schemas.sound_place import NearAndFarSounds


class ScenarioJoiner:
    """Joins the results of the three agents for thirty seconds into one record."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def record(
        self,
        estimate: ScenarioEstimate,
        seconds: Sequence[Spatial],
        activities: Sequence[Activity],
        missing: Sequence[str],
        apart: Mapping[int, NearAndFarSounds] | None = None,
        position: BodyPosition | None = None,
    ) -> Scenario:
        """Return the record of an estimate; `missing` lists the parts that failed.

        `apart` are the near and far sounds in segments of its window, `position` is that of the
        device.
        """
        settings = self._settings
        record = scenario_record(
            estimate,
            seconds,
            activities,
            missing,
            unsure_below=settings.activity_unsure_below,
            apart=apart,
            position=position,
        )
        metrics.scenarios.inc()
        count_scenario(record)
        if doubt(record, settings.llm_confidence_threshold) is not None:
            metrics.uncertain_scenarios.inc()
        return record
