"""Liveness, readiness and health of the worker, at a cost independent of the number of devices.

GET /api/health/live   503 if only a restart helps: no progress, or a blocked event loop
GET /api/health/ready  503 while something it needs is unavailable (broker, topics, store, disk), or
                       it backs off in a crash loop
GET /api/health        both, and what became of the newest question to the language model, if one is
                       configured: a worker is well without it
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from streams.web.guard import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.daily_log.store import LogStore
    from infra.llm import Llm

STORE_TIMEOUT_S = 2.0


class Vitals(Protocol):
    """The worker's own state of health; a problem is one line, None if there is none."""

    def problem(self) -> str | None:
        """Return a problem that may be temporary."""

    def stuck(self) -> str | None:
        """Return a problem that only a restart solves."""

    def figures(self) -> dict[str, float]:
        """Return measurements by name, with the unit in the name."""


class NoVitals:
    """The health of an application without a worker: unknown."""

    def problem(self) -> str | None:
        """Return None."""
        return None

    def stuck(self) -> str | None:
        """Return None."""
        return None

    def figures(self) -> dict[str, float]:
        """Return nothing."""
        return {}


class HealthViews:
    """The handlers; `store` raises `NotReadyError` while the worker still connects.

    `llm` returns the language model with its name, or None.
    """

    def __init__(
        self,
        store: Callable[[], LogStore],
        vitals: Vitals,
        llm: Callable[[], tuple[Llm, str] | None] = lambda: None,
    ) -> None:
        self._store = store
        self._vitals = vitals
        self._llm = llm

    async def live(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return 200 unless only a restart helps."""
        self._refuse_stuck()
        return web.json_response({"status": "ok"})

    async def ready(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return 200 while everything that the worker needs is available."""
        await self._refuse_unready()
        return web.json_response({"status": "ok"})

    async def health(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return 200 while the worker is alive and ready, with the measurements."""
        self._refuse_stuck()
        figures = await self._refuse_unready()
        return web.json_response(
            {"status": "ok", **figures, **self._vitals.figures(), **self._language_model()}
        )

    def _language_model(self) -> dict[str, str]:
        known = self._llm()
        return {} if known is None else {"language_model": known[0].state}

    def _refuse_stuck(self) -> None:
        stuck = self._vitals.stuck()
        if stuck is not None:
            raise NotReadyError(stuck)

    async def _refuse_unready(self) -> dict[str, float]:
        problem = self._vitals.problem()
        if problem is not None:
            raise NotReadyError(problem)
        began = time.perf_counter()
        try:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                devices = await self._store().ping()
        except TimeoutError as error:
            raise NotReadyError(
                f"the log store did not answer within {STORE_TIMEOUT_S:.0f} s"
            ) from error
        took_ms = round((time.perf_counter() - began) * 1_000, 1)
        return {"devices": devices, "store_ms": took_ms}
