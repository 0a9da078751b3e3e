from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra.broker.signing import Signatures
from infra.settings import load
from schemas import AudioFrame, Correction, ScenarioEstimate, SchemaError
from schemas.errors import InvalidError, SignatureError
from streams.engine.kafka.decoding import Decoder
from tests.infra.daily_log.test_corrections import correction, named_span
from tests.operators.frames import audio_frames
from tests.streams.engine.messages import estimate


def consumed_message(value: bytes, *, timestamp: float = 1.0, key: bytes | None = b"d") -> Any:
    return SimpleNamespace(
        topic="t", partition=0, offset=5, timestamp=timestamp, key=key, value=value
    )


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
    broken = consumed_message(b"x", timestamp=2.0)
    assert [decode(decoder, broken)[1] for _ in range(2)] == [True, False]


def test_an_offset_of_a_topic_created_anew_is_another_message() -> None:
    decoder = Decoder({"t": ScenarioEstimate})
    decode(decoder, consumed_message(estimate(0).encode(), timestamp=1.0))
    assert decode(decoder, consumed_message(estimate(30).encode(), timestamp=2.0)) == (
        estimate(30),
        True,
    )


def test_the_oldest_results_are_forgotten() -> None:
    decoder = Decoder({"t": ScenarioEstimate})
    value = estimate(0).encode()
    for written in range(257):
        decode(decoder, consumed_message(value, timestamp=float(written)))
    assert decode(decoder, consumed_message(value, timestamp=1.0))[1] is False
    assert decode(decoder, consumed_message(value, timestamp=0.0))[1] is True


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
    error, new = decode(decoder, consumed_message(b"garbage"))
    assert isinstance(error, SchemaError)
    assert new
    assert decode(decoder, consumed_message(b"garbage")) == (error, False)


def test_a_correction_is_keyed_by_its_own_id_and_a_tombstone_is_no_message() -> None:
    decoder = Decoder({"t": Correction}, compacted={"t"})
    said = correction(1, named_span(0, 30, "Eating"))
    decoded, _ = decode(decoder, consumed_message(said.encode(), key=said.correction_id.encode()))
    assert decoded == said
    error, _ = decode(decoder, consumed_message(said.encode(), key=b"d", timestamp=2.0))
    assert "the key must be the id" in str(error)
    assert decoder.is_tombstone(consumed_message(b"", key=b"d"), None)
    assert not Decoder({"t": Correction}).is_tombstone(consumed_message(b"", key=b"d"), None)


def test_a_correction_that_nobody_with_the_key_has_signed_is_refused() -> None:
    settings = load(env_file=None, signing_key="k" * 32)
    decoder = Decoder({"corrections": Correction}, require=Signatures.of(settings).require)
    word = correction(1, named_span(0, 30, "Eating"))
    message = consumed_message(word.encode(), key=word.key.encode())
    message.topic, message.headers = "corrections", ()
    refused, first = decode(decoder, message)
    assert isinstance(refused, SignatureError)
    assert first
    message.offset += 1
    message.headers = Signatures.of(settings).headers("corrections", message.key, message.value)
    assert decode(decoder, message) == (word, True)
