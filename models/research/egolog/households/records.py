"""Lived days as the pipeline publishes them: one record for each thirty seconds, and the truth.

What is kept is exactly what a `Scenario` record holds, the rows that an uncertain one carries
included, so whatever learns from a record can be trained and measured on these.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from models.features import Features
from models.labels import ACTIVITIES, MOTIONS, SCENARIOS, SOUND_EVENTS
from models.research.egolog.composed_days import FRAMES, Staged, heard, labels
from models.research.egolog.encoded_days import ACTIVITY_S
from models.research.egolog.scenario import MIN_SHARE, WINDOW_S
from models.research.evaluation.interference import FAR_ABOVE, far_only
from models.research.lib.array_cache import kept
from models.serving.predict import ActivityRecognizer, HarInput, ScenarioInput, ScenarioRecognizer
from schemas import REGIONS, ActivitySpan, Scenario, Vector
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.egolog.localization import Localization
    from models.serving.registry import Registry

ROWS = np.dtype("<f2")
_DECIMALS = 4
# 2026-03-02T08:00:00Z, a Monday morning.
_START_NS = 1_772_438_400 * NS


@dataclass(frozen=True)
class Lived:
    """N windows of thirty seconds of several wearers' days, in the order of each of them.

    `rows` (N, 15, 644) float16 are the scenario network's input, `scenarios` (N, 16) what the
    shipped network made of them and `truth` (N, 16) what was lived; `events` (N, 48) are 0 for
    what a record does not name, `motion` (N, 4), `spatial` (N, 8); `activity` (N, 6) indices and
    `likely` (N, 6) their probabilities; `wearer`, `day` and `window` (N,) say whose it is, on which
    day, and which of that day's.
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

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def joined(cls, parts: Sequence[Lived]) -> Lived:
        """Put several after each other."""
        columns = [f.name for f in fields(cls)]
        return cls(**{c: np.concatenate([getattr(part, c) for part in parts]) for c in columns})

    def take(self, at: NDArray[Any]) -> Lived:
        """Return the windows `at`, indices or a mask."""
        return replace(self, **{f.name: getattr(self, f.name)[at] for f in fields(self)})

    def placed(self, wearer: int, day: int, first: int) -> Lived:
        """Return the windows of one stretch as those of a wearer's day, from window `first` on."""
        return replace(
            self,
            wearer=np.full_like(self.wearer, wearer),
            day=np.full_like(self.day, day),
            window=self.window + first,
        )

    @property
    def confidence(self) -> NDArray[np.float32]:
        """Probability (N,) of each window's likeliest scenario."""
        found: NDArray[np.float32] = self.scenarios.max(axis=1)
        return found

    def record(self, number: int, scenarios: NDArray[np.float32] | None = None) -> Scenario:
        """Return window `number` as it is published; `scenarios` (16,) replace the estimate."""
        said = self.scenarios[number] if scenarios is None else scenarios
        device = f"wearer-{self.wearer[number]}"
        start_ns = _START_NS + int(self.day[number]) * 86_400 * NS
        start_ns += int(self.window[number]) * WINDOW_S * NS
        return Scenario(
            device_id=device,
            window_id=f"{device}/scenario/{start_ns}",
            session_id=f"day-{self.day[number]}",
            start_ns=start_ns,
            end_ns=start_ns + WINDOW_S * NS,
            revision="shipped",
            coverage={"audio": 1.0, "imu": 1.0},
            scenarios=_named(SCENARIOS, said),
            confidence=round(float(said.max()), _DECIMALS),
            key_frames=[],
            activities=[
                ActivitySpan(
                    start_ns=start_ns + at * ACTIVITY_S * NS,
                    end_ns=start_ns + (at + 1) * ACTIVITY_S * NS,
                    activity=ACTIVITIES[index],
                    probability=round(float(likely), _DECIMALS),
                )
                for at, (index, likely) in enumerate(
                    zip(self.activity[number], self.likely[number], strict=True)
                )
            ],
            spatial=_named(REGIONS, self.spatial[number]),
            sound_events={
                name: p for name, p in _named(SOUND_EVENTS, self.events[number]).items() if p > 0
            },
            motion=_named(MOTIONS, self.motion[number]),
            embeddings=Vector.of(self.rows[number], "<f2"),
        )

    def days(self) -> Iterator[NDArray[np.int64]]:
        """Yield the windows of each wearer's day, in order."""
        key = self.wearer * 1_000 + self.day
        for one in np.unique(key):
            at = np.flatnonzero(key == one)
            yield at[np.argsort(self.window[at])]


