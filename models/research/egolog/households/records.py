"""Composed days as the pipeline publishes them: a record per thirty seconds, and the truth.

They hold exactly the contents of a `Scenario` record, including the network inputs that uncertain
ones carry, so that everything that learns from records can be trained and evaluated on them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.features import Features
from models.labels import ACTIVITIES, MOTIONS, RECOGNISED_SOUNDS, SCENARIOS
from models.research.egolog.days.composed import StagedStretch, labels, stream_features
from models.research.egolog.days.encoded import ACTIVITY_S
from models.research.egolog.scenario import MIN_SHARE, WINDOW_S
from models.research.lib.array_cache import load_or_make
from models.research.lib.column_dataset import ColumnDataset
from models.serving.scenario_context import scenario_context
from operators.scenario_record import scenario_record
from schemas import REGIONS, Activity, Scenario, ScenarioEstimate, Spatial, Vector
from schemas.frames import NS
from schemas.ranking import likeliest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.research.egolog.offline_pipeline import OfflinePipeline, WindowEstimate

ROWS = np.dtype("<f2")
_DECIMALS = 4
# 2026-03-02T08:00:00Z, a Monday morning.
_START_NS = 1_772_438_400 * NS


@dataclass(frozen=True)
class HouseholdWindows(ColumnDataset):
    """N windows of thirty seconds of several wearers' days, in order within each day.

    `rows` (N, 15, 644) float16 are the scenario network's inputs, `scenarios` (N, 16) the shipped
    network's estimates and `truth` (N, 16) the true scenarios; `events` (N, 54) are 0 for those
    that a record does not name, `motion` (N, 4), `spatial` (N, 8); `activity` (N, 6) indices and
    `likely` (N, 6) their probabilities; `wearer`, `day` and `window` (N,) are indices, the last
    within the day.
    """

    rows: NDArray[np.float16]
    scenarios: NDArray[np.float32]
    truth: NDArray[np.float32]
    events: NDArray[np.float32]
    motion: NDArray[np.float32]
    spatial: NDArray[np.float32]
    activity: NDArray[np.int64]
    likely: NDArray[np.float32]
    wearer: NDArray[np.int64]
    day: NDArray[np.int64]
    window: NDArray[np.int64]

    def place(self, wearer: int, day: int, first: int) -> HouseholdWindows:
        """Return one stretch's windows as part of a wearer's day, starting at window `first`."""
        return replace(
            self,
            wearer=np.full_like(self.wearer, wearer),
            day=np.full_like(self.day, day),
            window=self.window + first,
        )

    @property
    def confidence(self) -> NDArray[np.float32]:
        """Probability (N,) of each window's likeliest scenario."""
        highest: NDArray[np.float32] = self.scenarios.max(axis=1)
        return highest

    def record(self, number: int, scenarios: NDArray[np.float32] | None = None) -> Scenario:
        """Return window `number` as a published record; `scenarios` (16,) replace the estimate."""
        device = f"wearer-{self.wearer[number]}"
        start_ns = _START_NS + int(self.day[number]) * 86_400 * NS
        start_ns += int(self.window[number]) * WINDOW_S * NS
        common: dict[str, Any] = {
            "device_id": device,
            "window_id": f"{device}/scenario/{start_ns}",
            "session_id": f"day-{self.day[number]}",
            "revision": "shipped",
        }
        span: dict[str, Any] = {"start_ns": start_ns, "end_ns": start_ns + WINDOW_S * NS}
        events = _by_name(RECOGNISED_SOUNDS, self.events[number])
        evidence = ScenarioEstimate(
            **common,
            **span,
            coverage={"audio": 1.0, "imu": 1.0},
            scenarios=_by_name(
                SCENARIOS, self.scenarios[number] if scenarios is None else scenarios
            ),
            key_frames=[],
            sound_events={name: p for name, p in events.items() if p > 0},
            motion=_by_name(MOTIONS, self.motion[number]),
            embeddings=Vector.of(self.rows[number], "<f2"),
            parts={},
        )
        spatial = [Spatial(**common, **span, regions=_by_name(REGIONS, self.spatial[number]))]
        activities = [
            Activity(
                **common,
                start_ns=start_ns + at * ACTIVITY_S * NS,
                end_ns=start_ns + (at + 1) * ACTIVITY_S * NS,
                activities={ACTIVITIES[index]: round(float(likely), _DECIMALS)},
            )
            for at, (index, likely) in enumerate(
                zip(self.activity[number], self.likely[number], strict=True)
            )
        ]
        return scenario_record(evidence, spatial, activities, [], unsure_below=0.0)

    def days(self) -> Iterator[NDArray[np.int64]]:
        """Yield the windows of each wearer's day, in order."""
        key = self.wearer * 1_000 + self.day
        for one in np.unique(key):
            at = np.flatnonzero(key == one)
            yield at[np.argsort(self.window[at])]


def record_stretch(pipeline: OfflinePipeline, part: StagedStretch) -> HouseholdWindows:
    """Return the records of a composed stretch of whole windows, as wearer 0's first day."""
    features = Features()
    count = part.plan.seconds // WINDOW_S
    scenarios, _, _ = labels(part, part.plan.seconds)
    share = scenarios.reshape(count, WINDOW_S, -1).mean(axis=1)
    columns: dict[str, list[Any]] = {f.name: [] for f in fields(HouseholdWindows)}
    context: dict[str, float] | None = None
    for number in range(count):
        seconds = (number * WINDOW_S, (number + 1) * WINDOW_S)
        mel, maps = stream_features(part.stage.audio(*seconds), features)
        estimate = pipeline.estimate(mel, maps, part.stage.imu(*seconds), context)
        scenario = estimate.scenario
        context = scenario_context([(0.0, scenario.scenarios)], scenario.undisturbed)
        for name, value in _columns(estimate).items():
            columns[name].append(value)
    columns["truth"] = list((share >= MIN_SHARE).astype(np.float32))
    columns["wearer"] = [0] * count
    columns["day"] = [0] * count
    columns["window"] = list(range(count))
    return HouseholdWindows(**{name: np.array(values) for name, values in columns.items()})


def cached_records(
    pipeline: OfflinePipeline, staged: Callable[[], StagedStretch], folder: Path | None
) -> HouseholdWindows:
    """Return the records of a composed stretch, cached in `folder`."""
    columns = [f.name for f in fields(HouseholdWindows)]
    return HouseholdWindows(
        **load_or_make(folder, columns, lambda: vars(record_stretch(pipeline, staged())))
    )


def _columns(estimate: WindowEstimate) -> dict[str, Any]:
    names = [likeliest(each) for each in estimate.activities]
    scenario = estimate.scenario
    return {
        "rows": scenario.embeddings.astype(ROWS),
        "scenarios": _as_array(SCENARIOS, scenario.scenarios),
        "events": _as_array(RECOGNISED_SOUNDS, scenario.sound_events),
        "motion": _as_array(MOTIONS, scenario.motion),
        "spatial": estimate.regions.mean(axis=0).astype(np.float32),
        "activity": np.array([ACTIVITIES.index(name) for name in names]),
        "likely": np.array(
            [each[name] for each, name in zip(estimate.activities, names, strict=True)],
            np.float32,
        ),
    }


def _by_name(names: Sequence[str], values: NDArray[np.float32]) -> dict[str, float]:
    rounded = [round(float(value), _DECIMALS) for value in values]
    return dict(zip(names, rounded, strict=True))


def _as_array(names: Sequence[str], probabilities: dict[str, float]) -> NDArray[np.float32]:
    return np.array([probabilities.get(name, 0.0) for name in names], np.float32)
