from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import Any

import msgpack
import numpy as np
import pytest

from infra import topics
from schemas import AudioFrame, Vector
from schemas.dead_letter import MAX_KEPT_BYTES
from schemas.errors import InvalidError
from streams.engine.dead_letters import (
    _Switch,
    dead_letter,
    dead_window,
    keep_sound,
    to_dead_letter,
)
from tests.streams.engine.messages import window


def consumed_message(key: bytes | None) -> Any:
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
    assert dead_letter(consumed_message(key), b"v", "har", ValueError("no")).device_id == device


def test_a_letter_says_where_its_message_stood_and_what_was_wrong() -> None:
    value = b"v" * (MAX_KEPT_BYTES + 1)
    letter = dead_letter(
        consumed_message(b"d"), value, "har", InvalidError("samples are " + "9" * 1_000)
    )
    assert (letter.topic, letter.partition, letter.offset, letter.stage) == ("windows", 2, 9, "har")
    assert letter.reason == InvalidError("").reason
    assert letter.error == ("samples are " + "9" * 1_000)[:1_000]
    assert (letter.size, letter.value) == (MAX_KEPT_BYTES + 1, value[:MAX_KEPT_BYTES])


def test_an_error_without_a_text_goes_by_its_kind() -> None:
    letter = dead_letter(consumed_message(b"d"), None, "har", ZeroDivisionError())
    assert (letter.reason, letter.error) == ("ZeroDivisionError", "ZeroDivisionError")
    assert (letter.size, letter.value) == (0, b"")


def test_a_window_that_cannot_be_processed_is_kept_with_its_name() -> None:
    heard = window("har")
    letter = dead_window(heard, "windows", 2, "har", InvalidError("9" * 1_001))
    assert letter.device_id == heard.device_id
    assert letter.window_id == heard.window_id
    assert (letter.topic, letter.partition, letter.offset, letter.stage) == ("windows", 2, 0, "har")
    assert (letter.reason, letter.error) == (InvalidError("").reason, "9" * 1_000)
    assert (letter.size, letter.value) == (len(heard.encode()), heard.encode())
    bare = dead_window(heard, "windows", None, "har", ZeroDivisionError())
    assert (bare.partition, bare.reason, bare.error) == (0, *["ZeroDivisionError"] * 2)


def test_of_a_large_window_the_beginning_is_kept() -> None:
    sound = Vector.of(np.zeros((MAX_KEPT_BYTES, 1)))
    large = window("har").model_copy(update={"features": {"mel": sound}})
    letter = dead_window(large, "windows", 2, "har", ValueError("no"))
    assert letter.size == len(large.encode()) > MAX_KEPT_BYTES
    assert letter.value == large.encode()[:MAX_KEPT_BYTES]


def test_a_letter_goes_to_the_partition_of_its_message_and_lets_it_go() -> None:
    letter = dead_letter(consumed_message(b"d"), b"v", "har", ValueError("no"))
    tokens: list[Any] = [object()]
    outcome = to_dead_letter(letter, 2, tokens)
    assert outcome.messages == [(topics.DEAD_LETTER, 2, letter)]
    assert outcome.tokens == tokens
    assert not outcome.checkpoints


def sound(topic: str = "lab.audio.frames") -> Any:
    return SimpleNamespace(topic=topic, partition=2, offset=9, key=b"d")


FRAME = AudioFrame(
    device_id="d",
    session_id="s",
    seq=7,
    t_ns=5,
    sample_rate=16_000,
    channels=1,
    codec="pcm_s16le",
    samples=b"\x55\xaa" * 16_000,
)


def test_a_letter_of_sound_keeps_its_header_and_hash_and_no_sample() -> None:
    value = FRAME.encode()
    letter = dead_letter(sound(), value, "windower", ValueError("no"))
    kept = msgpack.unpackb(letter.value)
    assert kept.pop("sha256") == hashlib.sha256(value).hexdigest()
    assert kept == {
        "type": "audio.frame",
        "version": 1,
        "device_id": "d",
        "session_id": "s",
        "seq": 7,
        "t_ns": 5,
        "final": False,
        "sample_rate": 16_000,
        "channels": 1,
        "codec": "pcm_s16le",
    }
    assert letter.size == len(value)


@pytest.mark.parametrize(
    "value",
    [
        FRAME.encode()[:-100],
        b"",
        b"\x55\xaa" * 500,
        msgpack.packb(["audio.frame", 1, 0, b"body"]),
        msgpack.packb(["a", 1, 0, msgpack.packb({"codec": "\u0101" * 400, "seq": [1] * 50})]),
    ],
)
def test_of_what_is_no_frame_nothing_but_the_hash_is_kept(value: bytes) -> None:
    letter = dead_letter(sound(), value, "windower", ValueError("no"))
    kept = msgpack.unpackb(letter.value)
    assert kept.pop("sha256") == hashlib.sha256(value).hexdigest()
    assert set(kept) <= {"type", "version"}


def test_of_a_damaged_header_only_short_texts_and_numbers_are_kept() -> None:
    longest = "c" * 64
    fields = {"codec": longest, "session_id": longest + "c", "seq": [1, 2], "t_ns": 5}
    value = msgpack.packb(["t" * 65, 1, 0, msgpack.packb(fields)])
    kept = msgpack.unpackb(dead_letter(sound(), value, "windower", ValueError("no")).value)
    del kept["sha256"]
    assert kept == {"codec": longest, "t_ns": 5, "type": "t" * 64, "version": 1}


def test_sound_is_not_kept_unless_it_is_switched_on() -> None:
    assert not _Switch().get()


def test_for_debugging_the_sound_is_kept_and_motion_always_is() -> None:
    value = FRAME.encode()
    keep_sound(True)
    try:
        assert dead_letter(sound(), value, "windower", ValueError("no")).value == value
    finally:
        keep_sound(False)
    assert dead_letter(sound("imu.frames"), b"v", "windower", ValueError("no")).value == b"v"
