"""What every command does: find the running services, and report errors in one line."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from infra.disk import full_disk
from infra.errors import BrokerError, InfraError
from infra.local.embedded import find_running
from infra.settings import EMBEDDED, Settings, env_name
from models.recordings.protocol import RecordingError
from models.serving.registry import RegistryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence


def running(settings: Settings, *needed: str) -> Settings:
    """Return settings with the addresses of the running embedded services.

    `needed` names the services that the command uses, `broker_url` and `redis_url`.

    Raises `BrokerError` when an embedded service is asked for and none runs here.
    """
    update: dict[str, str] = {}
    addresses = find_running(settings.run_dir)
    for name in needed:
        if getattr(settings, name) == EMBEDDED:
            address = getattr(addresses, name, None)
            if address is None:
                raise BrokerError(
                    f"no embedded services run in {settings.run_dir}: start "
                    f"`faust -A streams.app worker` first, or set {env_name(name)}"
                )
            update[name] = address
    return settings.model_copy(update=update)


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """End the process with one line for errors that the user can fix."""
    try:
        yield
    except (InfraError, RecordingError, RegistryError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        # Faust prints a traceback for whatever leaves a command, SystemExit included.
        os._exit(1)
    except OSError as error:
        full = full_disk(error)
        if full is None:
            raise
        print(f"error: {full}", file=sys.stderr, flush=True)
        os._exit(1)


def one_line_errors(
    command: Callable[..., Awaitable[None]],
) -> Callable[..., Awaitable[None]]:
    """Make a function of its parameters a Faust command; the user's errors are one line."""

    @wraps(command)
    async def run(_command: Any, **options: Any) -> None:
        with errors_in_one_line():
            await command(**options)

    # Faust passes itself only to what has parameters, and would look behind the wrapper for them.
    del run.__wrapped__  # type: ignore[attr-defined]
    return run


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns as wide as their widest cell."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head) - 1)]
    for row in (head, *rows):
        cells = "  ".join(text.ljust(w) for text, w in zip(row, widths, strict=False))
        print(cells, row[-1])
