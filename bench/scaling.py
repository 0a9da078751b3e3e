"""Extrapolating the figures of one wearer to the resources of a fleet."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from bench.report.figures import DAY_S
from infra import topics
from infra.topics import TOPICS

if TYPE_CHECKING:
    from bench.report.figures import Figures

_FRAMES = (topics.AUDIO_FRAMES, topics.IMU_FRAMES)
_LOGGED = (topics.SCENARIO, topics.SCENARIO_REFINED, topics.ACTIVITY)
_DAY = 86_400


@dataclass(frozen=True)
class Assumptions:
    """Assumptions about hardware, usage and prices, to be replaced by your own."""

    awake_share: float = DAY_S / _DAY
    """Share of wearers who wear a device at a time, on average; at the peak all do."""
    core_share: float = 0.6
    """Utilisation of a core at the peak; the rest is for catching up after a failure."""
    replicas: int = 3
    raw_hours: float = 2.0
    """Hours of raw sound and motion on disk: the hour of retention, and a segment of the same
    length, which Kafka deletes as a whole."""
    broker_bytes_s: float = 1.25e9 * 0.6
    """A broker's network, 10 Gbit/s each way, at 60 %."""
    broker_disk_bytes: float = 16e12 * 0.7
    broker_partitions: int = 4_000
    """Replicas of partitions on one broker, by common advice for Kafka."""
    store_bytes: float = 64e9 * 0.7
    """Memory of one Redis server for the log."""
    log_days: int = 30
    cell_wearers: int = 100_000
    """Wearers per cell; a cell has its own brokers, workers and stores."""
    core_month: float = 30.0
    disk_gb_month: float = 0.08
    memory_gb_month: float = 3.0


@dataclass(frozen=True)
class Needs:
    """The resources for a number of wearers."""

    wearers: int
    cells: int
    worker_cores: int
    workers: int
    worker_memory_gb: float
    partitions: int
    frames_gbyte_s: float
    brokers_by_network: int
    brokers_by_disk: int
    brokers_by_partitions: int
    broker_cores: int
    sound_tb: float
    rest_tb: float
    store_cores: int
    stores_by_memory: int
    log_tb: float

    @property
    def brokers(self) -> int:
        """Number of brokers, by the scarcest resource."""
        return max(self.brokers_by_network, self.brokers_by_disk, self.brokers_by_partitions)


def needs_of(figures: Figures, wearers: int, assumed: Assumptions) -> Needs:
    """Return the resources for `wearers` at the peak, when all of them send."""
    traffic = {name: each["octets"] for name, each in figures["traffic"].items()}
    total_ms, services_ms = figures["ms_per_wearer_second"]["total"], figures["services_ms"]
    worker_cores = _cores(total_ms, wearers, assumed)
    # One process uses about one core, because its event loop is one thread.
    workers = worker_cores
    partitions = _round_up(workers * 1.5)
    frames = sum(traffic[name] for name in _FRAMES) * wearers
    # Each byte is read once and copied to the other replicas, so outgoing traffic dominates.
    outgoing = frames * assumed.replicas
    kept = _kept_bytes(traffic, wearers, assumed)
    log_bytes = sum(traffic.get(name, 0.0) for name in _LOGGED) * DAY_S * assumed.log_days * wearers
    broker_ms = services_ms.get(figures["broker"], 0.0)
    return Needs(
        wearers=wearers,
        cells=ceil(wearers / assumed.cell_wearers),
        worker_cores=worker_cores,
        workers=workers,
        worker_memory_gb=(
            workers * figures["rss_mb"] + wearers * max(0.0, figures["rss_mb_per_wearer"])
        )
        / 1e3,
        partitions=partitions,
        frames_gbyte_s=frames / 1e9,
        brokers_by_network=ceil(outgoing / assumed.broker_bytes_s),
        brokers_by_disk=ceil(sum(kept.values()) / assumed.broker_disk_bytes),
        brokers_by_partitions=ceil(
            partitions * len(traffic) * assumed.replicas / assumed.broker_partitions
        ),
        broker_cores=_cores(broker_ms * assumed.replicas, wearers, assumed),
        sound_tb=kept[topics.AUDIO_FRAMES] / 1e12,
        rest_tb=(sum(kept.values()) - kept[topics.AUDIO_FRAMES]) / 1e12,
        store_cores=_cores(services_ms.get("store", 0.0), wearers, assumed),
        stores_by_memory=ceil(log_bytes / assumed.store_bytes),
        log_tb=log_bytes / 1e12,
    )


def monthly_cost(needs: Needs, assumed: Assumptions) -> dict[str, float]:
    """Return the monthly cost by driver, dollars, at the assumed prices."""
    cores = needs.worker_cores + needs.broker_cores + needs.store_cores
    return {
        "cores": cores * assumed.core_month,
        "sound on disk": needs.sound_tb * 1e3 * assumed.disk_gb_month,
        "the rest on disk": needs.rest_tb * 1e3 * assumed.disk_gb_month,
        "workers' memory": needs.worker_memory_gb * assumed.memory_gb_month,
        "the log in memory": needs.log_tb * 1e3 * assumed.memory_gb_month,
    }


def _kept_bytes(traffic: dict[str, float], wearers: int, assumed: Assumptions) -> dict[str, float]:
    """Return the bytes stored per topic, over all replicas."""
    return {
        topic.name: traffic[topic.name]
        * wearers
        * assumed.awake_share
        * (assumed.raw_hours * 3_600 if topic.name in _FRAMES else topic.retention_s)
        * assumed.replicas
        for topic in TOPICS
        if topic.name in traffic and not topic.compacted
    }


def _cores(ms: float, wearers: int, assumed: Assumptions) -> int:
    return ceil(ms / 1e3 * wearers / assumed.core_share)


def _round_up(partitions: float) -> int:
    """Round up to a number of partitions with many divisors."""
    return ceil(partitions / 12) * 12
