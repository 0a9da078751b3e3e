"""Does the server keep to its own description, whatever is asked (schemathesis)?"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from infra.daily_log.store import LogStore
from streams.web.openapi.document import description
from streams.web.routes import PageSources, install
from tests.streams.synthetic_log import PLAN, day, put
from tests.streams.web.decided import Decided

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from schemas import Correction

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(600)]

DEVICE = "glasses-01"
# Most requests ask about a log that there is, at its times: else all that is tried are refusals.
DEVICES = [DEVICE, "nobody"]
TIMES = ["2025-11-20T07:40:00Z", "2025-11-20T08:10:00+01:00", "2025-11-20", "1763625600000000000"]
EXAMPLES = 60
# No plain request is answered there.
WEBSOCKET = "/api/v1/sensor"


def narrowed() -> dict[str, Any]:
    """Return the description, of these devices and mostly of these times."""
    described = description()
    for item in described["paths"].values():
        for parameter in (each for operation in item.values() for each in operation["parameters"]):
            if parameter["name"] == "device":
                parameter["schema"] = {"type": "string", "enum": DEVICES}
            elif parameter["name"] in ("from", "to", "at"):
                parameter["schema"] = {"anyOf": [{"enum": TIMES}, parameter["schema"]]}
    schemas = described["components"]["schemas"]
    schemas["Change"]["properties"]["device"] = {"type": "string", "enum": DEVICES}
    schemas["SettingsChange"]["properties"]["device"] = {"type": "string", "enum": DEVICES}
    for name in ("from", "to"):
        schemas["Part"]["properties"][name]["anyOf"].insert(0, {"enum": TIMES})
    return described


schema = schemathesis.openapi.from_dict(narrowed()).exclude(path=WEBSOCKET)


@asynccontextmanager
async def page(redis_url: str) -> AsyncIterator[str]:
    """Give the address of a page on a log of nearly two hours."""

    async def publish(_: Correction) -> None:
        return

    async with Redis.from_url(redis_url) as client:
        store = LogStore(client, "contract", retention_days=30)
        await put(store, day(DEVICE, plan=PLAN[:4]))
        application = web.Application()
        install(
            application,
            PageSources(lambda: store, publish=publish, decisions=Decided(store).decisions),
        )
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


@pytest.fixture(scope="module")
def address(redis_url: str) -> Iterator[str]:
    """Serve the page from a thread, for what asks is not asynchronous."""
    given: Future[str] = Future()
    done = threading.Event()

    async def serve() -> None:
        async with page(redis_url) as url:
            given.set_result(url)
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        yield given.result(60)
    finally:
        done.set()
        thread.join(60)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_an_answer_is_one_that_is_described_and_what_is_not_described_is_refused(
    case: schemathesis.Case[Any], address: str
) -> None:
    # That a span ends after it begins, or that a search says what for, no schema can say.
    case.call_and_validate(base_url=address, excluded_checks=[positive_data_acceptance])
