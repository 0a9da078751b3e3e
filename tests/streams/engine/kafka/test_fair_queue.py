from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import faust
from mode.utils.queues import FlowControlEvent

from streams.engine.kafka.fair_queue import FairQueue, FairTopic

SOUND_BYTES = 64_000


def queue(maxsize: int = 4) -> FairQueue:
    return FairQueue(maxsize=maxsize, flow_control=FlowControlEvent(initially_suspended=False))


def event(key: bytes, number: int, size: int = 0) -> Any:
    message = SimpleNamespace(key=key, serialized_value_size=size)
    return SimpleNamespace(message=message, name=(key, number))


def test_devices_take_turns_and_each_keeps_its_order() -> None:
    own = queue()
    for key, count in ((b"noisy", 4), (b"a", 2), (b"b", 1)):
        for number in range(count):
            own.put_nowait(event(key, number))
    names = [own.get_nowait().name for _ in range(7)]
    assert names == [
        *((b"noisy", 0), (b"a", 0), (b"b", 0)),
        *((b"noisy", 1), (b"a", 1)),
        *((b"noisy", 2), (b"noisy", 3)),
    ]
    assert own.empty()


def test_the_buffer_is_full_by_bytes() -> None:
    own = queue(maxsize=4)
    for number in range(4):
        assert not own.full()
        own.put_nowait(event(b"d", number, SOUND_BYTES))
    assert own.full()
    own.get_nowait()
    own.get_nowait()
    assert not own.full()


def test_a_full_buffer_takes_more_once_a_quarter_was_read() -> None:
    own = queue(maxsize=8)
    for number in range(8):
        own.put_nowait(event(b"d", number, SOUND_BYTES))
    fullness = []
    for _ in range(3):
        fullness.append(own.full())
        own.get_nowait()
    assert fullness == [True, True, True]
    assert not own.full()
    for number in range(3):
        assert not own.full()
        own.put_nowait(event(b"d", number, SOUND_BYTES))
    assert own.full()


def test_single_samples_do_not_fill_it_but_none_is_for_nothing() -> None:
    own = queue(maxsize=4)
    own.put_nowait(event(b"d", 0))
    assert own.qsize() == 1
    for number in range(1, 96):
        own.put_nowait(event(b"d", number, 150))
    assert own.qsize() == 3
    for _ in range(96):
        own.get_nowait()
    assert own.qsize() == 0


def test_what_is_thrown_away_takes_up_nothing() -> None:
    own = queue()
    own.put_nowait(event(b"d", 0, SOUND_BYTES))
    own.clear()
    assert own.empty()
    assert own.qsize() == 0


def test_a_channel_and_what_faust_clones_of_it_have_such_a_buffer() -> None:
    app = faust.App("fair-topic-test", broker="kafka://127.0.0.1:1", stream_buffer_maxsize=7)
    topic = FairTopic(app, topics=["a"])
    assert topic.queue is topic.queue
    assert topic.queue.maxsize == 7
    assert isinstance(topic.clone(is_iterator=True).queue, FairQueue)
