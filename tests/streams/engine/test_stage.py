from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from schemas import DeadLetter
from streams.engine.app import EgoLogApp
from streams.engine.kafka.received import Token
from streams.engine.stage import Outcome, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping


class App:
    """Records what a stage does, in order."""

    def __init__(self, in_flight_max: int = 8) -> None:
        self.events: list[tuple[str, Any]] = []
        self.settings = SimpleNamespace(in_flight_max=in_flight_max)
        self.runtime = SimpleNamespace(checkpoints=self)
        self.broken = False

    async def publish(self, topic: str, partition: int | None, message: Any) -> Any:
        self.events.append(("sent", message))

        async def confirm() -> None:
            await asyncio.sleep(0.001)
            if self.broken:
                raise ConnectionError("broker is gone")
            self.events.append(("confirmed", message))

        return asyncio.ensure_future(confirm())

    async def put(self, stage: str, items: Mapping[str, bytes]) -> None:
        self.events.append(("checkpoint", dict(items)))

    to_dead_letter = EgoLogApp.to_dead_letter

    def token(self, offset: int) -> Token:
        message = SimpleNamespace(
            topic="windows", partition=0, offset=offset, key=b"d", value=b"v", generation_id=1
        )
        return Token(message, lambda: self.events.append(("acked", offset)))

    def done(self, what: str) -> list[Any]:
        return [value for name, value in self.events if name == what]


def stage(app: App) -> tuple[Stage, asyncio.Task[None]]:
    made = Stage(app, "har")  # type: ignore[arg-type]
    return made, asyncio.create_task(made.run())


async def test_publish_then_checkpoint_then_acknowledge() -> None:
    app = App()
    out, running = stage(app)
    await out.put(Outcome([("t", 0, "m")], {"d": b"c"}, [app.token(1)]))  # type: ignore[list-item]
    await out.drained()
    running.cancel()
    assert [name for name, _ in app.events] == ["sent", "confirmed", "checkpoint", "acked"]


async def test_work_runs_side_by_side_but_comes_out_in_order() -> None:
    app = App()
    out, running = stage(app)

    async def work(number: int) -> Outcome:
        await asyncio.sleep(0.05 / (number + 1))
        return Outcome([("t", 0, number)], tokens=[app.token(number)])  # type: ignore[list-item]

    for number in range(6):
        await out.put(work(number))
    await out.drained()
    running.cancel()
    assert app.done("sent") == list(range(6))
    assert app.done("acked") == list(range(6))


async def test_failed_work_becomes_a_dead_letter_and_the_rest_goes_on() -> None:
    app = App()
    out, running = stage(app)

    async def fails() -> Outcome:
        raise ValueError("features have the wrong shape")

    await out.put(fails(), [app.token(7)])
    await out.put(Outcome(tokens=[app.token(8)]))
    await out.drained()
    running.cancel()
    [letter] = app.done("confirmed")
    assert isinstance(letter, DeadLetter)
    assert (letter.topic, letter.offset, letter.stage) == ("windows", 7, "har")
    assert letter.error == "features have the wrong shape"
    assert app.done("acked") == [7, 8]


async def test_a_broker_that_fails_stops_the_stage_before_anything_is_acknowledged() -> None:
    app = App()
    app.broken = True
    out, running = stage(app)
    await out.put(Outcome([("t", 0, "m")], tokens=[app.token(1)]))  # type: ignore[list-item]
    with pytest.raises(ConnectionError):
        await running
    assert not app.done("acked")


async def test_no_more_than_so_much_is_in_flight() -> None:
    app = App(in_flight_max=2)
    out, running = stage(app)
    gate = asyncio.Event()

    async def wait() -> Outcome:
        await gate.wait()
        return Outcome()

    await out.put(wait())
    await out.put(wait())
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(out.put(Outcome()), 0.05)
    gate.set()
    await out.drained()
    running.cancel()
