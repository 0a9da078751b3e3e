"""Calls of the weights store off the event loop, for no longer than a limit.

A store may stop answering for good (a dead NFS server, a firewall that drops packets), and a thread
that waits for it cannot be stopped. Each call therefore gets a daemon thread of its own: nobody
queues behind one that hangs, and no process waits for it at its end, as it would for the threads of
`asyncio.to_thread` and of every executor.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from infra.errors import RevisionError
from infra.secrets import mask_url
from infra.settings import env_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.model_store.weights import WeightsStore

T = TypeVar("T")

ANSWER_S = 60.0
"""How long a store may take to read or write a file of at most 64 MB, s."""


class SilentStoreError(RevisionError):
    """The store did not answer in time; the call may still take effect."""


async def ask(
    store: WeightsStore,
    call: Callable[..., T],
    *arguments: object,
    limit_s: float | None = None,
) -> T:
    """Return what `call`, a blocking method of `store`, returns for `arguments`.

    Raises its errors, and `SilentStoreError` after `limit_s`, by default `ANSWER_S`.
    """
    limit_s = ANSWER_S if limit_s is None else limit_s
    try:
        return await asyncio.wait_for(_in_daemon_thread(call, *arguments), limit_s)
    except TimeoutError as error:
        raise SilentStoreError(
            f"store of weights {mask_url(store.url)} did not answer within {limit_s:g} s: "
            f"start it, or correct {env_name('revisions_url')}"
        ) from error


async def _in_daemon_thread(call: Callable[..., T], *arguments: object) -> T:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if answer.done():
            return  # Nobody waits any more.
        if error is None:
            answer.set_result(value)  # type: ignore[arg-type]
        else:
            answer.set_exception(error)

    def run() -> None:
        value, failure = None, None
        try:
            value = call(*arguments)
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            failure = error
        # The loop may have closed meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, value, failure)

    Thread(target=run, name="weights store", daemon=True).start()
    return await answer
