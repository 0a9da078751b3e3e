"""Per-wearer adapters of the scenario network, stored in Redis and used by the scenario agent.

An adapter learns from refined windows and is applied to the next estimates; both happen in the
worker that has the device's partition. It belongs to one revision of the scenario network and is
discarded with it, because the next one was fine-tuned on the same windows.

**Effect on a replay.** With the setting on, an estimate depends on which windows had been refined
by then, and that depends on how long the refiner took, so two replays of a recording may differ.
The `revision` of an adapted estimate ends in `+w` and the number of windows that the adapter had
learned from. By default the setting is off and this module unused.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import numpy as np

from infra.errors import StoreError
from infra.redis.erasure_marks import count_refused
from models.labels import SCENARIOS
from models.serving.predict import Adapter
from operators.wearer import Wearer
from schemas.scenario import NO_REFINER

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.device_state.checkpoints import Checkpoints
    from schemas import Refined, Scenario

STAGE = "wearer"

log = logging.getLogger(__name__)


class Wearers:
    """Reads and writes the adapters; if the store fails, that is logged and there is no adapter."""

    def __init__(
        self, checkpoints: Checkpoints, withholds: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._checkpoints = checkpoints
        self._withholds = withholds
        self._learning = asyncio.Lock()

    async def adapter(self, device_id: str) -> Adapter | None:
        """Return the device's adapter, None if no window of it was refined yet."""
        wearer = await self._read(device_id)
        if wearer is None or not wearer.windows:
            return None
        bias = np.array([wearer.bias.get(name, 0.0) for name in SCENARIOS], dtype=np.float32)
        return Adapter(wearer.network, bias, f"w{wearer.windows}")

    async def learn(
        self, record: Scenario, refined: Refined, in_use: str, after_ms: int = 0
    ) -> None:
        """Learn from a refined record, unless a network other than `in_use` produced it.

        `after_ms` is the erasure of the device that the record comes after.
        """
        if refined.refined_by == NO_REFINER or record.revision.split("+")[0] != in_use:
            return
        async with self._learning:
            before = await self._read(record.device_id)
            if before is None or before.network != in_use:
                before = Wearer(in_use)
            after = before.push(record.window_id, record.scenarios, refined.scenarios)
            if after is before or self._withholds(record.device_id):
                return
            try:
                refused = await self._checkpoints.put(
                    STAGE, {record.device_id: after.snapshot()}, {record.device_id: after_ms}
                )
                count_refused("refiner", len(refused))
            except StoreError as error:
                log.warning("device %s: nothing learned: %s", record.device_id, error)

    async def _read(self, device_id: str) -> Wearer | None:
        try:
            checkpoint = await self._checkpoints.get(STAGE, device_id)
        except StoreError as error:
            log.warning("device %s: no adapter: %s", device_id, error)
            return None
        return None if checkpoint is None else Wearer.restore(checkpoint)
