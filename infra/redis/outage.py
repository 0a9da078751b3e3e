"""Temporary failures of Redis, which are retried in one place.

A restarting server closes its connections. A server that is out of memory, cannot save, follows a
dead primary or is still loading keeps them and answers with an error. Either way the command was
not executed, and it can be repeated once the server has recovered.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ConnectionError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from infra.redis.sentinels import NoPrimaryError, not_named
from infra.settings import env_name
from infra.tls import not_trusted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

log = logging.getLogger(__name__)

T = TypeVar("T")
ErrorT = TypeVar("ErrorT", bound=BaseException)

OUTAGE_MAX_S = 60.0
_BACKOFF_MAX_S = 1.0
# Error codes of temporary refusals. MASTERDOWN and READONLY also come from a replica that is being
# promoted.
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
# What a script that the server stopped has behind the refusal.
_OF_SCRIPT = re.compile(r"\.? script: [0-9a-f]{40}, on @user_script:\d+\.?$")
# For a pipeline the client puts the command in front of the server's message, as a tuple's repr.
_IN_PIPELINE = re.compile(r"""^.* of pipeline caused error: \(["'](.*)["'],\)$""", re.DOTALL)
_GIVE_UP_AT: ContextVar[float | None] = ContextVar("give_up_at", default=None)


@contextmanager
def at_once() -> Iterator[None]:
    """Let commands fail at once that would be retried through an outage."""
    mark = _GIVE_UP_AT.set(monotonic())
    try:
        yield
    finally:
        _GIVE_UP_AT.reset(mark)


def refusal_code(error: BaseException) -> str | None:
    """Return the code of `CODES` of a temporary refusal, or None for any other error."""
    if not isinstance(error, RedisError):
        return None
    code = getattr(error, "status_code", None) or server_text(error).partition(" ")[0]
    return code if code in CODES else None


def passes(error: BaseException) -> bool:
    """Return whether the same command may succeed once the server has recovered."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return False
    return isinstance(error, ConnectionError | TimeoutError) or refusal_code(error) is not None


def cause(error: BaseException) -> str:
    """Return the server's refusal in one line, or that it does not answer."""
    if isinstance(error, NoPrimaryError):
        return not_named(error, cause)
    untrusted = tls_refusal(error)
    if untrusted is not None:
        return untrusted
    text = " ".join(server_text(error).split()).rstrip(".")
    code = refusal_code(error)
    if code is not None:
        return f"refuses: {text if text.startswith(code) else f'{code} {text}'}"
    # A denied login is a `ConnectionError` too.
    refusals = (ResponseError, AuthenticationError, AuthorizationError)
    verb = "refuses" if isinstance(error, refusals) else "does not answer"
    return f"{verb}: {text or type(error).__name__}"


class OutageRetry(Retry):
    """Retries commands while Redis is unavailable or refuses them, for up to `outage_max_s`.

    All connections of a client share one instance, so that an outage is one line in the log and its
    end another, however many commands wait. `explain` returns an error to raise in another's place.
    """

    def __init__(
        self,
        name: str,
        outage_max_s: float = OUTAGE_MAX_S,
        explain: Callable[[RedisError], RedisError | None] = lambda _: None,
    ) -> None:
        super().__init__(
            ExponentialBackoff(cap=_BACKOFF_MAX_S, base=0.05),
            -1,
            (ConnectionError, TimeoutError, ResponseError),
        )
        self._name = name
        self._outage_max_s = outage_max_s
        self._explain = explain
        self._waiting = 0
        self._cause: str | None = None
        # Beginning and latest failure of the outage that was logged.
        self._since: float | None = None
        self._failed_at = 0.0
        # What was logged last.
        self._said = ""

    @property
    def outage(self) -> str | None:
        """The latest failure of the current outage in one line; None if there is none."""
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
        """Return the result of `do`; raises its error once the outage has lasted too long.

        Retries of a command include retries of its connection; both count from the first failure.
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
                        explained = self._explain(error)
                        if explained is None:
                            raise
                        raise explained from error
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
        # Commands that gave up do not report the end, so a long silence starts a new outage.
        new = self._since is None or now - self._failed_at > self._outage_max_s
        if new:
            self._since = now
        # A server that closed its connections may come back full, as a replica, or with a
        # certificate that has expired.
        self._cause = f"{self._name} {cause(error)}"
        if new or (_is_of_tls(error) and self._cause != self._said):
            self._said = self._cause
            log.warning("%s; trying again for up to %.0f s", self._cause, self._outage_max_s)
        self._failed_at = now

    def _end(self) -> None:
        if self._since is not None:
            log.warning("%s answers again, after %.0f s", self._name, monotonic() - self._since)
        self._since = None


def server_text(error: BaseException) -> str:
    """Return what the server said, without what the client put before it or a script's number."""
    return _OF_SCRIPT.sub("", _IN_PIPELINE.sub(r"\1", str(error)))


def tls_refusal(error: BaseException) -> str | None:
    """Return why a connection over TLS was refused, on either side; None for any other error."""
    tls = in_chain(error, ssl.SSLError)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return not_trusted(tls, env_name("redis_ca"))
    # Any other error may be of a connection that only ended.
    return None if tls is None or "ALERT" not in (tls.reason or "") else refuses_tls(tls)


def _is_of_tls(error: Exception) -> bool:
    every = error.failures.values() if isinstance(error, NoPrimaryError) else (error,)
    return any(tls_refusal(each) is not None for each in every)


def refuses_tls(error: ssl.SSLError) -> str:
    """Return that the server refuses TLS, with the reason and the setting to correct."""
    reason = (error.reason or str(error)).lower().replace("_", " ")
    return f"refuses TLS ({reason}): correct {env_name('redis_certificate')}"


def in_chain(error: BaseException | None, kind: type[ErrorT]) -> ErrorT | None:
    """Return the first error of this kind in the chain of causes."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error