class Narrator:
    """Runs the shipped networks over composed days, window by window, as a worker does."""

    def __init__(self, registry: Registry) -> None:
        self._features = Features()
        localization = registry.load("localization")
        self._localization = cast("Localization", localization.module)
        self._scenarist = ScenarioRecognizer(registry)
        self._activist = ActivityRecognizer(registry)
        models = (localization, self._scenarist, self._activist)
        self.revision = sha256("".join(m.revision for m in models).encode()).hexdigest()[:12]

    def lived(self, part: Staged) -> Lived:
        """Return the records of a composed stretch of whole windows, as wearer 0's first."""
        count = part.plan.seconds // WINDOW_S
        lived, _, _ = labels(part, part.plan.seconds)
        share = lived.reshape(count, WINDOW_S, -1).mean(axis=1)
        columns: dict[str, list[Any]] = {f.name: [] for f in fields(Lived)}
        told: dict[str, float] | None = None
        for number in range(count):
            found, told = self._window(part, number * WINDOW_S, told)
            for name, value in found.items():
                columns[name].append(value)
        columns["truth"] = list((share >= MIN_SHARE).astype(np.float32))
        columns["wearer"] = [0] * count
        columns["day"] = [0] * count
        columns["window"] = list(range(count))
        return Lived(**{name: np.array(values) for name, values in columns.items()})

    def _window(
        self, part: Staged, first: int, told: dict[str, float] | None
    ) -> tuple[dict[str, Any], dict[str, float]]:
        mel, maps = heard(part.stage.audio(first, first + WINDOW_S), self._features)
        imu = part.stage.imu(first, first + WINDOW_S)
        regions = self._located(maps, imu.reshape(WINDOW_S, FRAMES, -1))
        activity, likely = [], []
        for start in range(0, WINDOW_S, ACTIVITY_S):
            seconds = slice(start, start + ACTIVITY_S)
            frames = slice(start * FRAMES, (start + ACTIVITY_S) * FRAMES)
            far = round(float(far_only(regions[seconds]).mean()), _DECIMALS)
            window = HarInput(mel[frames] if far <= FAR_ABOVE else None, imu[frames], told)
            said = self._activist.predict([window])[0]
            name = max(said, key=lambda label: (said[label], label))
            activity.append(ACTIVITIES.index(name))
            likely.append(said[name])
        present = np.ones(WINDOW_S, dtype=bool)
        whole = self._scenarist.predict([ScenarioInput(mel, imu, present, present)])[0]
        found = {
            "rows": whole.embeddings.astype(ROWS),
            "scenarios": _valued(SCENARIOS, whole.scenarios),
            "events": _valued(SOUND_EVENTS, whole.sound_events),
            "motion": _valued(MOTIONS, whole.motion),
            "spatial": regions.mean(axis=0).astype(np.float32),
            "activity": np.array(activity),
            "likely": np.array(likely, np.float32),
        }
        return found, whole.scenarios

    def _located(self, maps: NDArray[np.float16], imu: NDArray[np.float32]) -> NDArray[np.float64]:
        """Regions (30, 8) of each second; all at once, which differs in the last bits only."""
        with torch.inference_mode():
            found = self._localization.regions(
                torch.from_numpy(maps.astype(np.float32)),
                torch.from_numpy(np.ascontiguousarray(imu.transpose(0, 2, 1))),
            )
        regions: NDArray[np.float64] = np.round(found.double().numpy(), _DECIMALS)
        return regions


def narrated(narrator: Narrator, staged: Callable[[], Staged], folder: Path | None) -> Lived:
    """Return the records of a composed stretch, from `folder` where they were made before."""
    columns = [f.name for f in fields(Lived)]
    return Lived(**kept(folder, columns, lambda: vars(narrator.lived(staged()))))


def _named(names: Sequence[str], values: NDArray[np.float32]) -> dict[str, float]:
    rounded = [round(float(value), _DECIMALS) for value in values]
    return dict(zip(names, rounded, strict=True))


def _valued(names: Sequence[str], probabilities: dict[str, float]) -> NDArray[np.float32]:
    return np.array([probabilities.get(name, 0.0) for name in names], np.float32)
