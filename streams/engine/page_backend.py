"""What the page asks of a running worker besides its health."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from infra.broker.access import broker_error
from infra.broker.device_control import write_control
from infra.broker.topic_reader import partition_of, publish
from infra.model_store.deployment import SCENARIO
from infra.model_store.history import Revisions
from infra.topics import CORRECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.daily_log.store import LogStore
    from infra.llm import Llm
    from infra.model_store.history import Attempt
    from infra.settings import Settings
    from schemas import Correction, DeviceControl, Frame
    from streams.engine.device_controls import DeviceControls
    from streams.engine.publisher import Publisher
    from streams.engine.runtime import Runtime

# How long to wait until a published decision holds in this worker (the embedded broker is polled
# about twice a second), and how often to look.
_DECIDED_WITHIN_S, _DECIDED_POLL_S = 5.0, 0.02


class PageBackend:
    """Reads and writes on behalf of the page; `runtime` returns None while no worker runs."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        runtime: Callable[[], Runtime | None],
        publisher: Publisher,
        controls: DeviceControls,
    ) -> None:
        self._settings = settings
        self._runtime = runtime
        self._publisher = publisher
        self._controls = controls

    def log_store(self) -> LogStore | None:
        """Return the worker's daily log, None while it is still connecting."""
        runtime = self._runtime()
        return None if runtime is None else runtime.log

    def language_model(self) -> tuple[Llm, str] | None:
        """Return the worker's language model and its name, None if none is configured."""
        runtime = self._runtime()
        if runtime is None or runtime.llm is None:
            return None
        return runtime.llm, self._settings().llm_model

    async def attempts(self) -> list[Attempt]:
        """Return all fine-tuned revisions of the scenario network, oldest first.

        Raises `RuntimeError` while the worker is still connecting.
        """
        runtime = self._runtime()
        if runtime is None:
            raise RuntimeError("the worker is still connecting to its store")
        return await Revisions(runtime.redis, self._settings().app_id).all(SCENARIO)

    async def publish_correction(self, correction: Correction) -> None:
        """Publish a wearer's correction of the log, and wait until the broker confirms it."""
        await publish(
            self._settings(),
            CORRECTIONS,
            correction.correction_id,
            correction.encode(),
            beside=correction.device_id,
        )

    async def publish_frame(self, topic: str, frame: Frame) -> None:
        """Publish a device's frame, and wait until the broker confirms it.

        Raises `BrokerError` if it refuses.
        """
        partition = partition_of(frame.device_id.encode(), self._settings().topic_partitions)
        try:
            await (await self._publisher.publish(topic, partition, frame))
        except KafkaError as error:
            raise broker_error(self._settings(), error, "Write") from error

    def device_control(self, device_id: str) -> DeviceControl | None:
        """Return the latest decision about a device, None if there is none."""
        return self._controls.get(device_id)

    async def decide(self, control: DeviceControl) -> None:
        """Publish a decision about a device; wait a few seconds at most until it holds here."""
        await write_control(self._settings(), control)
        with suppress(TimeoutError):
            async with asyncio.timeout(_DECIDED_WITHIN_S):
                while self._controls.get(control.device_id) != control:
                    await asyncio.sleep(_DECIDED_POLL_S)
