"""The conditions of a time expression, as far as its words are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.when import When, moment_ns
from schemas.event_time import ns_of

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

    from infra.daily_log.time_expressions.clock_times import ClockRange
    from infra.daily_log.time_expressions.points import Point
    from infra.daily_log.time_expressions.when import Days, Minutes, Span


@dataclass
class Conditions:
    """What the words so far say, of a present `now` in the zone of the times.

    `weekdays` (0 is Monday), `days` and `parts` of the day as in `When`; `clocks` whose half of the
    day a part may still decide.
    """

    now: datetime
    zone: tzinfo
    weekdays: set[int] = field(default_factory=set)
    days: list[Days] = field(default_factory=list)
    clocks: list[ClockRange] = field(default_factory=list)
    parts: list[Minutes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The present day."""
        return self.now.date()

    def ns(self, day: date, minute: int = 0) -> int:
        """Return a local time, in minutes after a day's midnight, as ns since the epoch."""
        return moment_ns(day, minute, self.zone)

    def latest_day(self, minute: int) -> date:
        """Return the latest day whose time of the clock has been."""
        return self.today - timedelta(days=self.ns(self.today, minute) > ns_of(self.now))

    def add_day(self, point: Point) -> None:
        """Add the day or the weekday of a point, if it has one."""
        if point.weekday is not None:
            self.weekdays.add(point.weekday)
        elif point.days is not None:
            self.days.append(point.days)

    def when(self) -> When:
        """Return the conditions."""
        minutes = self.parts
        if self.clocks:
            # A part of the day then says which half of the day is meant.
            part = self.parts[0] if len(self.parts) == 1 else None
            minutes = [clock.minutes(part) for clock in self.clocks]
        return When(frozenset(self.weekdays), tuple(self.days), tuple(minutes), tuple(self.spans))
