"""Redis away or refusing for a while: one kind of failure, outlasted in one place.

A server that restarts ends its connections. One that is out of memory, cannot save, follows a dead
primary or still loads keeps them and answers with an error instead. Either way nothing was done,
and the same command works once the server is well again.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ConnectionError,
    RedisError,
    ResponseError,
    TimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

T = TypeVar("T")

OUTAGE_MAX_S = 60.0
_BACKOFF_MAX_S = 1.0
# The codes with which a server refuses for now what it would do at another time. MASTERDOWN and
# READONLY also come from a replica that is on its way to become the primary.
CODES = frozenset(
    {
        "BUSY",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MISCONF",
        "NOREPLICAS",
        "OOM",
        "READONLY",
        "TRYAGAIN",
    }
)
# The client puts the command of a pipeline before what the server said, as a tuple's text.
_IN_PIPELINE = re.compile(r"""^.* of pipeline caused error: \(["'](.*)["'],\)$""", re.DOTALL)
_GIVE_UP_AT: ContextVar[float | None] = ContextVar("give_up_at", default=None)


def refusal_code(error: BaseException) -> str | None:
    """Return the code of `CODES` with which a server refuses for a while, None for any other."""
    if not isinstance(error, RedisError):
        return None
    code = getattr(error, "status_code", None) or _server_text(error).partition(" ")[0]
    return code if code in CODES else None


def passes(error: BaseException) -> bool:
    """Return whether the same command may work once the server is back or well again."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return False
    return isinstance(error, ConnectionError | TimeoutError) or refusal_code(error) is not None


def cause(error: BaseException) -> str:
    """Return in one line what a server said, or that it does not answer."""
    text = " ".join(_server_text(error).split()).rstrip(".")
    if isinstance(error, MasterNotFoundError):
        # What each of the Sentinels said, and how each is connected to.
        text = text.partition(" : ")[0]
    code = refusal_code(error)
    if code is None:
        return f"does not answer: {text or type(error).__name__}"
    return f"refuses: {text if text.startswith(code) else f'{code} {text}'}"


class OutageRetry(Retry):
    """Repeats what fails while Redis is away or refuses, for `outage_max_s` in all.

    All connections of a client share one, so that however many commands wait, an outage is one
    line in the log, and its end another.
    """

    def __init__(self, name: str, outage_max_s: float = OUTAGE_MAX_S) -> None:
        super().__init__(
            ExponentialBackoff(cap=_BACKOFF_MAX_S, base=0.05),
            -1,
            (ConnectionError, TimeoutError, ResponseError),
        )
        self._name = name
        self._outage_max_s = outage_max_s
        self._waiting = 0
        self._cause: str | None = None
        # Of the outage that the log speaks of: its beginning and its latest failure.
        self._since: float | None = None
        self._failed_at = 0.0

    @property
    def outage(self) -> str | None:
        """What commands wait for, in one line; None while none does."""
        return self._cause if self._waiting else None

    def __deepcopy__(self, memo: object) -> OutageRetry:
        return self

    async def call_with_retry(
        self,
        do: Callable[[], Awaitable[T]],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> T:
        """Return what `do` returns; raises its error once the outage has lasted too long.

        A command repeats its connection's attempts: the time of both counts from the first.
        """
        outer = _GIVE_UP_AT.get()
        give_up_at = monotonic() + self._outage_max_s if outer is None else outer
        mark = _GIVE_UP_AT.set(give_up_at)
        failures = 0
        try:
            while True:
                try:
                    answer = await do()
                except self._supported_errors as error:
                    if not passes(error) or (is_retryable is not None and not is_retryable(error)):
                        raise
                    failures += 1
                    if outer is None:
                        self._waiting += failures == 1
                        self._note(error)
                    await (fail(error, failures) if with_failure_count else fail(error))
                    if monotonic() >= give_up_at:
                        raise
                    await asyncio.sleep(self._backoff.compute(failures))
                else:
                    if outer is None and failures and self._waiting == 1:
                        self._end()
                    return answer
        finally:
            _GIVE_UP_AT.reset(mark)
            if outer is None and failures:
                self._waiting -= 1

    def _note(self, error: Exception) -> None:
        now = monotonic()
        # Who gave up meanwhile says nothing of an end, so silence has to.
        if self._since is None or now - self._failed_at > self._outage_max_s:
            self._since = now
            self._cause = f"{self._name} {cause(error)}"
            log.warning("%s; trying again for up to %.0f s", self._cause, self._outage_max_s)
        self._failed_at = now

    def _end(self) -> None:
        if self._since is not None:
            log.warning("%s answers again, after %.0f s", self._name, monotonic() - self._since)
        self._since = None


def _server_text(error: BaseException) -> str:
    return _IN_PIPELINE.sub(r"\1", str(error))
