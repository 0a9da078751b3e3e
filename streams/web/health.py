"""Whether the worker is alive, ready and healthy; each costs the same however many devices log.

GET /api/health/live   503 where only a restart helps: it does not get on, or its loop is held up
GET /api/health/ready  503 while what it needs is not there: store, topics, disk
GET /api/health        both
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from streams.web.guard import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.daily_log.store import LogStore

STORE_TIMEOUT_S = 2.0


class Vitals(Protocol):
    """What a worker knows of itself; every answer is a line, None where all is well."""

    def problem(self) -> str | None:
        """Return what keeps the worker from its work and may pass."""

    def stuck(self) -> str | None:
        """Return why only a restart helps."""

    def figures(self) -> dict[str, float]:
        """Return what was measured, by name with its unit."""


class NoVitals:
    """Of an application without a worker nothing is known."""

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
    """The handlers; `store` raises `NotReadyError` while the worker still connects."""

    def __init__(self, store: Callable[[], LogStore], vitals: Vitals) -> None:
        self._store = store
        self._vitals = vitals

    async def live(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return 200 unless only a restart helps."""
        self._refuse_stuck()
        return _json({"status": "ok"})

    async def ready(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return 200 while all that the worker needs is there."""
        await self._refuse_unready()
        return _json({"status": "ok"})

    async def health(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return 200 while the worker is alive and ready, with what was measured."""
        self._refuse_stuck()
        figures = await self._refuse_unready()
        return _json({"status": "ok", **figures, **self._vitals.figures()})

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


def _json(value: dict[str, Any]) -> web.Response:
    return web.Response(text=json.dumps(value), content_type="application/json", charset="utf-8")
