"""Faults of the network: a worker is partitioned, or its connections break."""

from __future__ import annotations

import asyncio

from bench.faults.fault import Fault, Site

_BEYOND_SESSION = 2.0


class Partition(Fault):
    """One worker's packets are lost until another has its partitions, so it becomes a zombie."""

    name = "one worker cut off from broker and store beyond its session"
    quick = True

    async def strike(self, site: Site) -> None:
        """Hold both links of the first worker."""
        await _hold_links(site, both=True)


class PartitionFromBroker(Fault):
    """The worker loses the broker but can still write to the store."""

    name = "one worker cut off from the broker alone beyond its session"

    async def strike(self, site: Site) -> None:
        """Hold the first worker's link to the broker."""
        await _hold_links(site, both=False)


class BrokenConnections(Fault):
    """All connections of one worker are closed every second."""

    name = "one worker's connections cut ten times, once a second"

    async def strike(self, site: Site) -> None:
        """Cut both links repeatedly."""
        for _ in range(10):
            for link in site.services.links:
                link.cut()
            await asyncio.sleep(1.0)


async def _hold_links(site: Site, *, both: bool) -> None:
    links = site.services.links if both else (site.services.kafka_link,)
    for link in links:
        link.hold()
    await asyncio.sleep(_BEYOND_SESSION * site.settings.session_timeout_s)
    for link in links:
        link.let_go()


FAULTS: tuple[type[Fault], ...] = (Partition, PartitionFromBroker, BrokenConnections)
