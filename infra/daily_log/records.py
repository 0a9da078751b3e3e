"""The daily log's records, as read from the store, compared and exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from schemas import Activity, Correction, Refined, Scenario
from schemas.correction import CorrectionId
from schemas.decision import detected_labels
from schemas.message import Label
from schemas.ranking import likeliest
from schemas.scenario import NO_REFINER

EMBEDDINGS = {"embeddings"}
# The only fields that may differ between two runs over the same recording.
_RUN_DEPENDENT = {"latency_ms", "tokens"}


class WearersWord(BaseModel):
    """A wearer's correction of a record: its labels (empty if nothing happened), and its author.

    `confirmed` means that the wearer confirmed the log's own labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    correction_id: CorrectionId
    author: str
    labels: list[Label]
    confirmed: bool = False


class LogScenario(Scenario):
    """A scenario record without its embeddings, merged with its refinement and correction.

    The wearer's correction takes precedence over the refiner's answer.
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
        """The log's labels: the wearer's, else the refiner's, else the estimate's.

        An estimate gives its likeliest scenario and every other of probability 0.5 or more, the
        likeliest first. Empty without an estimate, for an unknown window that was not refined, and
        where the wearer says that nothing happened.
        """
        if self.corrected is not None or self.refined_labels:
            return self.decided_labels
        return [] if self.unknown else detected_labels(self.scenarios)

    @property
    def leading(self) -> str:
        """The first of its labels; empty without one."""
        return next(iter(self.labels), "")


class LogActivity(Activity):
    """An activity record as the HAR agent published it, with the wearer's correction."""

    TYPE: ClassVar[str] = "log.activity"
    corrected: WearersWord | None = None

    @property
    def leading(self) -> str:
        """The wearer's label, else the likeliest one; empty if there is none or it is unknown."""
        if self.corrected is not None:
            return next(iter(self.corrected.labels), "")
        return "" if self.unknown else leading(self.activities)


class Log(BaseModel):
    """A span of one device's day: scenarios and activities by start, and corrections.

    `corrections` holds every one that overlaps the span, the oldest first, including undone ones.
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
        """Return a log with its records sorted by start, then by id."""
        return cls(
            scenarios=sorted(scenarios, key=_order),
            activities=sorted(activities, key=_order),
            corrections=list(corrections),
        )


class DeviceSummary(BaseModel):
    """The extent of one device's log: event times, ns since the epoch, and numbers of records."""

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
    """Return the content that must be bit-equal between two runs over the same recording.

    One dict per record with its `row`, without embeddings and without the refiner's latency.
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
