"""`corrections` → `finetune.queue`: the wearer's corrections as labels (EgoLog §4.4.2).

Besides the queue, from which the shared network learns, the windows are kept for the wearer's own
adapter (`streams.engine.correction_adapters`).

A label needs the features of its window, which are stored only once: the daily log has the offset
of each scenario record in its topic, and they are read from there. If a record has expired from the
topic, after a week, the log is still corrected, but nothing is learned from it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from infra import metrics, topics
from infra.broker.topic_reader import read_at
from infra.daily_log.record_offsets import RecordOffsets
from infra.redis.erasure_marks import count_refused
from models.labels import learnable
from schemas import FinetuneItem, Scenario, SchemaError
from schemas.correction import WEARER
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from faust.types import StreamT

    from infra.settings import Settings
    from schemas import Correction
    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received
    from streams.engine.publish_queue import PublishQueue
    from streams.engine.runtime import Runtime

log = logging.getLogger(__name__)

STAGE = "corrections"


class CorrectionQueuer:
    """Queues every window of a corrected span with its labels after all corrections."""

    def __init__(
        self,
        queue: PublishQueue,
        runtime: Callable[[], Runtime],
        fetch: Callable[[Mapping[str, tuple[int, int]]], Awaitable[dict[str, Scenario]]],
    ) -> None:
        self._queue = queue
        self._runtime = runtime
        self._fetch = fetch

    async def read(self, stream: StreamT[Any]) -> None:
        """Queue the corrections that arrive; if the store fails, the worker ends."""
        async for received in self._queue.receive(stream):
            await self._queue.put(await self.items(received))

    async def items(self, received: Received[Correction]) -> Outcome:
        """Return the items of one correction, to be published.

        A window's labels are those after all corrections, so an item that comes twice or late is
        the same.
        """
        correction = received.message
        outcome = Outcome(tokens=[received.token])
        if correction.row != "scenario" or correction.action == "note":
            return outcome
        runtime = self._runtime()
        # The log's own agent reads the same topic, and may be behind.
        refused = await runtime.log.put_corrections([correction], received.after_ms)
        if refused:
            count_refused(STAGE, refused)
            return outcome
        span = (correction.device_id, correction.start_ns, correction.end_ns)
        records = (await runtime.log.read(*span)).scenarios
        places = await RecordOffsets.of(runtime.log).read(correction.device_id, records)
        features = await self._fetch(places)
        items: list[FinetuneItem] = []
        for record in records:
            source = features.get(record.window_id)
            if source is None or source.embeddings is None:
                continue
            labels = [] if record.corrected is None else learnable(record.corrected.labels)
            item = FinetuneItem.of(source, source.embeddings, labels, WEARER)
            items.append(item)
            # In the partition of the window's other labels, so that their order is kept.
            partition, _ = places[record.window_id]
            outcome.messages.append((topics.FINETUNE_QUEUE, partition, item))
        if runtime.corrected is not None:
            await runtime.corrected.learn(items, received.after_ms)
        metrics.corrected_windows.labels(outcome="queued").inc(len(outcome.messages))
        metrics.corrected_windows.labels(outcome="without_features").inc(
            len(records) - len(outcome.messages)
        )
        log.info(
            'correction="%s" windows="%d" queued="%d" labels="%d"',
            correction.correction_id,
            len(records),
            len(outcome.messages),
            sum(bool(item.pseudo_labels) for item in items),
        )
        return outcome


def register(app: EgoLogApp) -> None:
    """Add the queue of corrections to the app."""
    queuer = CorrectionQueuer(
        app.publish_queue(STAGE),
        lambda: app.runtime,
        lambda places: scenarios_at(app.settings, places),
    )
    app.reader(STAGE, (topics.CORRECTIONS,), queuer.read)


async def scenarios_at(
    settings: Settings, places: Mapping[str, tuple[int, int]]
) -> dict[str, Scenario]:
    """Return the scenario records at (partition, offset) by window, without expired ones."""
    records: dict[str, Scenario] = {}
    for value in await read_at(settings, topics.SCENARIO, sorted(places.values())):
        try:
            record = Scenario.decode(value)
        except SchemaError:
            continue
        # Messages of another broker may have the same offsets.
        if record.window_id in places:
            records[record.window_id] = record
    return records
