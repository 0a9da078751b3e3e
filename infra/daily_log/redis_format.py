"""How the daily log's times and records are stored in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from infra.errors import InfraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redis.asyncio import Redis

ModelT = TypeVar("ModelT", bound=BaseModel)
IDS_AT_ONCE = 1_000
"""Records of one command to Redis."""


class LogStoreError(InfraError):
    """A stored record does not match this version's schema."""


def parse_stored(model: type[ModelT], values: Iterable[bytes | str | None]) -> list[ModelT]:
    """Return stored records, without those that expired (None); raises `LogStoreError`."""
    try:
        return [model.model_validate_json(value) for value in values if value is not None]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "record"
        raise LogStoreError(
            f"stored {model.__name__} has a bad {where}: {first['msg']}; "
            "replay the recording to write it again"
        ) from error


async def fetch_stored(
    redis: Redis, model: type[ModelT], key: str, ids: Sequence[str]
) -> list[ModelT]:
    """Return the records with these ids in the hash at `key`; raises `LogStoreError`.

    They are parsed chunk by chunk, so that reading a whole day does not block the event loop.
    """
    records: list[ModelT] = []
    for begin in range(0, len(ids), IDS_AT_ONCE):
        values = await redis.hmget(key, list(ids[begin : begin + IDS_AT_ONCE]))
        records += parse_stored(model, values)
    return records


def score(time_ns: int) -> int:
    """Return a time as a sorted set's score, µs.

    Scores are doubles: nanoseconds since the epoch would lose their last digits, microseconds are
    exact until the year 2255.
    """
    return time_ns // 1_000


def writing_time(clock_ns: Callable[[], int] | None) -> int | str:
    """Return a clock's time as a script takes it, µs; without a clock '', for the store's own."""
    return "" if clock_ns is None else score(clock_ns())


def text(value: bytes | str) -> str:
    """Return a member or field as text, whether or not the client decodes replies."""
    return value.decode() if isinstance(value, bytes) else value
