"""Errors that the user can fix, in one line instead of a traceback."""

from __future__ import annotations

import os
import select
import sys
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from infra.disk import unusable_file
from infra.errors import InfraError
from infra.redis.outage import cause
from infra.settings import env_name
from models.recordings.protocol import RecordingError
from models.serving.registry import RegistryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

# What a shell reports of a program that wrote into a pipe without a reader.
_ENDED_BY_SIGPIPE = 141


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """End the process with one line for errors that the user can fix."""
    try:
        yield
        # Here and not at the interpreter's end, where a closed pipe is a traceback.
        sys.stdout.flush()
    except (InfraError, RecordingError, RegistryError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        # Faust prints a traceback for any exception of a command, even SystemExit.
        os._exit(1)
    except RedisError as error:
        # Of a user who may not, a full store, or an outage that was waited for.
        print(f"error: redis ({env_name('redis_url')}) {cause(error)}", file=sys.stderr, flush=True)
        os._exit(1)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _reader_is_gone():
            os._exit(_ENDED_BY_SIGPIPE)
        print(f"error: {unusable_file(error)}", file=sys.stderr, flush=True)
        os._exit(1)


def _reader_is_gone() -> bool:
    """Whether nobody reads the output any more, as after `| head`."""
    try:
        out = sys.stdout.fileno()
    except (OSError, ValueError):
        return False
    poll = select.poll()
    poll.register(out, select.POLLOUT)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def one_line_errors(
    command: Callable[..., Awaitable[None]],
) -> Callable[..., Awaitable[None]]:
    """Make a function of its parameters a Faust command; the user's errors are one line."""

    @wraps(command)
    async def run(_command: Any, **options: Any) -> None:
        with errors_in_one_line():
            await command(**options)

    # Faust passes itself only to functions with parameters, and would inspect the wrapped one.
    del run.__wrapped__  # type: ignore[attr-defined]
    return run
