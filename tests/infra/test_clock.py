from __future__ import annotations

import re
import time
from pathlib import Path

from infra import clock

ROOT = Path(__file__).parents[2]
READS = re.compile(r"\btime\.time(_ns)?\b|\bdatetime\.now\(|\butcnow\(")
# The clock itself, and what is compared with times that a client of Kafka's notes.
OWN = {"infra/clock.py", "streams/engine/kafka/progress_consumer.py"}


def test_the_product_reads_the_hosts_clock_in_one_place() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for package in ("infra", "streams", "operators", "schemas", "models/serving")
        for path in (ROOT / package).rglob("*.py")
        if READS.search(path.read_text(encoding="utf-8"))
    }
    assert readers == OWN


def test_a_clock_is_taken_from_elsewhere() -> None:
    try:
        clock.read_from(lambda: 2_500_000_000)
        assert clock.now_ns() == 2_500_000_000
        assert clock.now_s() == 2.5
    finally:
        clock.read_from(time.time_ns)
