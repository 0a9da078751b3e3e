"""How often a worker's event loop was blocked for how long, by its own metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterable

METRIC = "egolog_loop_blocked_seconds"
LONGEST_S = 0.05
_ANSWER_S = 30.0


def blocked_looks(ports: Iterable[int]) -> tuple[int, int]:
    """Return how many looks found the loop blocked for more than `LONGEST_S`, and all looks."""
    over = looks = 0
    for port in ports:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_ANSWER_S) as answer:
            one_over, one_looks = _counts(answer.read().decode())
        over, looks = over + one_over, looks + one_looks
    return over, looks


def _counts(text: str) -> tuple[int, int]:
    buckets = {
        float(sample.labels["le"]): int(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"{METRIC}_bucket"
    }
    looks = buckets[float("inf")]
    return looks - buckets[LONGEST_S], looks
