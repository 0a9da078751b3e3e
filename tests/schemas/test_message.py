from __future__ import annotations

from zlib import crc32

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import (
    Activity,
    AudioFrame,
    FinetuneItem,
    ImuFrame,
    Message,
    Scenario,
    ScenarioEstimate,
    SchemaError,
    Spatial,
    Vector,
)
from schemas.errors import (
    ChecksumError,
    InvalidError,
    MalformedError,
    TooLargeError,
    UnknownVersionError,
    WrongTypeError,
)
from tests.schemas.messages import MESSAGES

KINDS = sorted(MESSAGES, key=lambda kind: kind.__name__)


def frame(**changes: object) -> AudioFrame:
    fields: dict[str, object] = {
        "device_id": "d",
        "session_id": "s",
        "seq": 0,
        "t_ns": 0,
        "sample_rate": 16_000,
        "channels": 1,
        "codec": "pcm_s16le",
        "samples": b"\0\0",
    }
    return AudioFrame(**{**fields, **changes})  # type: ignore[arg-type]


def seal(body: object, kind: str = "audio.frame", version: int = 1) -> bytes:
    packed = msgpack.packb(body)
    sealed_: bytes = msgpack.packb([kind, version, crc32(packed), packed])
    return sealed_


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_survives_the_wire(kind: type[Message]) -> None:
    @settings(max_examples=20)
    @given(MESSAGES[kind])
    def round_trip(message: Message) -> None:
        assert kind.decode(message.encode()) == message

    round_trip()


@pytest.mark.parametrize("kind", KINDS)
def test_arbitrary_bytes_give_a_schema_error_and_nothing_else(kind: type[Message]) -> None:
    @settings(max_examples=60)
    @given(st.binary(max_size=400))
    def decode(data: bytes) -> None:
        with pytest.raises(SchemaError) as caught:
            kind.decode(data)
        assert caught.value.reason
        assert "\n" not in str(caught.value)

    decode()


@settings(max_examples=150)
@given(st.sampled_from(KINDS).flatmap(lambda k: MESSAGES[k]), st.data())
def test_a_damaged_message_never_passes_for_a_good_one(
    message: Message, data: st.DataObject
) -> None:
    good = message.encode()
    at = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SchemaError):
        type(message).decode(bytes(bad))
    with pytest.raises(SchemaError):
        type(message).decode(good[:at])


@settings(max_examples=100)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.floats()
        | st.text(max_size=9)
        | st.binary(max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=12,
    )
)
def test_a_sound_envelope_around_nonsense_is_a_schema_error(body: object) -> None:
    for kind in (AudioFrame, ImuFrame, Spatial):
        with pytest.raises(SchemaError):
            kind.decode(seal(body, kind.TYPE))


def test_messages_from_before_the_open_vocabulary_and_familiarity_are_still_read() -> None:
    result = {
        "device_id": "d",
        "window_id": "d/s/har/0",
        "session_id": "s",
        "start_ns": 0,
        "end_ns": 5,
        "revision": "r",
    }
    activity = Activity.decode(seal({**result, "activities": {"walking": 0.6}}, "activity"))
    assert activity.open_vocabulary == {}
    assert (activity.familiarity, activity.unknown) == ({}, False)
    span = {"start_ns": 0, "end_ns": 5, "activity": "walking", "probability": 0.6}
    record = {
        "coverage": {},
        "scenarios": {},
        "confidence": 0.0,
        "key_frames": [],
        "activities": [span],
        "spatial": {},
        "sound_events": {},
        "motion": {},
    }
    scenario = Scenario.decode(seal({**result, **record}, "scenario"))
    assert scenario.activities[0].open_vocabulary == {}
    assert not scenario.activities[0].unknown


def test_scenario_estimates_by_their_former_type_are_still_read_and_never_written() -> None:
    fields = {
        "device_id": "d",
        "window_id": "d/s/scenario/0",
        "session_id": "s",
        "start_ns": 0,
        "end_ns": 30,
        "revision": "r",
        "coverage": {},
        "scenarios": {"Cooking": 0.7},
        "key_frames": [],
        "sound_events": {},
        "motion": {},
        "embeddings": {"dtype": "<f2", "shape": [0], "data": b""},
        "parts": {},
    }
    estimate = ScenarioEstimate.decode(seal(fields, "evidence"))
    assert estimate.scenarios == {"Cooking": 0.7}
    assert ScenarioEstimate.decode(estimate.encode()) == estimate
    assert b"evidence" not in estimate.encode()
    with pytest.raises(SchemaError, match=r"carries 'scenario\.estimate'"):
        ScenarioEstimate.decode(seal(fields, "scenario"))


