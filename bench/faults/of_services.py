"""Faults of the broker and the store: killed, frozen, emptied or slow."""

from __future__ import annotations

import asyncio

from bench.faults.fault import Fault, Site
from infra.daily_log.rebuild import rebuild
from infra.redis.client import connect

_AWAY_S = 5.0
# Longer than an idle stream is waited for.
_BROKER_AWAY_S = 12.0
_FROZEN_S = 15.0
# At a playback speed of 4, thirty seconds of event time and what is acknowledged with them.
_LACKS_S = 8.0
_SLOW_S = 0.1
_SLOW_FOR_S = 10.0


class KillBroker(Fault):
    """The broker recovers its logs before it serves again."""

    name = f"broker killed, back after {_BROKER_AWAY_S:g} s"
    quick = True

    async def strike(self, site: Site) -> None:
        """Kill and start it."""
        await site.services.kafka.be_away(_BROKER_AWAY_S)


class FreezeBroker(Fault):
    """Connections stay open, and nothing is answered, for longer than sessions last."""

    name = f"broker frozen for {_FROZEN_S:g} s"

    async def strike(self, site: Site) -> None:
        """Stop it and let it go on."""
        await site.services.kafka.be_frozen(_FROZEN_S)


class KillStore(Fault):
    """What it has confirmed is in its append-only file."""

    name = f"store killed, back after {_AWAY_S:g} s with its append-only file"
    quick = True

    async def strike(self, site: Site) -> None:
        """Kill and start it."""
        await site.services.store.be_away(_AWAY_S)


class EmptyStore(Fault):
    """All checkpoints and all of the log are gone; the topics have what made them."""

    name = "store killed, back empty, `log rebuild`"

    async def strike(self, site: Site) -> None:
        """Kill it, remove its file and start it."""
        site.services.store.kill()
        await asyncio.sleep(1.0)
        site.services.empty_store()
        site.services.store.start()

    async def after(self, site: Site) -> None:
        """Write the log anew from the topics."""
        redis = await connect(site.settings)
        try:
            await rebuild(site.settings, redis)
        finally:
            await redis.aclose()


class FailOver(Fault):
    """A replica without the last writes is promoted; workers have committed what it lacks."""

    name = f"store back as its copy of {_LACKS_S:g} s before"

    async def strike(self, site: Site) -> None:
        """Replace the store's data by an older copy."""
        await _lose_last_writes(site)
        site.services.store.start()


class FailOverThenKill(Fault):
    """Workers start with a store that reaches less far than their commits."""

    name = f"store back as its copy of {_LACKS_S:g} s before, both workers killed meanwhile"

    async def strike(self, site: Site) -> None:
        """Kill both workers between the store's end and its start."""
        await _lose_last_writes(site)
        for number in (0, 1):
            site.workers.kill(number)
        site.services.store.start()
        for number in (0, 1):
            site.workers.spawn(number)
        await site.workers.ready()


class FreezeStore(Fault):
    """Connections stay open, and nothing is answered."""

    name = f"store frozen for {_FROZEN_S:g} s"

    async def strike(self, site: Site) -> None:
        """Stop it and let it go on."""
        await site.services.store.be_frozen(_FROZEN_S)


class SlowStore(Fault):
    """Each answer takes its time."""

    name = f"store answers one worker {1e3 * _SLOW_S:g} ms late for {_SLOW_FOR_S:g} s"

    async def strike(self, site: Site) -> None:
        """Slow the first worker's connections down."""
        site.services.store_link.slow_down(_SLOW_S)
        await asyncio.sleep(_SLOW_FOR_S)
        site.services.store_link.slow_down(0.0)


FAULTS: tuple[type[Fault], ...] = (
    KillBroker,
    FreezeBroker,
    KillStore,
    EmptyStore,
    FailOver,
    FailOverThenKill,
    FreezeStore,
    SlowStore,
)


async def _lose_last_writes(site: Site) -> None:
    """Kill the store, and leave it with its data of some seconds before."""
    site.services.copy_store()
    await asyncio.sleep(_LACKS_S)
    site.services.store.kill()
    site.services.put_copy_back()
