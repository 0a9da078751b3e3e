"""A circuit breaker: after repeated failures the endpoint is not called for a while."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from infra import metrics
from infra.errors import LlmError
from infra.llm.call_error import CallError, without_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

log = logging.getLogger(__name__)


class Breaker:
    """Closed, open after `failures` failed calls in a row, then one trial every `open_s` seconds.

    While it is open every call is refused at once; a trial that succeeds closes it. Both are
    logged, and so is each new reason for which a trial fails.
    """

    def __init__(
        self, failures: int, open_s: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._limit = failures
        self._open_s = open_s
        self._clock = clock
        self._failed = 0
        self._reason = ""
        self._opened_at: float | None = None
        self._trying = False
        # What was said since the circuit was closed last.
        self._logged: set[str] = set()

    def check(self) -> None:
        """Raise `LlmError` while the circuit is open."""
        if self._opened_at is None:
            return
        left = self._opened_at + self._open_s - self._clock()
        if left > 0 or self._trying:
            raise LlmError(
                "breaker",
                f"not asked: the last {self._failed} calls failed ({self._reason}); "
                f"the next trial is in {max(0.0, left):.0f} s",
            )

    @contextmanager
    def call(self, spared: Collection[str] = ()) -> Iterator[None]:
        """Guard one call; a `CallError` counts as a failure unless its outcome is in `spared`."""
        self.check()
        trial = self._opened_at is not None
        self._trying |= trial
        try:
            yield
        except CallError as error:
            if error.outcome in spared:
                raise
            self._failed += 1
            self._reason = without_answer(error)
            if trial or (self._opened_at is None and self._failed >= self._limit):
                self._open()
            raise
        else:
            self._close()
        finally:
            if trial:
                self._trying = False

    def _open(self) -> None:
        self._opened_at = self._clock()
        metrics.llm_breaker_open.set(1)
        if self._reason not in self._logged:
            self._logged.add(self._reason)
            log.warning(
                "the language model is left alone and tried every %g s: the last %d calls failed "
                "(%s); until it answers, local estimates stand",
                *(self._open_s, self._failed, self._reason),
            )

    def _close(self) -> None:
        self._failed = 0
        self._opened_at = None
        metrics.llm_breaker_open.set(0)
        if self._logged:
            self._logged.clear()
            log.warning("the language model answers again")
