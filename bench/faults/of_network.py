"""A worker that is cut off from broker and store, or whose connections break."""

from __future__ import annotations

import asyncio

from bench.faults.fault import Fault, Site

_BEYOND_SESSION = 2.0


class Partition(Fault):
    """Packets of one worker are lost until another has its partitions: it is a zombie then."""

    name = "one worker cut off from broker and store beyond its session"
    quick = True

    async def strike(self, site: Site) -> None:
        """Hold both of the first worker's links."""
        await _held(site, both=True)


class PartitionFromBroker(Fault):
    """It still writes to the store."""

    name = "one worker cut off from the broker alone beyond its session"

    async def strike(self, site: Site) -> None:
        """Hold the first worker's link to the broker."""
        await _held(site, both=False)


class BrokenConnections(Fault):
    """Every second all connections of one worker end."""

    name = "one worker's connections cut ten times, once a second"

    async def strike(self, site: Site) -> None:
        """Cut both links again and again."""
        for _ in range(10):
            for link in site.services.links:
                link.cut()
            await asyncio.sleep(1.0)


async def _held(site: Site, *, both: bool) -> None:
    links = site.services.links if both else (site.services.kafka_link,)
    for link in links:
        link.hold()
    await asyncio.sleep(_BEYOND_SESSION * site.settings.session_timeout_s)
    for link in links:
        link.let_go()


FAULTS: tuple[type[Fault], ...] = (Partition, PartitionFromBroker, BrokenConnections)
