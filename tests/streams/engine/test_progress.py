from __future__ import annotations

from faust.types import TP

from streams.engine.progress import ConsumerProgress, LoopLag, Reading

SOURCES = [("audio.frames", "imu.frames"), ("windows",)]


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Consumer:
    """Two source topics of one partition each, observed each second."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.progress = ConsumerProgress(360.0, clock=self.clock)
        self.acknowledged, self.committed, self.end = 0, 0, 0

    def run(self, seconds: int, *, come: int = 1, acked: int = 1, commits: bool = True) -> None:
        for _ in range(seconds):
            self.clock.now += 1.0
            self.end += come
            self.acknowledged += acked
            if commits:
                self.committed = self.acknowledged
            reading = Reading(self.acknowledged, self.committed, self.end)
            readings = {TP("audio.frames", 0): reading, TP("imu.frames", 0): Reading(0, None, None)}
            self.progress.observe(readings, SOURCES)


def test_a_worker_that_commits_what_comes_gets_on() -> None:
    consumer = Consumer()
    consumer.run(500)
    assert consumer.progress.problem() is None


def test_a_partition_of_which_nothing_is_processed_for_a_minute_is_named() -> None:
    consumer = Consumer()
    consumer.run(10)
    consumer.run(60, acked=0)
    assert consumer.progress.problem() is None
    consumer.run(2, acked=0)
    line = consumer.progress.problem() or ""
    assert line.startswith("nothing of audio.frames and imu.frames [0] was processed for 6")
    consumer.run(1)
    assert consumer.progress.problem() is None


def test_where_nothing_comes_nothing_has_to_move() -> None:
    consumer = Consumer()
    consumer.run(10)
    consumer.run(500, come=0, acked=0)
    assert consumer.progress.problem() is None
    # The time counts from the first message after the silence.
    consumer.run(50, acked=0)
    assert consumer.progress.problem() is None


def test_a_commit_may_be_held_as_long_as_a_silent_device_is() -> None:
    consumer = Consumer()
    consumer.run(360, commits=False)
    assert consumer.progress.problem() is None
    consumer.run(3, commits=False)
    assert "committed offset of audio.frames" in (consumer.progress.problem() or "")


def test_a_partition_that_was_taken_away_is_forgotten() -> None:
    consumer = Consumer()
    consumer.run(80, acked=0)
    assert consumer.progress.problem() is not None
    consumer.progress.observe({}, SOURCES)
    assert consumer.progress.problem() is None


def test_the_worst_delay_of_the_loop_is_reported_for_half_a_minute() -> None:
    clock = Clock()
    lag = LoopLag(clock)
    lag.note(0.2)
    lag.note(12.0)
    lag.note(0.1)
    assert lag.worst_s == 12.0
    assert "held up for 12 s" in (lag.problem() or "")
    clock.now += 31.0
    assert (lag.worst_s, lag.problem()) == (0.0, None)
