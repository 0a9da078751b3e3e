"""A TCP proxy on loopback that can hold, delay or cut its connections."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Self

from infra.local.probe import LOOPBACK, free_port

_CHUNK_BYTES = 65_536


class Proxy:
    """Forwards connections from `port` to a target port, in its own thread; a context manager.

    While held, it forwards nothing in either direction, as a switch that drops packets: no
    connection ends or begins, and all continue afterwards.
    """

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._delay_s = 0.0
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{self.port}", daemon=True)

    def hold(self) -> None:
        """Forward nothing until `let_go`."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def let_go(self) -> None:
        """Forward what was held, and continue."""
        self._loop.call_soon_threadsafe(self._open.set)

    def slow_down(self, delay_s: float) -> None:
        """Delay each chunk of a response by `delay_s`; 0 for none."""
        self._delay_s = delay_s

    def cut(self) -> None:
        """Close all open connections."""
        self._loop.call_soon_threadsafe(self._close_all)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _listen(self) -> None:
        self._open.set()
        self._server = await asyncio.start_server(self._carry, LOOPBACK, self.port)

    async def _stop(self) -> None:
        self._server.close()
        self._open.set()
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._close_all()

    def _close_all(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        there = None
        try:
            await self._open.wait()
            back, there = await asyncio.open_connection(LOOPBACK, self._target_port)
            self._writers.add(there)
            await asyncio.gather(self._pass(reader, there), self._pass(back, writer, answers=True))
        except OSError:
            # The other end has closed the connection.
            pass
        finally:
            for each in (writer, there):
                if each is not None:
                    self._writers.discard(each)
                    each.close()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        try:
            while data := await source.read(_CHUNK_BYTES):
                if answers and self._delay_s:
                    await asyncio.sleep(self._delay_s)
                await self._open.wait()
                sink.write(data)
                await sink.drain()
        finally:
            with suppress(OSError):
                sink.close()
