"""Sound events of composed days: their places as a worker estimates them, and the true ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from models.egolog.interference_gate import wants_near_field
from models.egolog.microphone_balance import balanced_in_turn
from models.egolog.near_share import NearAndFar
from models.labels import SOUND_EVENTS
from models.network.windows import SEGMENT_S
from models.research.egolog.days.composed import FRAMES
from models.research.egolog.scenario import WINDOW_S
from models.serving.near_field import NearFieldExtractor
from models.serving.predict import (
    LocalizerInput,
    ScenarioInput,
    ScenarioOutput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from operators.sound_places import PlaceEvidence, place_evidence, seconds_of_event, segments_apart
from schemas import DIRECTIONS, REGIONS, NearPart, ScenarioEstimate, Spatial, Vector
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from models.egolog.near_share import NearShare
    from models.research.egolog.days.placed import PlacedDays
    from models.serving.registry import Registry
    from schemas.sound_place import NearAndFarSounds

_NEAR = np.array([region.endswith("-near") for region in REGIONS])
_SIDE = np.array([DIRECTIONS.index(region.split("-")[0]) for region in REGIONS])
_WHO: dict[str, Any] = {"device_id": "composed", "session_id": "days", "revision": "shipped"}


@dataclass(frozen=True)
class PlacedEvent:
    """A named event that is audible when detected, and the evidence for its place.

    `near` and `direction` (an index) are the truth in most of those seconds, `near` None on a tie.
    `mixed` marks that near and far sound were audible then. `all_near` and `all_direction` are the
    place by the regions of the whole half minute.
    """

    evidence: PlaceEvidence
    near: bool | None
    direction: int
    mixed: bool
    all_near: bool
    all_direction: int


@dataclass(frozen=True)
class PlacedEvents:
    """The scored events of some days, and the cost of separating near from far.

    `absent` counts named events that were not audible when detected. The near field was extracted
    in `extracted` of `seconds`, and `apart` segments of `windows` were recognised separately.
    """

    judged: tuple[PlacedEvent, ...]
    absent: int
    windows: int
    seconds: int
    extracted: int
    apart: int

    @classmethod
    def concatenate(cls, days: Iterable[PlacedEvents]) -> PlacedEvents:
        """Return the events and counts of several days together."""
        every = list(days)
        counts = ("absent", "windows", "seconds", "extracted", "apart")
        return cls(
            tuple(one for each in every for one in each.judged),
            *(sum(getattr(each, name) for each in every) for name in counts),
        )


class EventPlacer:
    """The networks that locate sound events, run as in a worker."""

    def __init__(self, registry: Registry) -> None:
        self._localizer = SoundLocalizer(registry)
        self._extractor = NearFieldExtractor(registry)
        self._recognizer = ScenarioRecognizer(registry)

    def place_events(self, days: PlacedDays) -> PlacedEvents:
        """Return the scored events of every whole half minute of `days`."""
        days = replace(days, maps=np.stack([balanced_in_turn(maps) for maps in days.maps]))
        starts = range(0, days.sounds.shape[1] - WINDOW_S + 1, WINDOW_S)
        return PlacedEvents.concatenate(
            self._window(days, index, start)
            for index in tqdm(range(len(days)), desc="sound places", mininterval=5)
            for start in starts
        )

    def _window(self, days: PlacedDays, index: int, start: int) -> PlacedEvents:
        inside, frames = (slice(start * n, (start + WINDOW_S) * n) for n in (1, FRAMES))
        mel, imu, maps = days.mel[index, frames], days.imu[index, frames], days.maps[index, inside]
        shares: dict[int, NearShare] = {}
        seconds = []
        for at, (second, motion) in enumerate(zip(maps, np.split(imu, WINDOW_S), strict=True)):
            [regions] = self._localizer.predict([LocalizerInput(second, motion)])
            if wants_near_field(regions):
                [shares[at]] = self._extractor.predict([second])
            seconds.append(_spatial(at, regions, shares.get(at)))
        there = np.ones(WINDOW_S, dtype=bool)
        [output] = self._recognizer.predict([ScenarioInput(mel, imu, there, there)])
        estimate = _estimate(output)
        chosen = segments_apart(estimate, seconds, SEGMENT_S)
        apart = {at: self._apart(mel, shares, at) for at in chosen}
        judged, absent = [], 0
        for name, segments in estimate.event_segments.items():
            if name not in SOUND_EVENTS:
                continue
            within = sorted(seconds_of_event(estimate, segments))
            sounds = days.sounds[index, inside][within]  # (L, 48, 8)
            own = sounds[:, SOUND_EVENTS.index(name)].sum(axis=0)  # (8,)
            evidence = place_evidence(name, estimate, seconds, apart)
            if evidence is None or not own.any():
                absent += 1
                continue
            everywhere = sounds.sum(axis=(0, 1))  # (8,)
            judged.append(
                PlacedEvent(
                    evidence,
                    *_truth(own),
                    bool(everywhere[_NEAR].any() and everywhere[~_NEAR].any()),
                    *_of_all(seconds),
                )
            )
        return PlacedEvents(tuple(judged), absent, 1, WINDOW_S, len(shares), len(chosen))

    def _apart(
        self, mel: NDArray[np.float16], shares: dict[int, NearShare], at: int
    ) -> NearAndFarSounds:
        within = range(at * SEGMENT_S, (at + 1) * SEGMENT_S)
        segment = mel[within.start * FRAMES : within.stop * FRAMES]
        parts = NearAndFar.of(segment, [shares.get(second) for second in within])
        return self._recognizer.name_apart([parts])[0]


def _spatial(at: int, regions: dict[str, float], share: NearShare | None) -> Spatial:
    near = None
    if share is not None:
        near = NearPart(share=Vector.of(share.share, "|u1"), energy=share.energy)
    span: dict[str, Any] = {"start_ns": at * NS, "end_ns": (at + 1) * NS}
    return Spatial(**_WHO, **span, window_id=f"spatial/{at}", regions=regions, near_field=near)


def _estimate(output: ScenarioOutput) -> ScenarioEstimate:
    return ScenarioEstimate(
        **_WHO,
        window_id="scenario/0",
        start_ns=0,
        end_ns=WINDOW_S * NS,
        coverage={"audio": 1.0, "imu": 1.0},
        scenarios=output.scenarios,
        key_frames=[],
        sound_events=output.sound_events,
        motion=output.motion,
        embeddings=Vector.of(output.embeddings),
        parts={},
        event_segments=output.event_segments,
    )


def _truth(own: NDArray[np.int64]) -> tuple[bool | None, int]:
    """Return an event's place in most seconds; `own` (8,) counts its seconds in each region."""
    near, far = int(own[_NEAR].sum()), int(own[~_NEAR].sum())
    sides = np.bincount(_SIDE, weights=own, minlength=len(DIRECTIONS))
    return (None if near == far else near > far), int(sides.argmax())


def _of_all(seconds: Sequence[Spatial]) -> tuple[bool, int]:
    """Return the place of the half minute's likeliest region, which is given to every event."""
    means = np.mean([[second.regions[name] for name in REGIONS] for second in seconds], axis=0)
    return bool(_NEAR[means.argmax()]), int(_SIDE[means.argmax()])
