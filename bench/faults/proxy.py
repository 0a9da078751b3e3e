"""A TCP proxy on loopback that can hold, slow down or cut what passes through it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Self

from infra.local.probe import LOOPBACK, free_port

_CHUNK_BYTES = 65_536


class Proxy:
    """Carries connections to a port from `port`, in a thread of its own, while it is entered.

    What is held stays on its way, in both directions, as behind a switch that drops packets: no
    connection ends, none begins, and all goes on when it is let go.
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
        """Let nothing pass until `let_go`."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def let_go(self) -> None:
        """Let pass what was held, and what comes."""
        self._loop.call_soon_threadsafe(self._open.set)

    def slow_down(self, delay_s: float) -> None:
        """Hold each chunk of what is answered for so long; 0 for not at all."""
        self._delay_s = delay_s

    def cut(self) -> None:
        """End every connection that is open now."""
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
            # The other end is gone; so is this connection then.
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
