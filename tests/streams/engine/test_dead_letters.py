from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra import topics
from schemas.dead_letter import MAX_KEPT_BYTES
from schemas.errors import InvalidError
from streams.engine.dead_letters import dead_letter, to_dead_letter


def consumed(key: bytes | None) -> Any:
    return SimpleNamespace(topic="windows", partition=2, offset=9, key=key)


@pytest.mark.parametrize(
    ("key", "device"),
    [
        (b"glasses-01", "glasses-01"),
        (b"x" * 64, "x" * 64),
        (b"x" * 65, "unknown"),
        (b"two words", "unknown"),
        (b"line\n", "unknown"),
        (b"", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_letter_is_of_its_device_where_the_key_names_one(key: bytes | None, device: str) -> None:
    assert dead_letter(consumed(key), b"v", "har", ValueError("no")).device_id == device


def test_a_letter_says_where_its_message_stood_and_what_was_wrong() -> None:
    value = b"v" * (MAX_KEPT_BYTES + 1)
    letter = dead_letter(consumed(b"d"), value, "har", InvalidError("samples are " + "9" * 1_000))
    assert (letter.topic, letter.partition, letter.offset, letter.stage) == ("windows", 2, 9, "har")
    assert letter.reason == InvalidError("").reason
    assert letter.error == ("samples are " + "9" * 1_000)[:1_000]
    assert (letter.size, letter.value) == (MAX_KEPT_BYTES + 1, value[:MAX_KEPT_BYTES])


def test_an_error_without_a_text_goes_by_its_kind() -> None:
    letter = dead_letter(consumed(b"d"), None, "har", ZeroDivisionError())
    assert (letter.reason, letter.error) == ("ZeroDivisionError", "ZeroDivisionError")
    assert (letter.size, letter.value) == (0, b"")


def test_a_letter_goes_to_the_partition_of_its_message_and_lets_it_go() -> None:
    letter = dead_letter(consumed(b"d"), b"v", "har", ValueError("no"))
    tokens: list[Any] = [object()]
    outcome = to_dead_letter(letter, 2, tokens)
    assert outcome.messages == [(topics.DEAD_LETTER, 2, letter)]
    assert outcome.tokens == tokens
    assert not outcome.checkpoints
