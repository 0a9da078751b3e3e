"""Follows the log as it grows, through the page's API."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.daily_log.agreement import Agreement
from infra.daily_log.records import leading
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S
from models.recordings.window_truth import WindowTruth
from schemas.extras import needs
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.recordings.protocol import Recording

with needs("httpx", "the demo needs"):
    import httpx

_POLL_S = 0.5
# Activities of a span come before its scenario record, never by more than this.
_OVERLAP_NS = 120 * NS


def expected_counts(recording: Recording) -> tuple[int, int]:
    """Return the number of scenario and activity records of a recording without gaps."""
    last_ns = recording.start_ns + round(recording.duration_s * NS) - 1
    scenarios, activities = (
        last_ns // (length * NS) - recording.start_ns // (length * NS) + 1
        for length in (SCENARIO_WINDOW_S, HAR_WINDOW_S)
    )
    return scenarios, activities


class Follower:
    """Polls one device's log and writes a line for each new thirty seconds."""

    def __init__(
        self, client: httpx.AsyncClient, recording: Recording, write: Callable[[str], None]
    ) -> None:
        self._client = client
        self._device = recording.device_id
        self._truth = WindowTruth(recording.truth())
        self._write = write
        self._seen: set[str] = set()
        self._reported: set[str] = set()
        self._newest_ns = recording.start_ns
        self.scenarios = Agreement()
        self.activities = Agreement()

    def counts(self) -> tuple[int, int]:
        """Return the scenario and activity records seen so far."""
        scenarios = sum("/scenario/" in window_id for window_id in self._seen)
        return scenarios, len(self._seen) - scenarios

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            with suppress(httpx.TransportError):
                await self._poll()
            await asyncio.sleep(_POLL_S)

    async def _poll(self) -> None:
        answer = await self._client.get(
            "/api/log", params={"device": self._device, "from": self._newest_ns - _OVERLAP_NS}
        )
        if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.SERVICE_UNAVAILABLE):
            # No record of this device yet, or the worker is still connecting.
            return
        answer.raise_for_status()
        log: dict[str, Any] = answer.json()
        for record in log["activities"]:
            if record["window_id"] not in self._seen:
                self._seen.add(record["window_id"])
                self._newest_ns = max(self._newest_ns, record["start_ns"])
                self._judge(self.activities, "activity", record, record["activities"])
        for record in log["scenarios"]:
            if record["window_id"] not in self._seen:
                self._seen.add(record["window_id"])
                right = self._judge(self.scenarios, "scenario", record, record["scenarios"])
                self._write(self._line(record, right))

    def _judge(
        self,
        agreement: Agreement,
        kind: Any,
        record: dict[str, Any],
        probabilities: dict[str, float],
    ) -> bool:
        truths = self._truth.labels(kind, record["start_ns"], record["end_ns"])
        return agreement.add(truths, leading(probabilities))

    def _line(self, record: dict[str, Any], right: bool) -> str:
        start_ns, end_ns = record["start_ns"], record["end_ns"]
        at = datetime.fromtimestamp(start_ns / NS, UTC).strftime("%H:%M:%S")
        name = leading(record["scenarios"])
        truth = " + ".join(self._truth.labels("scenario", start_ns, end_ns))
        spans = ", ".join(dict.fromkeys(span["activity"] for span in record["activities"]))
        really = {
            label
            for span in record["activities"]
            for label in self._truth.labels("activity", span["start_ns"], span["end_ns"])
        }
        true_names = ", ".join(sorted(really))
        return (
            f"{at}  {'✓' if right else '✗'} {name} {record['scenarios'][name]:.2f}"
            f"{'' if right else f'  (truth: {truth})'}\n"
            f"            {spans}  (truth: {true_names})"
        )
