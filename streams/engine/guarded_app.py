"""A Faust app that reads by our consumer, and ends at the first failure of what it needs."""

from __future__ import annotations

import logging
import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

import faust
from faust.exceptions import AlreadyConfiguredWarning

from infra.local.embedded import broker_life
from streams.engine.crash_loop import CrashLoop
from streams.engine.fatal_errors import explained
from streams.engine.faust_options import faust_options
from streams.engine.kafka.consumer import Consumer
from streams.engine.kafka.credentials import credentials
from streams.engine.kafka.transport import Transport
from streams.engine.member_id import MemberId

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from faust.cli.base import AppCommand
    from faust.types import TP, Message

    from infra.errors import InfraError
    from infra.settings import Settings

log = logging.getLogger(__name__)


class GuardedApp(faust.App):
    """A Faust app of our settings, with our transports."""

    settings: Settings

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__(settings.app_id, **faust_options(settings))

    def use(self, settings: Settings) -> None:
        """Replace the settings by those with the addresses of the embedded services."""
        self.settings = settings
        broker = f"kafka://{','.join(settings.bootstrap_servers)}"
        conf = self.conf
        with warnings.catch_warnings():
            # Faust warns of late changes; only the two transports below have read these values.
            warnings.simplefilter("ignore", AlreadyConfiguredWarning)
            conf.broker = conf.broker_consumer = conf.broker_producer = broker
            conf.broker_credentials = credentials(settings)
        self.transport.url = conf.broker_consumer
        self.producer_transport.url = conf.broker_producer

    def command(
        self, *options: Any, base: type[AppCommand] | None = None, **kwargs: Any
    ) -> Callable[[Callable[..., Any]], type[AppCommand]]:
        """Decorate a coroutine function as a command, which ends as soon as it has ended."""
        # Faust's command line keeps the arguments that it finds when it is imported.
        from streams.engine.prompt_command import PromptCommand

        decorate: Callable[[Callable[..., Any]], type[AppCommand]] = super().command(
            *options, base=base or PromptCommand, **kwargs
        )
        return decorate

    @cached_property
    def member_id(self) -> str | None:
        """What tells this worker from all others that run, and stays over a restart; or None."""
        if broker_life(self.settings) is not None:
            # An embedded broker, and its groups, begin with their worker.
            return None
        return MemberId(self.settings.run_dir / f"member-{self.conf.web_port}").value

    @cached_property
    def crash_loop(self) -> CrashLoop:
        """How often in a row a worker of this run folder and port has ended soon."""
        return CrashLoop(self.settings.run_dir / f"joined-{self.conf.web_port}")

    def is_published(self, message: Message) -> bool:
        """Return whether a frame is read again only to learn from: its windows are published."""
        consumer = self.guarded_consumer()
        return consumer is not None and consumer.is_published(message)

    async def read_again(self) -> None:
        """Take the partitions over once more, because the store is another copy than before."""
        consumer = self.guarded_consumer()
        if consumer is not None:
            await consumer.read_again()

    def caught_up(self, *names: str) -> bool:
        """Return whether the assigned partitions of these topics are read to their ends."""
        consumer = self.guarded_consumer()
        return consumer is not None and consumer.has_read(
            {self.settings.topic(name) for name in names}
        )

    def is_answered(self, *names: str, within_s: float) -> bool:
        """Return whether the broker confirmed the ends of these topics' partitions lately."""
        consumer = self.guarded_consumer()
        return consumer is not None and consumer.is_answered(
            {self.settings.topic(name) for name in names}, within_s
        )

    def lag(self) -> dict[TP, int]:
        """Return how many messages of each assigned partition are not read yet."""
        consumer = self.guarded_consumer()
        return {} if consumer is None else consumer.lag()

    def committed(self) -> Mapping[TP, int | None]:
        """Return the committed offset of each assigned partition, None where there is none."""
        consumer = self.guarded_consumer()
        return {} if consumer is None else consumer.committed()

    def guarded_consumer(self) -> Consumer | None:
        """Return the consumer if it is ours: a command's app may have none that counts offsets."""
        consumer = self.consumer
        return consumer if isinstance(consumer, Consumer) else None

    def supervise(self, work: Awaitable[None]) -> None:
        """Run work that the worker cannot do without beside all else."""
        self.add_future(self.crash_on_error(work))

    async def crash_on_error(self, work: Awaitable[None]) -> None:
        """Await work that the worker cannot do without: if it fails, the worker ends.

        Errors of services are logged in one line, unexpected ones with their traceback.
        """
        try:
            await work
        except Exception as error:
            problem = explained(error, self.settings)
            if problem is None:
                # Unpublished results leave their messages unacknowledged: a restart reads them
                # again.
                await self.crash(error)
                raise
            self.end(problem)

    def end(self, error: InfraError) -> None:
        """End the worker with one line."""
        if not self.crashed:
            log.critical("the worker ends: %s", error)
            # `crash` without the traceback.
            root = self.beacon.root
            (self if root is None else root.data)._crash(error)

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Transport:
        return Transport(self.conf.broker_producer, self)
