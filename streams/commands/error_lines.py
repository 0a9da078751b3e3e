"""Errors that the user can fix, in one line instead of a traceback."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from infra.disk import full_disk
from infra.errors import InfraError
from models.recordings.protocol import RecordingError
from models.serving.registry import RegistryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """End the process with one line for errors that the user can fix."""
    try:
        yield
    except (InfraError, RecordingError, RegistryError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        # Faust prints a traceback for any exception of a command, even SystemExit.
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

    # Faust passes itself only to functions with parameters, and would inspect the wrapped one.
    del run.__wrapped__  # type: ignore[attr-defined]
    return run
