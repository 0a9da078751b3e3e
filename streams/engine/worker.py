"""The worker: everything that can be wrong is looked at before it starts, one line each."""

from __future__ import annotations

import atexit
import socket
import sys
from typing import TYPE_CHECKING, Any

import faust

from infra import topics
from infra.disk import full_disk
from infra.errors import InfraError, PortInUseError
from infra.local.embedded import Embedded
from infra.redis.client import connect
from infra.redis.durability import warn_of_loss
from infra.settings import EMBEDDED, Settings, env_name
from infra.web_access import require_guard
from models.serving.open_vocabulary import open_lanhar
from models.serving.registry import RegistryError
from streams.engine import own_core
from streams.engine.allocator import keep_freed_memory
from streams.engine.collector import freeze_startup_objects
from streams.engine.kafka.quiet_log import quieten
from streams.engine.own_core import OwnCore
from streams.engine.runtime import model_keys, open_speech_detector, open_tagger

if TYPE_CHECKING:
    import asyncio

    from models.serving.registry import Registry


class Worker(faust.Worker):
    """Starts embedded services, checks broker, topics, store, weights and port, then runs."""

    crash_reason: BaseException | None
    _ended_by: InfraError | None = None
    # What was opened to be looked at, until the app has opened it too.
    _networks: object = None

    def __init__(self, app: Any, *args: Any, loop: Any = None, **kwargs: Any) -> None:
        keep_freed_memory()
        try:
            ready, self._networks = prepare(app.settings, app.conf, loop, app.registry)
            app.use(ready)
            # After the embedded services have started, which would inherit the core.
            app.own_core = OwnCore.take(ready.cpu_affinity)
        except (InfraError, RegistryError) as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(1) from None
        except OSError as error:
            full = full_disk(error)
            if full is None:
                raise
            print(f"error: {full}", file=sys.stderr)
            raise SystemExit(1) from None
        quieten()
        super().__init__(app, *args, loop=loop, **kwargs)
        # The spinner writes over the log, and its remains are the last thing that Ctrl-C shows.
        self.spinner = None

    async def on_startup_finished(self) -> None:
        """Say, whatever the log level, that messages are read now, and where the page is."""
        await super().on_startup_finished()
        self._networks = None
        freeze_startup_objects()
        if not self._shutdown_immediately:
            # Not `sys.stdout`, which is a log by then.
            print(ready_line(self.app.conf), file=self.stdout, flush=True)

    def execute_from_commandline(self) -> None:
        """Run until stopped; status 1 where an error ended it that its last line names."""
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
    """Return what a worker says once it is ready; an address that any host has is localhost's."""
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
    """Return settings with real addresses once all that a worker needs is there.

    Beside them are the networks: while somebody has them, who opens them again shares them.
    Raises `InfraError` or `RegistryError` with one line for the first thing that is wrong.
    """
    if conf.web_enabled:
        require_guard(settings, str(conf.web_bind))
        _check_port_free(str(conf.web_bind), int(conf.web_port))
    own_core.check(settings.cpu_affinity)
    networks = [registry.open(key) for key in model_keys(settings)], open_lanhar(registry)
    open_tagger(settings)
    if settings.speech_filter != "off":
        open_speech_detector(settings)
    embedded = Embedded(settings)
    ready = embedded.start()
    atexit.register(embedded.stop)
    create = settings.broker_url == EMBEDDED
    loop.run_until_complete(_check_services(ready, create=create))
    return ready, networks


async def _check_services(settings: Settings, *, create: bool) -> None:
    if create:
        await topics.create(settings)
    else:
        topics.check(await topics.describe(settings), settings)
    async with await connect(settings) as redis:
        await warn_of_loss(redis, settings)


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
