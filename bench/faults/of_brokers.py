"""Faults of a cluster of three brokers, of which two must confirm each message."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka.protocol.metadata import MetadataRequest

from bench.faults.fault import Fault, Site
from infra.broker.admin import admin_client
from infra.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Longer than a worker takes to say that not all of it answers.
_AWAY_S = 18.0
_BACK_WITHIN_S = 120.0
_POLL_S = 0.2


class ClusterFault(Fault):
    """Brokers go away and come back."""

    own_cluster = True


class KillOneBroker(ClusterFault):
    """The leaders of a third of the partitions move to other brokers and back."""

    name = f"one broker of three killed, back after {_AWAY_S:g} s"

    async def strike(self, site: Site) -> None:
        """Kill one that does not coordinate the group."""
        coordinator = await _coordinator(site)
        other = site.chance.choice([n for n in _numbers(site) if n != coordinator])
        await _away(site, [other])


class KillCoordinator(ClusterFault):
    """The workers' group gets another coordinator."""

    name = f"the broker that coordinates the group killed, back after {_AWAY_S:g} s"

    async def strike(self, site: Site) -> None:
        """Kill the coordinator."""
        await _away(site, [await _coordinator(site)])


class RollingRestart(ClusterFault):
    """Each broker hands over what it leads before it ends."""

    name = "each of three brokers restarted in turn"

    async def strike(self, site: Site) -> None:
        """Restart one after the other, each once all replicas are in sync."""
        for number in _numbers(site):
            broker = site.services.brokers[number - 1]
            broker.shut_down()
            broker.start()
            await _in_sync(site)


class KillTwoBrokers(ClusterFault):
    """The one that is left confirms nothing: the workers wait."""

    name = f"two brokers of three killed, back after {_AWAY_S:g} s"

    async def strike(self, site: Site) -> None:
        """Kill the coordinator and another one."""
        coordinator = await _coordinator(site)
        other = site.chance.choice([n for n in _numbers(site) if n != coordinator])
        await _away(site, [coordinator, other])


FAULTS: tuple[type[ClusterFault], ...] = (
    KillOneBroker,
    KillCoordinator,
    RollingRestart,
    KillTwoBrokers,
)


def _numbers(site: Site) -> range:
    return range(1, len(site.services.brokers) + 1)


async def _away(site: Site, numbers: Sequence[int]) -> None:
    brokers = [site.services.brokers[number - 1] for number in numbers]
    for broker in brokers:
        broker.kill()
    await asyncio.sleep(_AWAY_S)
    unready, workers = await site.workers.unready(), len(site.workers.numbers)
    site.notes.append(f"{unready} of {workers} workers said meanwhile that they lack the broker")
    for broker in brokers:
        broker.start()
    await _in_sync(site)


async def _coordinator(site: Site) -> int:
    async with admin_client(site.settings) as admin:
        return int(await admin.find_coordinator(site.settings.app_id))


async def _in_sync(site: Site) -> None:
    """Return once every replica of the topics is in sync."""
    async with asyncio.timeout(_BACK_WITHIN_S):
        while not await _is_in_sync(site):
            await asyncio.sleep(_POLL_S)


async def _is_in_sync(site: Site) -> bool:
    try:
        async with admin_client(site.settings) as admin:
            reply = await admin._send_request(
                MetadataRequest(None, allow_auto_topic_creation=False)
            )
    except (BrokerError, OSError):
        return False
    replicas = len(site.services.brokers)
    return all(
        len(isr) == replicas
        for *_, partitions in reply.topics
        for _, _, _, _, isr, *_ in partitions
    )
