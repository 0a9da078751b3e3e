from __future__ import annotations

from typing import Any
from weakref import ref
from zlib import crc32

import msgpack
import pytest
from faust.types import Message

from infra.broker.signing import Signatures
from infra.settings import load
from schemas import AudioFrame, Correction, ScenarioEstimate, SchemaError
from schemas.errors import InvalidError, SignatureError
from streams.engine.kafka.decoding import Decoder
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.operators.frames import audio_frames
from tests.streams.engine.messages import estimate


def consumed_message(
    value: bytes, *, topic: str = "t", offset: int = 5, key: bytes | None = b"d", headers: Any = ()
) -> Any:
    return Message(topic, 0, offset, 1.0, 0, headers, key, value, None)


def without_fields(kind: type[Any]) -> bytes:
    body = msgpack.packb({})
    packed: bytes = msgpack.packb([kind.TYPE, kind.VERSION, crc32(body), body])
    return packed


def decode(decoder: Decoder, message: Any) -> tuple[Any, bool]:
    return decoder.decode(message, message.value)


def test_a_message_is_decoded_once_for_all_agents() -> None:
    decoder = Decoder({"t": ScenarioEstimate})
    message = consumed_message(estimate(0).encode())
    first, new = decode(decoder, message)
    assert (first, new) == (estimate(0), True)
    again, new = decode(decoder, message)
    assert again is first
    assert not new


def test_frames_are_not_remembered_but_what_is_no_frame_is() -> None:
    decoder = Decoder({"t": AudioFrame})
    frame = audio_frames(0, 16_000)[0]
    message = consumed_message(frame.encode(), key=frame.device_id.encode())
    assert decode(decoder, message) == (frame, True)
    assert decode(decoder, message) == (frame, True)
    broken = consumed_message(b"x")
    assert [decode(decoder, broken)[1] for _ in range(2)] == [True, False]


def test_an_offset_of_a_topic_created_anew_is_another_message() -> None:
    decoder = Decoder({"t": ScenarioEstimate})
    former = consumed_message(estimate(0).encode())
    decode(decoder, former)
    assert decode(decoder, consumed_message(estimate(30).encode())) == (estimate(30), True)
    assert decode(decoder, former) == (estimate(0), False)


def test_a_message_is_kept_no_longer_than_an_agent_holds_it() -> None:
    decoder = Decoder({"t": ScenarioEstimate})
    message = consumed_message(estimate(0).encode())
    kept = ref(decode(decoder, message)[0])
    assert kept() is not None
    del message
    assert kept() is None


@pytest.mark.parametrize("topic", ["t", "corrections"])
@pytest.mark.parametrize(
    "value", [b"garbage", without_fields(ScenarioEstimate), estimate(0).encode()]
)
def test_a_bad_message_is_kept_no_longer_than_an_agent_holds_it(topic: str, value: bytes) -> None:
    decoder = Decoder(
        {"t": ScenarioEstimate, "corrections": ScenarioEstimate},
        require=Signatures.of(load(env_file=None, signing_key="k" * 32)).require,
    )
    message = consumed_message(value, topic=topic, key=b"another device")
    kept = ref(message)
    assert isinstance(decode(decoder, message)[0], SchemaError)
    del message
    # Errors refer to the frames in which they were raised, and these to the message.
    assert kept() is None


@pytest.mark.parametrize(
    ("key", "shown"), [(b"x", "b'x'"), (None, "b''"), (b"x" * 65, repr(b"x" * 64))]
)
def test_a_key_that_is_not_the_device_is_an_error_with_both(key: bytes | None, shown: str) -> None:
    error, _ = decode(
        Decoder({"t": ScenarioEstimate}), consumed_message(estimate(0).encode(), key=key)
    )
    assert isinstance(error, InvalidError)
    assert str(error) == (
        f"message key is {shown}, but device_id is 'd'; the key must be the device_id"
    )


def test_bytes_that_are_no_message_are_an_error_and_remembered() -> None:
    decoder = Decoder({"t": ScenarioEstimate})
    message = consumed_message(b"garbage")
    error, new = decode(decoder, message)
    assert isinstance(error, SchemaError)
    assert new
    assert decode(decoder, message) == (error, False)


def test_a_correction_is_keyed_by_its_own_id_and_a_tombstone_is_no_message() -> None:
    decoder = Decoder({"t": Correction}, compacted={"t"})
    said = correction(1, named_span(0, 30, "Eating"))
    decoded, _ = decode(decoder, consumed_message(said.encode(), key=said.correction_id.encode()))
    assert decoded == said
    error, _ = decode(decoder, consumed_message(said.encode(), key=b"d"))
    assert "the key must be the id" in str(error)
    assert decoder.is_tombstone(consumed_message(b"", key=b"d"), None)
    assert not Decoder({"t": Correction}).is_tombstone(consumed_message(b"", key=b"d"), None)


def test_a_correction_that_nobody_with_the_key_has_signed_is_refused() -> None:
    settings = load(env_file=None, signing_key="k" * 32)
    decoder = Decoder({"corrections": Correction}, require=Signatures.of(settings).require)
    word = correction(1, named_span(0, 30, "Eating"))
    value, key = word.encode(), word.key.encode()
    refused, first = decode(decoder, consumed_message(value, topic="corrections", key=key))
    assert isinstance(refused, SignatureError)
    assert first
    headers = Signatures.of(settings).headers("corrections", key, value)
    signed = consumed_message(value, topic="corrections", offset=6, key=key, headers=headers)
    assert decode(decoder, signed) == (word, True)
