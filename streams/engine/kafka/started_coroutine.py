"""Awaits a coroutine that was started by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator


async def rest_of(started: Coroutine[Any, Any, Any], waits_for: Any) -> Any:
    """Await the rest of a coroutine that was started with `send` and waits for `waits_for`."""
    return await _Started(started, waits_for)


class _Started:
    def __init__(self, started: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self._started = started
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        waits_for = self._waits_for
        try:
            while True:
                try:
                    answer = yield waits_for
                except BaseException as error:  # noqa: BLE001 - handed to the started coroutine
                    waits_for = self._started.throw(error)
                else:
                    waits_for = self._started.send(answer)
        except StopIteration as end:
            return end.value