def test_each_error_says_what_is_wrong_and_what_would_be_right() -> None:
    good = frame().encode()
    cases = [
        (MalformedError, b"nonsense", "envelope"),
        (WrongTypeError, seal({}, "imu.frame"), "'imu.frame'; this topic carries 'audio.frame'"),
        (UnknownVersionError, seal({}, version=9), "schema version 9; this build reads 1"),
        (InvalidError, seal({"device_id": 7}), "field device_id has value 7"),
        (TooLargeError, b"\0" * 1_000_001, "1000001 bytes; at most 1000000"),
        (ChecksumError, good[:-1] + bytes([good[-1] ^ 1]), "crc32"),
    ]
    for error, data, text in cases:
        with pytest.raises(error, match=text):
            AudioFrame.decode(data)


def test_sizes_are_bounded_before_anything_is_decoded() -> None:
    # A map that claims four thousand million entries costs five bytes to send.
    bomb = msgpack.packb(["audio.frame", 1, 0, b""])[:-2] + b"\xdf\xff\xff\xff\xff"
    with pytest.raises(SchemaError):
        AudioFrame.decode(bomb)


def test_a_frame_lasts_a_second_at_most() -> None:
    frame(samples=b"\0\0" * 16_000)
    with pytest.raises(ValueError, match="at most 1 s"):
        frame(samples=b"\0\0" * 16_001)


def test_only_a_final_frame_may_be_empty() -> None:
    frame(samples=b"", final=True)
    with pytest.raises(ValueError, match="only a final frame"):
        frame(samples=b"")


def test_channels_divide_the_samples() -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        frame(channels=2, samples=b"\0" * 6)


def test_motion_must_be_finite_and_of_one_length() -> None:
    fields = frame().model_dump(exclude={"sample_rate", "channels", "codec", "samples"})
    good = Vector.of(np.zeros((5, 3)))
    with pytest.raises(ValueError, match="not finite"):
        ImuFrame(**fields, rate=50.0, acc=Vector.of(np.full((5, 3), np.nan)), gyro=good)
    with pytest.raises(ValueError, match=r"gyro has a value of 1e\+38; expected at most 10000"):
        ImuFrame(**fields, rate=50.0, acc=good, gyro=Vector.of(np.full((5, 3), -1e38)))
    with pytest.raises(ValueError, match="acc has shape"):
        ImuFrame(**fields, rate=50.0, acc=Vector.of(np.zeros((4, 3))), gyro=good)


@pytest.mark.parametrize("shape", [[0, 2**62], [0, 4_000, 4_000, 4_000]])
def test_a_vector_without_elements_has_sizes_that_numpy_takes(shape: list[int]) -> None:
    with pytest.raises(ValueError, match="more than 4000000 bytes"):
        Vector(dtype="<f4", shape=shape, data=b"")
    assert Vector(dtype="<f4", shape=[0, 644], data=b"").array().shape == (0, 644)


def test_a_vector_says_when_its_bytes_do_not_fit_its_shape() -> None:
    with pytest.raises(ValueError, match="needs 24 bytes, but data has 8"):
        Vector(dtype="<f4", shape=[2, 3], data=b"\0" * 8)


def test_a_message_too_large_is_not_sent() -> None:
    wide = Vector.of(np.zeros((900, 900)))
    message = Spatial(
        device_id="d",
        window_id="w",
        session_id="s",
        start_ns=0,
        end_ns=1,
        revision="r",
        regions={f"{i}" * 9: 0.5 for i in range(9)},
    )
    assert len(message.encode()) < 1_000
    large = FinetuneItem(
        **message.model_dump(exclude={"regions", "near_field"}),
        embeddings=wide,
        scenarios={},
        confidence=0.1,
        pseudo_labels=[],
        provenance="none",
    )
    with pytest.raises(TooLargeError):
        large.encode()


def test_a_frame_that_says_no_position_is_read_by_workers_of_before_there_was_one() -> None:
    _, _, _, body = msgpack.unpackb(frame().encode())
    assert "position" not in msgpack.unpackb(body)
    said = frame(position="pocket")
    assert AudioFrame.decode(said.encode()) == said


def test_a_frame_of_before_there_was_a_position_is_read() -> None:
    fields = frame().model_dump()
    del fields["position"]
    assert AudioFrame.decode(seal(fields)) == frame()


def test_an_unknown_position_is_refused() -> None:
    with pytest.raises(InvalidError, match="position has value 'pockets'"):
        AudioFrame.decode(seal({**frame().model_dump(), "position": "pockets"}))
