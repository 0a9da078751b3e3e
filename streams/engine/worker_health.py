"""A worker's own state of health, as its page and readiness probes report it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from infra import metrics
from infra.disk import disk_problem, free_bytes
from infra.redis.client import outage
from infra.redis.eviction import EvictionWatch
from infra.topics import RAW
from streams.engine.loop_watch import LoopWatch
from streams.engine.progress import STUCK_AFTER_S, ConsumerProgress, LoopLag
from streams.engine.topic_watch import TopicWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from faust.types import TP
    from redis.asyncio import Redis

    from infra.settings import Settings
    from streams.engine.kafka.consumer import Consumer

log = logging.getLogger(__name__)

_OBSERVE_INTERVAL_S = 1.0
# Longer than a cluster takes to notice that a broker is gone (9 s by default).
_BROKER_ANSWERS_S = 12.0


class WorkerHealth:
    """Observes a worker's consumer, event loop, topics, store and disk.

    `consumer` and `redis` return None while the worker has none; `sources` returns the topics that
    each of its agents reads, `unconfirmed_s` for how long the broker has not confirmed what was
    published, and `out_of_group` why the worker stays out of its group, None if it does not.
    """

    def __init__(
        self,
        settings: Settings,
        consumer: Callable[[], Consumer | None],
        redis: Callable[[], Redis | None],
        sources: Callable[[], Sequence[Sequence[str]]],
        unconfirmed_s: Callable[[], float] = lambda: 0.0,
        out_of_group: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._broker_url = settings.broker_url
        self._frames = {settings.topic(name) for name in RAW}
        self._unconfirmed_s = unconfirmed_s
        self._out_of_group = out_of_group
        self._run_dir = settings.run_dir
        self._consumer = consumer
        self._redis = redis
        self._sources = sources
        self._progress = ConsumerProgress(settings.session_end_timeout_s + STUCK_AFTER_S)
        self._loop_lag = LoopLag()
        self._topic_watch: TopicWatch | None = None
        self._eviction: EvictionWatch | None = None
        self._exported: dict[TP, int] = {}
        # What was said since the broker was there last.
        self._logged_broker: set[str] = set()

    def problem(self) -> str | None:
        """Return in one line what the worker lacks at present, or why it stays out, else None."""
        return next(filter(None, [*self.problems().values(), self._out_of_group()]), None)

    def problems(self) -> dict[str, str | None]:
        """Return the problem with each of `metric_labels.DEPENDENCIES`, None if there is none."""
        watch, redis, eviction = self._topic_watch, self._redis(), self._eviction
        deleted = None if eviction is None else eviction.problem
        return {
            "broker": self._broker_problem(),
            "topics": None if watch is None else watch.problem,
            "store": None if redis is None else outage(redis) or deleted,
            "disk": disk_problem(self._run_dir),
        }

    def _broker_problem(self) -> str | None:
        watch, consumer = self._topic_watch, self._consumer()
        if watch is not None and (watch.broker_problem or watch.problem):
            # A missing topic is neither read nor confirmed.
            return watch.broker_problem
        if consumer is not None and not consumer.is_answered(self._frames, _BROKER_ANSWERS_S):
            return (
                f"broker at {self._broker_url} does not answer for every partition of sound and "
                "motion: start those of its brokers that are away"
            )
        if self._unconfirmed_s() > _BROKER_ANSWERS_S:
            return (
                f"broker at {self._broker_url} does not confirm what is published: start those of "
                "its brokers that are away, until min.insync.replicas of a topic's replicas are "
                "there"
            )
        return None

    def _log_broker(self, problem: str | None) -> None:
        # A broker that restarts may come back with a certificate that has expired.
        if problem is not None and problem not in self._logged_broker:
            log.error("%s; until then windows wait", problem)
            self._logged_broker.add(problem)
        if problem is None and self._logged_broker:
            log.warning("broker at %s is there again", self._broker_url)
            self._logged_broker.clear()

    def stuck(self) -> str | None:
        """Return in one line why only a restart helps, None while the worker makes progress."""
        return self._progress.problem() or self._loop_lag.problem()

    def figures(self) -> dict[str, float]:
        """Return measurements of this process by name, with the unit in the name."""
        free = free_bytes(self._run_dir)
        return {
            "loop_lag_s": round(self._loop_lag.worst_s, 3),
            "lag": sum(self._lag().values()),
            **({} if free is None else {"disk_free_mb": free // 1_000_000}),
        }

    async def watch_topics(self, settings: Settings) -> None:
        """Look for missing topics until cancelled; raises `TopicsError` as `TopicWatch` does."""
        self._topic_watch = TopicWatch(settings)
        await self._topic_watch.run()

    async def watch_store(self, settings: Settings, redis: Redis) -> None:
        """Look for a store that deletes the log, until cancelled."""
        self._eviction = EvictionWatch(settings)
        await self._eviction.run(redis)

    async def watch_loop(self) -> None:
        """Measure how long the event loop is blocked, until cancelled."""
        await LoopWatch(note_late_s=self._loop_lag.note).run()

    async def watch_consumer(self) -> None:
        """Observe the consumer, and what the worker needs, each second until cancelled."""
        while True:
            self.observe_consumer()
            problems = self.problems()
            self._log_broker(problems["broker"])
            for dependency, problem in problems.items():
                metrics.unavailable.labels(dependency=dependency).set(problem is not None)
            await asyncio.sleep(_OBSERVE_INTERVAL_S)

    def observe_consumer(self) -> None:
        """Export each partition's lag and take note of its progress; call it about each second."""
        lags = self._lag()
        for tp in self._exported.keys() - lags.keys():
            # Assigned to another worker now, which exports its lag.
            metrics.consumer_lag.remove(tp.topic, tp.partition)
        for tp, lag in lags.items():
            if self._exported.get(tp) != lag:
                metrics.consumer_lag.labels(topic=tp.topic, partition=tp.partition).set(lag)
        self._exported = lags
        consumer = self._consumer()
        if consumer is not None:
            self._progress.observe(consumer.progress(), self._sources())

    def _lag(self) -> dict[TP, int]:
        consumer = self._consumer()
        return {} if consumer is None else consumer.lag()
