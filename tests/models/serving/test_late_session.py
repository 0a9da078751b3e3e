from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from models.serving.late_session import LateSession
from models.serving.registry import Registry
from models.serving.served import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest


class Echo:
    """A session that answers with its inputs."""

    names = frozenset({"imu"})

    def run(self, **inputs: Any) -> list[Any]:
        return [inputs]

    def run_all(self, items: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        return [[dict(item)] for item in items]


def test_it_opens_once_whichever_thread_is_first() -> None:
    opened: list[Echo] = []

    def opening() -> Echo:
        opened.append(Echo())
        return opened[-1]

    session = LateSession(opening)
    assert not opened
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: session.run(imu=n), range(8)))
    assert answers == [[{"imu": n}] for n in range(8)]
    item: dict[str, Any] = {"imu": 1}
    assert session.run_all([item]) == [[item]]
    assert session.names == {"imu"}
    assert len(opened) == 1


def test_a_worker_whose_devices_turn_opens_nothing_for_acceleration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graphs: list[str] = []
    session = Registry._session

    def note(self: Registry, name: str, *given: Any) -> Any:
        graphs.append(name)
        return session(self, name, *given)

    monkeypatch.setattr(Registry, "_session", note)
    opened = Registry(precision="float32").open(ENCODERS)
    assert opened.acceleration
    assert sorted(graphs) == sorted(ENCODERS.graphs)
