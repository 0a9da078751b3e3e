from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infra import metrics
from infra.broker.device_keys import DeviceKeys
from infra.settings import load
from operators.device_share import DeviceShare
from schemas import AudioFrame, ImuFrame, SchemaError, Spatial
from schemas.errors import SignatureError
from schemas.frames import NS
from streams.engine.kafka.decoding import Decoder
from streams.engine.kafka.share_gate import ShareGate
from tests.operators.frames import T0, imu, imu_signal

if TYPE_CHECKING:
    from schemas import Message

TYPES: dict[str, type[Message]] = {"audio": AudioFrame, "imu": ImuFrame, "spatial": Spatial}


class ConsumedMessage:
    """A message as the consumer has it."""

    partition, timestamp, headers = 0, 1.0, ()

    def __init__(self, value: bytes | None, offset: int = 0, key: bytes = b"d") -> None:
        self.topic, self.offset, self.key, self.value = "imu", offset, key, value


class Gate(ShareGate):
    """One for a decoder of its own, whose clock is set by hand."""

    def __init__(self, frames_per_s: int = 250) -> None:
        self.decoder, self.now_ns = Decoder(TYPES), 0
        share = DeviceShare(frames_per_s, 1_000_000)
        super().__init__("windower", self.decoder, share, lambda: self.now_ns)

    def are_refused(self, *messages: Any) -> list[bool]:
        return [self.refuses(message) for message in messages]


def flood(count: int, device_id: str = "d") -> list[Any]:
    """Return single samples, 800 a second."""
    frames = [
        imu(seq, T0 + seq * NS // 800, imu_signal(1), alone=True).model_copy(
            update={"device_id": device_id}
        )
        for seq in range(count)
    ]
    return [ConsumedMessage(f.encode(), f.seq, device_id.encode()) for f in frames]


def test_frames_beyond_the_share_of_a_device_are_refused_counted_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dropped = metrics.dropped.labels(stage="windower", reason="share")
    before = dropped._value.get()
    refused = Gate().are_refused(*flood(1_600))
    assert refused == ([False] * 250 + [True] * 550) * 2
    assert dropped._value.get() - before == 1_100
    lines = [r.getMessage() for r in caplog.records if "EGOLOG_DEVICE_FRAMES_PER_S" in r.message]
    assert lines == [
        'device="d" imu frames beyond EGOLOG_DEVICE_FRAMES_PER_S or EGOLOG_DEVICE_BYTES_PER_S are '
        "dropped"
    ]


def test_it_is_said_again_after_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate(1)
    gate.are_refused(*flood(3))
    gate.now_ns = 61 * NS
    gate.are_refused(*flood(1))
    assert len(caplog.records) == 2


def test_another_device_has_a_share_of_its_own() -> None:
    gate = Gate(1)
    assert gate.are_refused(*flood(2), *flood(2, "e")) == [False, True, False, True]


def test_a_rebalance_counts_from_the_start() -> None:
    gate = Gate(1)
    assert gate.are_refused(*flood(2)) == [False, True]
    gate.forget()
    assert gate.are_refused(*flood(2)) == [False, True]


def damaged_frame() -> bytes:
    value = bytearray(flood(1)[0].value)
    value[-1] ^= 1
    return bytes(value)


@pytest.mark.parametrize(
    "message",
    [
        ConsumedMessage(None),
        ConsumedMessage(b"garbage"),
        ConsumedMessage(damaged_frame()),
        # It would take from the share of the device that it names.
        ConsumedMessage(flood(1)[0].value, key=b"other"),
    ],
)
def test_what_a_dead_letter_will_be_made_of_is_let_through_and_takes_no_share(message: Any) -> None:
    gate = Gate(1)
    assert gate.are_refused(message, message, *flood(2)) == [False, False, False, True]
    assert isinstance(gate.decoder.decode(message, message.value)[0], SchemaError)


def test_only_frames_are_looked_at() -> None:
    message = flood(1)[0]
    message.topic = "spatial"
    assert Gate(1).are_refused(message, message) == [False, False]


def test_decoding_goes_on_from_what_was_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, (message,) = Gate(), flood(1)
    gate.refuses(message)
    monkeypatch.setattr(ImuFrame, "open", lambda _: pytest.fail("opened twice"))
    decoded, first = gate.decoder.decode(message, message.value)
    assert decoded == imu(0, T0, imu_signal(1), alone=True)
    assert first


def test_what_was_opened_goes_with_its_message() -> None:
    gate = Gate()
    gate.are_refused(*flood(3))
    gc.collect()
    assert not gate.decoder._opened


def test_a_device_is_not_charged_with_what_is_sent_in_its_name() -> None:
    keys = DeviceKeys.of(load(env_file=None, device_keys=f"d {'k' * 32}"))
    gate = Gate(100)
    gate.decoder = Decoder(TYPES, require=replace(keys, topics=frozenset({"imu"})).require)
    gate._decoder = gate.decoder
    assert gate.are_refused(*flood(300)) == [False] * 300
    forged = flood(1)[0]
    error, _ = gate.decoder.decode(forged, forged.value)
    assert isinstance(error, SignatureError)
