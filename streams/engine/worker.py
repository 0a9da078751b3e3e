"""The worker process: checks everything it needs before it starts, one line per error."""

from __future__ import annotations

import atexit
import logging
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import faust

from infra.broker import broker_topics, permissions, topic_creation, topic_settings
from infra.disk import unusable_file
from infra.errors import InfraError, PortInUseError
from infra.local.embedded import EmbeddedServices
from infra.model_store.weights import WeightsStore
from infra.redis.client import connect
from infra.redis.durability import warn_of_loss
from infra.redis.eviction import warn_of_eviction
from infra.settings import EMBEDDED, Settings, env_name
from infra.web_access import require_guard
from models.serving.lanhar_loading import open_lanhar
from models.serving.registry import RegistryError
from models.serving.trained_with import trained_with_others
from schemas.interruption import interruptions_in_one_line
from streams.engine import own_core
from streams.engine.allocator import keep_freed_memory
from streams.engine.garbage_collection import freeze_startup_objects
from streams.engine.kafka.quiet_log import quieten
from streams.engine.own_core import OwnCore
from streams.engine.prompt_end import PromptEnd
from streams.engine.recognizers import Recognizers
from streams.engine.startup import (
    model_keys,
    open_serving_registry,
    open_speech_detector,
    open_tagger,
)

if TYPE_CHECKING:
    import asyncio

    from models.serving.registry import Registry

# Not the module's: Faust gives that of each of its workers a handler that writes nothing, which
# keeps Python from writing the warnings of the checks. Its own handler comes after them.
log = logging.getLogger("streams.engine.worker_checks")


class Worker(PromptEnd, faust.Worker):
    """Starts embedded services, checks broker, topics, store, weights and port, then runs."""

    crash_reason: BaseException | None
    _ended_by: InfraError | None = None
    # Keeps the networks opened by the checks alive until the app shares them.
    _networks: object = None

    def __init__(self, app: Any, *args: Any, loop: Any = None, **kwargs: Any) -> None:
        keep_freed_memory()
        try:
            # Until the worker's own handlers are there.
            with interruptions_in_one_line():
                app.registry = open_serving_registry(app.settings)
                ready, self._networks = prepare(app.settings, app.conf, loop, app.registry)
                app.use(ready)
                # After the embedded services have started, which would inherit the core.
                app.own_core = OwnCore.take(ready.cpu_affinity)
        except (InfraError, RegistryError) as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(1) from None
        except OSError as error:
            # A disk that is full, or a run folder that cannot be written.
            print(f"error: {unusable_file(error)}", file=sys.stderr)
            raise SystemExit(1) from None
        quieten()
        super().__init__(app, *args, loop=loop, **kwargs)
        # The spinner writes over the log, and leaves its remains when Ctrl-C ends the worker.
        self.spinner = None

    async def on_startup_finished(self) -> None:
        """Print, whatever the log level, that the worker is ready and where its page is."""
        await super().on_startup_finished()
        self._networks = None
        freeze_startup_objects()
        if not self._shutdown_immediately:
            # Not `sys.stdout`, which Faust has redirected to the log by then.
            print(ready_line(self.app.conf), file=self.stdout, flush=True)

    def _on_sigint(self) -> None:
        # Faust's own line for Ctrl-C is "-INT-", six times.
        self.carp("stopping")
        self._schedule_shutdown(signal.SIGINT)

    def execute_from_commandline(self) -> None:
        """Run until stopped; exit with status 1 after an error that the last line names."""
        try:
            super().execute_from_commandline()
        except SystemExit:
            if self._ended_by is not None:
                raise SystemExit(1) from None
            raise

    def _shutdown_loop(self) -> None:
        if isinstance(self.crash_reason, InfraError):
            self._ended_by, self.crash_reason = self.crash_reason, None
        super()._shutdown_loop()


def ready_line(conf: Any) -> str:
    """Return the line that a ready worker prints; a wildcard address is shown as localhost."""
    if not conf.web_enabled:
        return "ready; without the page"
    host = str(conf.web_bind)
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "localhost"
    name = f"[{host}]" if ":" in host else host
    return f"ready; the page: http://{name}:{int(conf.web_port)}/"


def prepare(
    settings: Settings, conf: Any, loop: asyncio.AbstractEventLoop, registry: Registry
) -> tuple[Settings, object]:
    """Start embedded services and check everything a worker needs.

    Returns the settings with the services' addresses, and the networks, which the registry shares
    as long as they are referenced. Raises `InfraError` or `RegistryError` in one line for the first
    problem.
    """
    if conf.web_enabled:
        require_guard(settings, str(conf.web_bind))
        _check_port_free(str(conf.web_bind), int(conf.web_port))
    own_core.check(settings.cpu_affinity)
    WeightsStore.of(settings).check()
    networks = [registry.open(key) for key in model_keys(settings)], open_lanhar(registry)
    for line in trained_with_others(registry.weights_dir):
        log.warning("%s", line)
    if settings.device != "cpu":
        Recognizers.load(settings, registry).try_out()
    open_tagger(settings)
    if settings.speech_filter != "off":
        open_speech_detector(settings)
    embedded = EmbeddedServices(settings)
    ready = embedded.start()
    atexit.register(embedded.stop)
    create = settings.broker_url == EMBEDDED
    loop.run_until_complete(_check_services(ready, create=create))
    return ready, networks


async def _check_services(settings: Settings, *, create: bool) -> None:
    if create:
        await topic_creation.create(settings)
    else:
        without = await permissions.require(settings, "worker")
        broker_topics.check(await broker_topics.describe(settings), settings)
        for line in (*without, *await topic_settings.losing(settings)):
            log.warning("%s", line)
    async with await connect(settings) as redis:
        await warn_of_loss(redis, settings)
        await warn_of_eviction(redis, settings)


def _check_port_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUseError(
                f"port {port} on {host} cannot be used for the page "
                f"({str(error.strerror).lower()}): stop what listens there, or "
                f"set {env_name('web_port')} to another port"
            ) from None
