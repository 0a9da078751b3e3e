from __future__ import annotations

import asyncio
import weakref
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra import metrics
from infra.errors import TakenOverError
from schemas import DeadLetter, DeviceControl, Window
from streams.engine.device_controls import DeviceControls
from streams.engine.kafka.decoding import Decoder
from streams.engine.kafka.received import Token
from streams.engine.outcome import Outcome
from streams.engine.publish_queue import PublishQueue
from tests.streams.engine.kafka.consumed import ConsumedMessage
from tests.streams.engine.messages import window

if TYPE_CHECKING:
    from collections.abc import Mapping


class Services:
    """The broker and the store of a queue, which record what it does, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.broken, self.slow_s = False, 0.001
        # Devices whose checkpoints another worker owns.
        self.taken: set[str] = set()
        # The erasures that what was written said that it comes after.
        self.after: list[Any] = []

    async def publish(self, topic: str, partition: int | None, message: Any, after_ms: int) -> Any:
        self.after.append(after_ms)
        self.events.append(("sent", message))
        self.events.append(("to", (topic, partition)))

        async def confirm() -> None:
            await asyncio.sleep(self.slow_s)
            if self.broken:
                raise ConnectionError("broker is gone")
            self.events.append(("confirmed", message))

        return asyncio.ensure_future(confirm())

    async def put(
        self, stage: str, items: Mapping[str, bytes], after_ms: Mapping[str, int]
    ) -> set[str]:
        self.after.append(dict(after_ms))
        if self.taken & items.keys():
            raise TakenOverError(f"checkpoint of {min(self.taken)} is another worker's")
        self.events.append(("checkpoint", dict(items)))
        return set()

    def token(self, offset: int) -> Token:
        message = SimpleNamespace(
            topic="windows", partition=3, offset=offset, key=b"d", value=b"v", generation_id=1
        )
        return Token(message, lambda: self.events.append(("acked", offset)))

    def done(self, what: str) -> list[Any]:
        return [value for name, value in self.events if name == what]


def stream_of(*events: Any) -> Any:
    """Return a stream whose channel has received events of the present assignment."""
    received: asyncio.Queue[Any] = asyncio.Queue()
    for event in events:
        received.put_nowait(event)
    app = SimpleNamespace(
        consumer=None,
        consumer_generation_id=1,
        flow_control=SimpleNamespace(is_active=lambda: True),
    )
    for event in events:
        event.app = app
    return SimpleNamespace(app=app, channel=SimpleNamespace(queue=received))


def queue(
    services: Services,
    in_flight_max: int = 8,
    decoder: Decoder | None = None,
    eviction_known_s: float = 60.0,
    controls: DeviceControls | None = None,
) -> tuple[PublishQueue, asyncio.Task[None]]:
    fakes: Any = services
    made = PublishQueue(
        "har",
        fakes,
        lambda: fakes,
        decoder or Decoder({}),
        in_flight_max=in_flight_max,
        eviction_known_s=eviction_known_s,
        controls=controls,
    )
    return made, asyncio.create_task(made.run())


async def test_publish_then_checkpoint_then_acknowledge() -> None:
    services = Services()
    out, running = queue(services)
    await out.put(Outcome([("t", 0, "m")], {"d": b"c"}, [services.token(1)]))  # type: ignore[list-item]
    await out._idle.wait()
    running.cancel()
    names = [name for name, _ in services.events if name != "to"]
    assert names == ["sent", "confirmed", "checkpoint", "acked"]


async def test_it_says_for_how_long_the_broker_has_not_confirmed_what_was_sent() -> None:
    services = Services()
    services.slow_s = 0.05
    out, running = queue(services)
    assert out.unconfirmed_s == 0
    await out.put(Outcome([("t", 0, "m")], tokens=[services.token(1)]))  # type: ignore[list-item]
    waited = []
    while not services.done("acked"):
        await asyncio.sleep(0.001)
        waited.append(out.unconfirmed_s)
    running.cancel()
    assert max(waited) > 0.02
    assert out.unconfirmed_s == 0


async def test_work_runs_side_by_side_but_comes_out_in_order() -> None:
    services = Services()
    out, running = queue(services)

    async def work(number: int) -> Outcome:
        await asyncio.sleep(0.05 / (number + 1))
        return Outcome([("t", 0, number)], tokens=[services.token(number)])  # type: ignore[list-item]

    for number in range(6):
        await out.put(work(number))
    await out._idle.wait()
    running.cancel()
    assert services.done("sent") == list(range(6))
    assert services.done("acked") == list(range(6))


async def test_the_loop_turns_to_others_while_thousands_of_frames_are_acknowledged() -> None:
    services = Services()
    out, running = queue(services)
    await out.put(Outcome(tokens=[services.token(offset) for offset in range(1_000)]))
    seen: set[int] = set()
    while len(services.done("acked")) < 1_000:
        await asyncio.sleep(0)
        seen.add(len(services.done("acked")))
    await out._idle.wait()
    running.cancel()
    assert services.done("acked") == list(range(1_000))
    assert len(seen) > 5


async def test_what_one_lane_waits_for_does_not_hold_up_another() -> None:
    services = Services()
    out, running = queue(services)
    gate = asyncio.Event()

    async def wait() -> Outcome:
        await gate.wait()
        return Outcome([("t", 0, "slow")], tokens=[services.token(0)])  # type: ignore[list-item]

    await out.put(wait(), lane="a")
    await out.put(Outcome(tokens=[services.token(1)]), lane="a")
    await out.put(Outcome([("t", 0, "quick")], tokens=[services.token(2)]), lane="b")  # type: ignore[list-item]
    while services.done("acked") != [2]:
        await asyncio.sleep(0)
    gate.set()
    await out._idle.wait()
    running.cancel()
    assert services.done("sent") == ["quick", "slow"]
    assert services.done("acked") == [2, 0, 1]


async def test_what_is_dropped_is_neither_published_nor_acknowledged() -> None:
    services = Services()
    out, running = queue(services, in_flight_max=2)
    never = asyncio.Event()

    async def wait() -> Outcome:
        await never.wait()
        return Outcome([("t", 0, "never")])  # type: ignore[list-item]

    await out.put(Outcome([("t", 0, "sent")], {"d": b"c"}, [services.token(0)]), lane="a")  # type: ignore[list-item]
    while not services.done("sent"):
        await asyncio.sleep(0)
    await out.put(wait(), [services.token(1)], lane="a")
    blocked = asyncio.create_task(out.put(Outcome(tokens=[services.token(2)]), lane="a"))
    blocked_too = asyncio.create_task(out.put(Outcome(tokens=[services.token(3)]), lane="a"))
    await asyncio.sleep(0)
    await out.drop()
    # What was sent is carried out by then, to its checkpoint and its acknowledgement.
    assert services.done("acked") == [0]
    assert services.done("checkpoint") == [{"d": b"c"}]
    await asyncio.gather(blocked, blocked_too)
    await out.put(Outcome(tokens=[services.token(4)]), lane="a")
    await out._idle.wait()
    running.cancel()
    assert services.done("acked")[-1] == 4
    assert 1 not in services.done("acked")
    assert services.done("sent") == ["sent"]


async def test_failed_work_becomes_a_dead_letter_and_the_rest_goes_on() -> None:
    services = Services()
    out, running = queue(services)

    async def fails() -> Outcome:
        raise ValueError("features have the wrong shape")

    await out.put(fails(), [services.token(7)])
    await out.put(Outcome(tokens=[services.token(8)]))
    await out._idle.wait()
    running.cancel()
    [letter] = services.done("confirmed")
    assert isinstance(letter, DeadLetter)
    assert (letter.topic, letter.offset, letter.stage) == ("windows", 7, "har")
    assert letter.error == "features have the wrong shape"
    assert services.done("to") == [("dead.letter", 3)]
    assert services.done("acked") == [7, 8]


async def test_a_broker_that_fails_stops_the_queue_before_anything_is_acknowledged() -> None:
    services = Services()
    services.broken = True
    out, running = queue(services)
    await out.put(Outcome([("t", 0, "m")], tokens=[services.token(1)]))  # type: ignore[list-item]
    with pytest.raises(ConnectionError):
        await running
    assert not services.done("acked")


async def test_a_device_that_was_taken_over_is_not_acknowledged_and_ends_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    services = Services()
    services.taken = {"d"}
    out, running = queue(services, eviction_known_s=0.0)
    await out.put(Outcome([("t", 0, "m")], {"d": b"c"}, [services.token(1)]))  # type: ignore[list-item]
    with pytest.raises(TakenOverError):
        await running
    assert services.done("confirmed") == ["m"]
    assert not services.done("acked")
    assert caplog.messages == ["checkpoint of d is another worker's"]


async def test_a_worker_that_learns_of_its_eviction_in_time_goes_on() -> None:
    services = Services()
    services.taken = {"d"}
    out, running = queue(services, in_flight_max=1, eviction_known_s=0.02)
    await out.put(Outcome(checkpoints={"d": b"c"}, tokens=[services.token(1)]))
    await out._idle.wait()
    await out.drop()
    services.taken = set()
    await asyncio.sleep(0.05)
    await out.put(Outcome(checkpoints={"d": b"later"}, tokens=[services.token(2)]))
    await out._idle.wait()
    running.cancel()
    assert services.done("checkpoint") == [{"d": b"later"}]
    assert services.done("acked") == [2]


async def test_a_checkpoint_that_is_refused_while_all_is_dropped_does_not_end_the_worker() -> None:
    services = Services()
    services.taken = {"d"}
    out, running = queue(services, eviction_known_s=0.0)
    await out.put(Outcome([("t", 0, "m")], {"d": b"c"}, [services.token(1)]))  # type: ignore[list-item]
    while not services.done("sent"):
        await asyncio.sleep(0)
    await out.drop()
    await asyncio.sleep(0.01)
    await out.put(Outcome(tokens=[services.token(2)]))
    await out._idle.wait()
    running.cancel()
    assert services.done("acked") == [2]


async def test_no_more_than_so_much_is_in_flight() -> None:
    services = Services()
    out, running = queue(services, in_flight_max=2)
    gate = asyncio.Event()

    async def wait() -> Outcome:
        await gate.wait()
        return Outcome()

    gauge = metrics.in_flight.labels(stage="har")
    before = gauge._value.get()
    await out.put(wait())
    await out.put(wait())
    assert gauge._value.get() == before + 2
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(out.put(Outcome()), 0.05)
    gate.set()
    await out._idle.wait()
    running.cancel()
    assert gauge._value.get() == before


async def test_what_does_not_decode_is_one_dead_letter_however_many_agents_read_it() -> None:
    services = Services()
    decoder = Decoder({"windows": Window})
    good = window("har").encode()
    acked: list[int] = []

    def event(offset: int, value: bytes) -> Any:
        message = ConsumedMessage("windows", 3, offset, value, on_ack=acked.append)
        return SimpleNamespace(message=message, value=value)

    # Agents of one worker get the same messages.
    events = event(0, b"garbage"), event(1, good)
    for _ in range(2):
        out, running = queue(services, decoder=decoder)
        received = await anext(out.receive(stream_of(*events)))
        assert received.message == window("har")
        assert (received.partition, received.token.message.offset) == (3, 1)
        await out._idle.wait()
        running.cancel()
    [letter] = services.done("confirmed")
    assert (letter.stage, letter.offset, letter.value) == ("har", 0, b"garbage")
    assert services.done("to") == [("dead.letter", 3)]
    assert acked == [0, 0]


async def test_a_batch_holds_what_decodes_and_the_rest_becomes_letters() -> None:
    services, batches, gate = Services(), list[Any](), asyncio.Event()
    out, running = queue(services, decoder=Decoder({"windows": Window}))
    values = [window("har").encode(), b"garbage", window("spatial").encode()]
    messages = [ConsumedMessage("windows", 3, offset, value) for offset, value in enumerate(values)]
    events = [SimpleNamespace(message=message, value=message.value) for message in messages]

    async def handle(batch: list[Any]) -> None:
        batches.append(batch)
        gate.set()

    reading = asyncio.create_task(out.receive_batches(stream_of(*events), 4, handle))
    await gate.wait()
    await out._idle.wait()
    reading.cancel()
    running.cancel()
    [batch] = batches
    assert [each.message for each in batch] == [window("har"), window("spatial")]
    assert [each.token.message.offset for each in batch] == [0, 2]
    [letter] = services.done("confirmed")
    assert (letter.offset, letter.value) == (1, b"garbage")


async def test_a_lane_has_work_until_it_is_carried_out() -> None:
    out, running = queue(Services())
    gate = asyncio.Event()

    async def wait() -> Outcome:
        await gate.wait()
        return Outcome()

    await out.put(wait(), lane="a")
    assert out.has_work("a")
    assert not out.has_work("b")
    gate.set()
    await out._idle.wait()
    running.cancel()
    assert not out.has_work("a")


async def test_what_is_read_counts_as_unhandled_until_it_was_handled() -> None:
    stream = stream_of()
    buffered = stream.channel.queue
    out, running = queue(Services(), decoder=Decoder({"windows": Window}))
    gate, taken = asyncio.Event(), asyncio.Event()
    message = ConsumedMessage("windows", 3, 0, window("har").encode())
    event = SimpleNamespace(message=message, value=message.value, app=stream.app)

    async def handle(batch: list[Any]) -> None:
        assert len(batch) == 1
        taken.set()
        await gate.wait()

    reading = asyncio.create_task(out.receive_batches(stream, 4, handle))
    await asyncio.sleep(0)
    assert not out.has_unhandled
    buffered.put_nowait(event)
    assert out.has_unhandled
    await taken.wait()
    assert buffered.empty()
    assert out.has_unhandled
    gate.set()
    async with asyncio.timeout(30):
        while out.has_unhandled:
            await asyncio.sleep(0)
    reading.cancel()
    running.cancel()


async def test_much_that_is_under_way_is_sent_and_stored_together() -> None:
    services = Services()
    out, running = queue(services, in_flight_max=200)
    futures = [asyncio.get_running_loop().create_future() for _ in range(100)]
    for number, future in enumerate(futures):
        await out.put(future, lane=str(number))
    for number, future in enumerate(futures):
        future.set_result(Outcome(checkpoints={str(number): b"c"}))
        await asyncio.sleep(0)
    await out._idle.wait()
    running.cancel()
    stored = services.done("checkpoint")
    # How many it is depends on how busy the machine is; one by one it would be a hundred.
    assert len(stored) <= 80
    assert sorted(key for each in stored for key in each) == sorted(map(str, range(100)))


async def test_a_token_that_is_held_holds_no_event_whose_bytes_were_decoded() -> None:
    class Event:
        value = window("har").encode()
        app: Any = None

        def __init__(self, offset: int) -> None:
            self.message = ConsumedMessage("windows", 3, offset, self.value)

    events = [Event(0), Event(1)]
    seen = weakref.ref(events[0])
    stream = stream_of(*events)
    del events
    out, running = queue(Services(), decoder=Decoder({"windows": Window}))
    receiving = out.receive(stream)
    received = await anext(receiving)
    await anext(receiving)
    running.cancel()
    assert received.token.message.offset == 0
    assert seen() is None


def erasure(erased_ms: int, state: str = "active") -> Any:
    control = DeviceControl(device_id="d", state=state, erased_ms=erased_ms)  # type: ignore[arg-type]
    return SimpleNamespace(key=b"d", value=control.encode(), timestamp=erased_ms)


async def test_work_from_before_an_erasure_is_acknowledged_and_leaves_nothing() -> None:
    services, controls = Services(), DeviceControls()
    out, running = queue(services, controls=controls)
    gate = asyncio.Event()

    async def work(number: int, *tokens: Token) -> Outcome:
        await gate.wait()
        message = window("har", 5 * number)
        return Outcome([("t", 0, message)], {"d": b"%d" % number}, list(tokens))

    old, new = services.token(5), services.token(6)
    old.after_ms, new.after_ms = 999, 1_000
    # Of a stage that says it, and of one whose messages do.
    await out.put(work(1, services.token(1)), lane="a", after_ms=0)
    await out.put(work(2, services.token(2)), lane="a", after_ms=1_000)
    await out.put(work(3, old, new), lane="b")
    await out.put(work(4, new), lane="b")
    await out.put(work(5), lane="c")
    # A device that was never erased.
    other = Outcome([("t", 0, window("har", 30, device_id="e"))], {"e": b"e"})
    await out.put(other, lane="c", after_ms=0)
    controls.take(erasure(1_000))
    gate.set()
    await out._idle.wait()
    running.cancel()
    assert sorted(each.start_ns // 10**9 for each in services.done("sent")) == [10, 20, 25, 30]
    assert sorted(services.done("acked")) == [1, 2, 5, 6]
    written = services.done("checkpoint")
    assert {value for each in written for name, value in each.items() if name == "d"} <= {
        b"2",
        b"4",
        b"5",
    }
    # Readers and the store are told of which erasure it is known.
    assert {1_000, 0} == {each for each in services.after if isinstance(each, int)}
    told = [each["d"] for each in services.after if isinstance(each, dict) and "d" in each]
    assert set(told) == {1_000}


async def test_while_a_device_is_erased_nothing_of_it_is_written() -> None:
    services, controls = Services(), DeviceControls()
    controls.take(erasure(1_000, "erased"))
    out, running = queue(services, controls=controls)
    outcome = Outcome([("t", 0, window("har"))], {"d": b"c"}, [services.token(1)])
    await out.put(outcome, after_ms=1_000)
    await out._idle.wait()
    running.cancel()
    assert [name for name, _ in services.events] == ["acked"]
