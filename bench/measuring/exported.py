"""Figures from a worker's exported metrics: its event loop, and lag."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.samples import Sample

BLOCKED = "egolog_loop_blocked_seconds"
LAG = "egolog_consumer_lag"
LONGEST_S = 0.05
_ANSWER_S = 30.0


def blocked_looks(ports: Iterable[int], longest_s: float = LONGEST_S) -> tuple[int, int]:
    """Return how many checks found the loop blocked for over `longest_s`, and all checks."""
    over = looks = 0
    for port in ports:
        buckets = {
            float(sample.labels["le"]): int(sample.value)
            for sample in _samples(port)
            if sample.name == f"{BLOCKED}_bucket"
        }
        looks += buckets[float("inf")]
        over += buckets[float("inf")] - buckets[longest_s]
    return over, looks


def lag_of(ports: Iterable[int]) -> int:
    """Return the consumer lag, messages."""
    return sum(
        int(sample.value) for port in ports for sample in _samples(port) if sample.name == LAG
    )


def _samples(port: int) -> Iterator[Sample]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_ANSWER_S) as answer:
        text = answer.read().decode()
    for family in text_string_to_metric_families(text):
        yield from family.samples
