"""The live view of a device: its newest result of each kind.

Results of a session arrive in any order; one that is older than the current one is ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operators.naming import name_activity
from operators.sound_places import place_of
from schemas import Activity, Scenario, Spatial
from schemas.decision import detected_labels
from schemas.event_time import NS_PER_MS
from schemas.frames import NS
from schemas.ranking import rank_labels

if TYPE_CHECKING:
    from schemas.message import Probabilities

MAX_SOUNDS = 4
# Older results are not shown. An activity's age includes its window and its delay.
_SOUNDS_NS = 5 * NS
_ACTIVITY_NS = 15 * NS
_SCENARIO_NS = 90 * NS
_LIKELY_REGION = 0.1


class LiveState:
    """The state of one device; `unsure_below` is as in `operators.naming`."""

    def __init__(self, unsure_below: float) -> None:
        self._unsure_below = unsure_below
        self._session = ""
        self._begin()

    def _begin(self) -> None:
        self._start_ns = self._end_ns = 0
        self._level_db: float | None = None
        self._seconds: dict[int, Spatial] = {}
        self._sounds: tuple[int, Probabilities] = (0, {})
        self._activity: Activity | None = None
        self._scenario: Scenario | None = None

    def add_window(self, session: str, start_ns: int, end_ns: int, level_db: float | None) -> bool:
        """Add the level of a second, None without sound; return whether it is the newest.

        The state is that of one session, the last one to send.
        """
        if session != self._session:
            self._session = session
            self._begin()
        if start_ns < self._start_ns:
            return False
        self._start_ns, self._end_ns = start_ns, end_ns
        self._level_db = level_db
        return True

    def name(self, session: str, last_ns: int, sounds: Probabilities) -> None:
        """Add the sound events of two seconds, the last of which starts at `last_ns`."""
        if session == self._session and last_ns > self._sounds[0]:
            self._sounds = (last_ns, sounds)

    def add_record(self, record: Spatial | Activity | Scenario) -> bool:
        """Add a result; return whether it is a new one of the current session."""
        if record.session_id != self._session:
            return False
        if isinstance(record, Spatial):
            since_ns = self._start_ns - _SOUNDS_NS
            self._seconds = {s: each for s, each in self._seconds.items() if s >= since_ns}
            self._seconds[record.start_ns] = record
            return True
        if isinstance(record, Activity):
            if self._activity is not None and record.start_ns < self._activity.start_ns:
                return False
            self._activity = record
            return True
        if self._scenario is not None and record.start_ns < self._scenario.start_ns:
            return False
        self._scenario = record
        return True

    def page_state(self) -> dict[str, Any]:
        """Return the state as plain data: times in ms since the epoch, levels in dB full scale."""
        second = self._seconds[max(self._seconds)] if self._seconds else None
        regions = {} if second is None else second.regions
        return {
            "at": self._end_ns // NS_PER_MS,
            "level_db": self._level_db,
            "regions": {
                name: round(p, 3) for name, p in rank_labels(regions) if p >= _LIKELY_REGION
            },
            "sounds": self._named_sounds(),
            "activity": self._named_activity(),
            "scenario": self._named_scenario(),
        }

    def _named_sounds(self) -> list[dict[str, Any]]:
        last_ns, sounds = self._sounds
        if self._end_ns - last_ns > _SOUNDS_NS:
            return []
        # Only sounds with localized seconds have a place.
        localized = [
            self._seconds[each].regions for each in (last_ns - NS, last_ns) if each in self._seconds
        ]
        means = {
            name: sum(regions[name] for regions in localized) / len(localized)
            for name in (localized[0] if localized else {})
        }
        words = place_of(means).words
        return [
            {"name": name, "probability": round(p, 3), "where": list(words)}
            for name, p in rank_labels(sounds, MAX_SOUNDS)
        ]

    def _named_activity(self) -> dict[str, Any] | None:
        record = self._activity
        if record is None or self._end_ns - record.end_ns > _ACTIVITY_NS:
            return None
        named = name_activity(record.activities, record.open_vocabulary, self._unsure_below)
        if named is None:
            return None
        return {
            "name": named.name,
            "probability": round(named.probability, 3),
            "unknown": record.unknown,
        }

    def _named_scenario(self) -> dict[str, Any] | None:
        record = self._scenario
        if record is None or self._end_ns - record.end_ns > _SCENARIO_NS or not record.scenarios:
            return None
        names = detected_labels(record.scenarios)
        return {
            "names": names,
            "probability": round(record.scenarios[names[0]], 3),
            "unknown": record.unknown,
        }
