from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra import topics
from infra.broker.device_control import (
    AFTER_HEADER,
    after_headers,
    read_controls,
    write_control,
)
from infra.broker.topic_reader import publish
from schemas import AudioFrame, DeadLetter, DeviceControl
from schemas.frames import NS
from streams.engine.device_controls import DeviceControls
from tests.broker_settings import with_topics
from tests.streams.engine.messages import window

if TYPE_CHECKING:
    from infra.settings import Settings

FRAME = AudioFrame(
    device_id="d",
    session_id="s",
    seq=0,
    t_ns=0,
    sample_rate=16_000,
    channels=1,
    codec="pcm_s16le",
    samples=b"\0\0",
)


def record(state: str | None, written_ms: int = 1_000, key: bytes = b"d", **fields: Any) -> Any:
    value = None
    if state is not None:
        value = DeviceControl(device_id="d", state=state, **fields).encode()  # type: ignore[arg-type]
    return SimpleNamespace(
        topic="device.control", partition=0, offset=0, key=key, value=value, timestamp=written_ms
    )


def after(*records: Any) -> DeviceControls:
    controls = DeviceControls()
    for each in records:
        controls.take(each)
    return controls


def test_of_a_paused_device_only_frames_are_dropped() -> None:
    controls = after(record("paused"))
    assert controls.drops(FRAME, 0.0) == "paused"
    assert controls.drops(FRAME.model_copy(update={"device_id": "e"}), 0.0) is None
    assert controls.drops(window("har"), 0.0) is None
    assert not controls.withholds("d")
    assert after(record("paused"), record("active")).drops(FRAME, 0.0) is None
    assert after(record("paused"), record(None)).drops(FRAME, 0.0) is None


def test_of_an_erased_device_everything_is_dropped_and_withheld() -> None:
    controls = after(record("erased"))
    assert controls.drops(FRAME, 5_000.0) == "erased"
    assert controls.drops(window("har"), 5_000.0) == "erased"
    assert controls.withholds("d")
    assert not controls.withholds("e")


def test_what_was_written_before_the_erasure_stays_dropped_when_the_device_is_back() -> None:
    controls = after(record("erased"), record("active", erased_ms=1_000, stamped=True))
    assert controls.drops(FRAME, 1_000.0) == "erased"
    assert controls.drops(FRAME, 1_001.0) is None
    assert not controls.withholds("d")


def test_a_result_is_dropped_unless_its_writer_knew_of_the_erasure() -> None:
    controls = after(record("erased"), record("active", erased_ms=1_000, stamped=True))
    # A frozen worker writes late what it had before.
    assert controls.drops(window("har"), 9_000.0) == "erased"
    assert controls.drops(window("har"), 9_000.0, after_headers(999)) == "erased"
    assert controls.drops(window("har"), 9_000.0, [("other", b"1"), *after_headers(1_000)]) is None
    assert controls.drops(window("har"), 9_000.0, [(AFTER_HEADER, b"much")]) == "erased"
    assert after_headers(0) == []
    assert after().drops(window("har"), 0.0) is None


def test_results_of_releases_that_did_not_stamp_them_are_as_new_as_they_were_written() -> None:
    controls = after(record("erased"), record("active", erased_ms=1_000, stamped=False))
    assert controls.drops(window("har"), 1_000.0) == "erased"
    assert controls.drops(window("har"), 1_001.0) is None
    assert controls.comes_after_ms(window("har"), 1_001.0) == 1_000
    assert controls.comes_after_ms(window("har"), 9_000.0, after_headers(5_000)) == 8_999


def test_an_erasure_is_known_for_good() -> None:
    controls = after(record("erased", 1_000), record("active", erased_ms=1_000, stamped=True))
    assert (controls.erased_ms("d"), controls.erased_ms("e")) == (1_000, 0)
    assert not controls.is_erased("d", 1_000)
    assert controls.is_erased("d", 999)
    assert not controls.is_erased("e", 0)
    # Growing a topic moves its keys: a device is not there for a moment.
    controls.take(record(None))
    assert controls.erasures() == {"d": 1_000}
    controls.take(record("erased", 3_000))
    assert controls.is_erased("d", 5_000)
    assert controls.erased_ms("d") == 3_000


@pytest.fixture
async def settings(any_broker_url: str) -> Settings:
    return await with_topics(any_broker_url, 2)


async def test_decisions_are_read_before_the_first_message(settings: Settings) -> None:
    await write_control(settings, DeviceControl(device_id="d", state="paused"))
    await write_control(settings, DeviceControl(device_id="e", state="erased"))
    await publish(settings, topics.DEVICE_CONTROL, "f", b"hello")
    controls = DeviceControls()
    await controls.open(settings)
    assert controls.drops(FRAME, 0.0) == "paused"
    assert controls.withholds("e")
    letters: list[DeadLetter] = []

    async def keep(letter: DeadLetter) -> None:
        letters.append(letter)
        await controls.close()

    await controls.follow(keep)
    assert [letter.reason for letter in letters] == ["malformed"]
    read = await read_controls(settings)
    assert read["d"].state == "paused"
    assert (read["e"].erased_ms or 0) > 1_700_000_000_000


async def test_in_quiet_hours_of_all_or_of_the_device_frames_are_dropped(
    any_broker_url: str,
) -> None:
    made = await with_topics(any_broker_url, 1)
    controls = DeviceControls()
    await controls.open(made.model_copy(update={"quiet_hours": "22:00-23:00"}))
    await controls.close()
    at = {hour: FRAME.model_copy(update={"t_ns": hour * 3_600 * NS}) for hour in (3, 12, 22)}
    assert [controls.drops(frame, 0.0) for frame in at.values()] == [None, None, "quiet"]
    controls.take(record("active", quiet="12:00-13:00@UTC"))
    assert [controls.drops(frame, 0.0) for frame in at.values()] == [None, "quiet", "quiet"]
    assert controls.drops(window("har", 12 * 3_600), 0.0) is None
