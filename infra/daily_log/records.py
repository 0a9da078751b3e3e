"""The daily log as values: what is read back from the store, compared and exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from schemas import Activity, Correction, Refined, Scenario
from schemas.correction import CorrectionId
from schemas.decision import decided
from schemas.message import Label
from schemas.ranking import likeliest
from schemas.scenario import NO_REFINER

EMBEDDINGS = {"embeddings"}
# The only fields that two runs over the same recording may disagree on.
_RUN_DEPENDENT = {"latency_ms", "tokens"}


class WearersWord(BaseModel):
    """What a wearer said of a record: its labels, none where nothing was there, and who it was.

    `confirmed` where the wearer said that the log was right.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    correction_id: CorrectionId
    author: str
    labels: list[Label]
    confirmed: bool = False


class LogScenario(Scenario):
    """A scenario record without its embeddings, merged with what was said of it since.

    Where the wearer corrected it, that holds; else the refiner's answer, where one came.
    """

    TYPE: ClassVar[str] = "log.scenario"
    refined: Refined | None = None
    corrected: WearersWord | None = None

    @property
    def refined_labels(self) -> list[str]:
        """The labels that replace the local estimate; empty while it stands."""
        if self.refined is None or self.refined.refined_by == NO_REFINER:
            return []
        return self.refined.scenarios

    @property
    def decided_labels(self) -> list[str]:
        """The labels that replace the local estimate, the wearer's before the refiner's."""
        return self.refined_labels if self.corrected is None else self.corrected.labels

    @property
    def labels(self) -> list[str]:
        """All that the log says: the wearer's word, else the refiner's, else the estimate's.

        Of an estimate every scenario from one half on, the likeliest first and at least. Empty
        without an estimate, where it is unknown and nobody refined it, and where the wearer says
        that nothing was there.
        """
        if self.corrected is not None or self.refined_labels:
            return self.decided_labels
        return [] if self.unknown else decided(self.scenarios)

    @property
    def leading(self) -> str:
        """The first of its labels; empty without one."""
        return next(iter(self.labels), "")


class LogActivity(Activity):
    """An activity record as the HAR agent published it, and what the wearer said of it."""

    TYPE: ClassVar[str] = "log.activity"
    corrected: WearersWord | None = None

    @property
    def leading(self) -> str:
        """The wearer's label, else the likeliest one; empty without one and where it is unknown."""
        if self.corrected is not None:
            return next(iter(self.corrected.labels), "")
        return "" if self.unknown else leading(self.activities)


class Log(BaseModel):
    """A span of one device's day: both rows ordered by start, and what the wearer said of it.

    `corrections` holds every one that touches the span, the oldest first, also those that were
    taken back since.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenarios: list[LogScenario]
    activities: list[LogActivity]
    corrections: list[Correction] = []

    @classmethod
    def of(
        cls,
        scenarios: Sequence[LogScenario],
        activities: Sequence[LogActivity],
        corrections: Sequence[Correction] = (),
    ) -> Log:
        """Return a log with both rows in their one order: by start, then by id."""
        return cls(
            scenarios=sorted(scenarios, key=_order),
            activities=sorted(activities, key=_order),
            corrections=list(corrections),
        )


class DeviceSummary(BaseModel):
    """What one device's log spans: event times in ns since the epoch, and records by row."""

    model_config = ConfigDict(frozen=True)

    device_id: str
    first_ns: int
    last_ns: int
    scenarios: int
    activities: int


def leading(probabilities: dict[str, float]) -> str:
    """Return the likeliest label (`schemas.ranking`), or an empty string."""
    return likeliest(probabilities) if probabilities else ""


def content(log: Log) -> list[dict[str, Any]]:
    """Return what two runs over the same recording must agree on, bit for bit.

    One dict a record with its `row`, without embeddings and without the refiner's latency.
    """
    return [
        {"row": row, **record.model_dump(exclude={**dict.fromkeys(EMBEDDINGS, True), **excluded})}
        for row, records, excluded in (
            ("scenario", log.scenarios, {"refined": _RUN_DEPENDENT}),
            ("activity", log.activities, {}),
        )
        for record in sorted(records, key=_order)
    ]


def _order(record: LogScenario | LogActivity) -> tuple[int, str]:
    return record.start_ns, record.window_id
