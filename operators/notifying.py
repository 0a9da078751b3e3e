"""Determines the notifications of a device's records by rules: each once, in event time.

A rule on a probability fires for each half minute above it, but not again within its cool-down.
Stillness is reported once it has lasted long enough, and not again until something moves. Silence
of a device is reported once after its newest record; it alone has to be checked by the clock,
because no record arrives.

Records that start before the newest one are ignored, so reading them again, or replaying the day,
sends no notification twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from schemas.evidence import DISTANCES, probabilities_in
from schemas.frames import NS
from schemas.notification import Notification, notification_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas import Scenario
    from schemas.notification import Condition, Rule

# A gap of more than one missing half minute leaves the time in between unknown.
_GAP_NS = 30 * NS
# Minimum coverage of motion to judge stillness, and the probability that counts as moving.
_MIN_COVERAGE = 0.5
_MIN_MOVEMENT = 0.5
# A record from a clock ahead by more than a day would suppress the device's later ones until then.
_AHEAD_NS = 86_400 * NS


class _State(BaseModel):
    model_config = ConfigDict(extra="ignore")

    seen_ns: int = -1
    end_ns: int = 0
    came_ns: int = 0
    window: str = ""
    still_since_ns: int | None = None
    told_ns: dict[str, int] = {}
    silent: dict[str, str] = {}


class DeviceNotifier:
    """The rules for one device, and their state."""

    def __init__(self, rules: Sequence[Rule], device_id: str) -> None:
        self._rules = [rule for rule in rules if rule.device in (None, device_id)]
        self._device_id = device_id
        self._state = _State()

    @property
    def came_ns(self) -> int:
        """Arrival of the newest record, wall time in ns."""
        return self._state.came_ns

    @property
    def awaits_silence(self) -> bool:
        """Whether a rule has yet to report silence after the newest record."""
        return any(
            rule.condition.kind == "silent"
            and self._state.silent.get(rule.name) != self._state.window
            for rule in self._rules
        )

    def push(self, record: Scenario, came_ns: int) -> list[Notification]:
        """Return the notifications of a record that arrived at a wall time, by rule."""
        state = self._state
        if record.start_ns <= state.seen_ns or record.start_ns > came_ns + _AHEAD_NS:
            return []
        self._note_motion(record)
        state.seen_ns, state.end_ns = record.start_ns, record.end_ns
        state.came_ns, state.window = came_ns, record.window_id
        late_ns = came_ns - record.end_ns
        return [
            self._notification(rule, record.window_id, record.end_ns, text, late_ns)
            for rule in self._rules
            for text in self._holds(rule, record)
        ]

    def tick(self, now_ns: int, not_before_ns: int = 0) -> list[Notification]:
        """Return the silences to report at a wall time; they began at `not_before_ns` or later."""
        state = self._state
        silences = []
        for rule in self._rules:
            if rule.condition.kind != "silent" or not state.window:
                continue
            if state.silent.get(rule.name) == state.window:
                continue
            at_ns = max(state.came_ns, not_before_ns) + round(rule.condition.for_s * NS)
            if now_ns >= max(at_ns, self._free_ns(rule)):
                state.silent[rule.name] = state.window
                text = f"nothing came for {_duration_text(rule.condition.for_s)}"
                silences.append(self._notification(rule, state.window, at_ns, text, 0))
        return silences

    def snapshot(self) -> bytes:
        """Return the state for `restore`."""
        return self._state.model_dump_json().encode()

    def restore(self, snapshot: bytes) -> None:
        """Restore the state of `snapshot`; rules may have been added or removed since."""
        self._state = _State.model_validate_json(snapshot)

    def _note_motion(self, record: Scenario) -> None:
        state = self._state
        measured = record.coverage.get("imu", 0.0) >= _MIN_COVERAGE
        if not measured or max(record.motion.values(), default=0.0) >= _MIN_MOVEMENT:
            state.still_since_ns = None
        elif state.still_since_ns is None or record.start_ns - state.end_ns > _GAP_NS:
            state.still_since_ns = record.start_ns

    def _holds(self, rule: Rule, record: Scenario) -> Iterator[str]:
        """Yield the texts of a rule that applies to a record and has cooled down."""
        condition = rule.condition
        if condition.kind == "silent" or record.end_ns < self._free_ns(rule):
            return
        if condition.kind == "still":
            since = self._state.still_since_ns
            if since is None or record.end_ns - since < condition.for_s * NS:
                return
            if self._state.told_ns.get(rule.name, -1) > since:
                return
            yield f"nothing moved for {_duration_text(condition.for_s)}"
            return
        probability = _probability(condition, record)
        if probability > condition.above:
            place = f"{condition.place} " if condition.place else ""
            yield f"{place}{condition.name} ({probability:.0%})"

    def _free_ns(self, rule: Rule) -> int:
        """Return the time from which a rule may fire again."""
        last = self._state.told_ns.get(rule.name)
        return 0 if last is None else last + round(rule.cool_down_s * NS)

    def _notification(
        self, rule: Rule, window: str, at_ns: int, text: str, late_ns: int
    ) -> Notification:
        self._state.told_ns[rule.name] = at_ns
        return Notification(
            notification_id=notification_id(rule.name, self._device_id, window),
            rule=rule.name,
            device_id=self._device_id,
            at_ns=at_ns,
            text=f"{self._device_id}: {text}",
            old=late_ns > rule.not_older_than_s * NS,
        )


def _probability(condition: Condition, record: Scenario) -> float:
    if condition.kind == "sound":
        if condition.place is not None and _distance(record, condition.name) != condition.place:
            return 0.0
        return record.sound_events.get(condition.name, 0.0)
    if condition.kind == "scenario":
        return 0.0 if record.unknown else record.scenarios.get(condition.name, 0.0)
    spans = (s for s in record.activities if s.activity == condition.name and not s.unknown)
    return max((span.probability for span in spans), default=0.0)


def _distance(record: Scenario, event: str) -> str | None:
    """Return a sound event's own distance, or that of all sound if it has none."""
    place = record.sound_places.get(event)
    return _likeliest_distance(record) if place is None else place.distance


def _likeliest_distance(record: Scenario) -> str | None:
    """Return the distance of the likeliest region, None without a unique one."""
    likely = {
        distance: max(probabilities_in(record.spatial, distance), default=0.0)
        for distance in DISTANCES
    }
    best = max(likely.values())
    names = [name for name, p in likely.items() if p == best]
    return names[0] if len(names) == 1 else None


def _duration_text(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
