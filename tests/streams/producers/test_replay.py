from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
)
from aiokafka.partitioner import DefaultPartitioner
from pydantic import SecretStr

from infra.broker import topic_creation
from infra.broker.device_keys import DeviceKeys
from infra.broker.topic_reader import TopicReader, read_all
from infra.device_state.replay_progress import ReplayProgress
from infra.errors import BrokerError, InfraError
from infra.local.probe import free_port
from infra.settings import Settings
from models.recordings.protocol import RecordingError
from models.simulation.simulated_day import SimulatedDay
from schemas import AudioFrame, ImuFrame
from schemas.errors import SignatureError
from streams.producers.replay import DevicePartitioner, Replay, ReplayOptions

if TYPE_CHECKING:
    from pathlib import Path

DAY = SimulatedDay(3, 0.5)


@pytest.fixture
async def settings(broker_url: str, tmp_path: Path) -> Settings:
    made = Settings(
        _env_file=None,
        broker_url=broker_url,
        topic_prefix=f"{uuid4().hex[:8]}.",
        topic_partitions=2,
        run_dir=tmp_path,
    )
    await topic_creation.create(made)
    return made


async def sent_frames(settings: Settings) -> tuple[list[AudioFrame], list[ImuFrame]]:
    return (
        await read_all(settings, "audio.frames", AudioFrame),
        await read_all(settings, "imu.frames", ImuFrame),
    )


async def test_every_frame_arrives_in_order_and_is_counted(settings: Settings) -> None:
    report = await Replay(settings, ReplayOptions(speed=None)).run([DAY])
    sound, motion = await sent_frames(settings)
    assert [f.seq for f in sound] == [f.seq for f in motion] == list(range(30))
    assert report.frames == 60
    assert report.per_topic == {"audio.frames": 30, "imu.frames": 30}


async def test_frames_are_signed_by_the_keys_of_their_devices(settings: Settings) -> None:
    text = f"{DAY.device_id} {'k' * 32}\n{DAY.device_id}-2 {'o' * 32}"
    owner = settings.model_copy(update={"device_keys": SecretStr(text)})
    await Replay(owner, ReplayOptions(speed=None, devices=2)).run([DAY])
    first = owner.model_copy(update={"device_keys": SecretStr(text.splitlines()[0])})
    async with TopicReader(settings, "imu.frames") as reader:
        records = await reader.to_the_end()
    assert len(records) == 60
    for record in records:
        DeviceKeys.of(owner).require(record)
        if record.key == f"{DAY.device_id}-2".encode():
            with pytest.raises(SignatureError):
                DeviceKeys.of(first).require(record)


async def test_a_recording_can_be_another_device_and_session(settings: Settings) -> None:
    options = ReplayOptions(speed=None, device="phone-1", session="s")
    await Replay(settings, options).run([DAY])
    sound, motion = await sent_frames(settings)
    assert {(f.device_id, f.session_id) for f in (*sound, *motion)} == {("phone-1", "s")}


async def test_two_recordings_are_never_one_session(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, run_dir=tmp_path)
    other = SimulatedDay(4, 0.5)
    for options in (
        ReplayOptions(session=DAY.session_id, device="phone-1"),
        ReplayOptions(device=DAY.device_id, session="s"),
    ):
        session = options.published_as(DAY)[1]
        with pytest.raises(RecordingError, match=f"2 recordings would be session '{session}' of"):
            await Replay(settings, options).run([DAY, other])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ReplayOptions(device="d" * 63, devices=2), r"device would be 'd{63}-2'; expected 1 to 64"),
        (ReplayOptions(session="s" * 62, loops=None), r"session would be 's{62}\.l1'; expected 1"),
        (ReplayOptions(session="s" * 62, loops=3), r"session would be 's{62}\.l2'; expected 1"),
    ],
)
async def test_clones_and_loops_whose_ids_would_be_too_long_are_refused_before_a_frame_is_sent(
    options: ReplayOptions, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RecordingError, match=message):
        await Replay(Settings(_env_file=None, run_dir=tmp_path), options).run([DAY])


async def test_clones_have_other_ids_and_phases(settings: Settings) -> None:
    await Replay(settings, ReplayOptions(speed=None, devices=3, phase_s=7.0)).run([DAY])
    sound, _ = await sent_frames(settings)
    starts = {f.device_id: f.t_ns for f in sound if f.seq == 0}
    assert starts == {
        DAY.device_id: DAY.start_ns,
        f"{DAY.device_id}-2": DAY.start_ns + 7 * 10**9,
        f"{DAY.device_id}-3": DAY.start_ns + 14 * 10**9,
    }


async def test_a_loop_is_a_new_session_after_the_last(settings: Settings) -> None:
    await Replay(settings, ReplayOptions(speed=None, loops=2)).run([DAY])
    sound, _ = await sent_frames(settings)
    assert [f.session_id for f in sound].count(DAY.session_id) == 30
    again = [f for f in sound if f.session_id == f"{DAY.session_id}.l1"]
    assert len(again) == 30
    assert min(f.t_ns for f in again) > max(f.t_ns for f in sound if f not in again)


async def test_the_speed_is_kept(settings: Settings) -> None:
    began = time.monotonic()
    await Replay(settings, ReplayOptions(speed=20.0)).run([DAY])
    # 30 s at twentyfold speed; only the lower bound is a rule, the machine may be slow.
    assert time.monotonic() - began > 1.4


async def test_a_stopped_replay_resumes_without_a_hole(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.producers.replay._SAVE_EVERY_S", 0.2)
    # It would take half a minute, of which the first seconds are enough.
    running = asyncio.create_task(Replay(settings, ReplayOptions(speed=1.0)).run([DAY]))
    async with asyncio.timeout(60):
        while not ReplayProgress(settings.run_dir).done_s(DAY.device_id, DAY.session_id, 0):
            await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await Replay(settings, ReplayOptions(speed=None, resume=True)).run([DAY])
    sound, motion = await sent_frames(settings)
    assert {f.seq for f in sound} == {f.seq for f in motion} == set(range(30))
    assert len(sound) < 60, "it began at the beginning"


async def test_what_one_session_was_sent_is_not_done_of_another(settings: Settings) -> None:
    await Replay(settings, ReplayOptions(speed=None, session="one")).run([DAY])
    for session, frames in (("one", 0), ("two", 60)):
        options = ReplayOptions(speed=None, session=session, resume=True)
        assert (await Replay(settings, options).run([DAY])).frames == frames


async def test_a_missing_broker_is_one_clear_error(tmp_path: Path) -> None:
    port = free_port()
    settings = Settings(_env_file=None, broker_url=f"kafka://127.0.0.1:{port}", run_dir=tmp_path)
    with pytest.raises(BrokerError, match=f"127.0.0.1:{port}"):
        await Replay(settings, ReplayOptions(speed=None)).run([DAY])


def test_a_device_is_in_the_partition_that_kafka_gives_it_however_often_it_is_asked() -> None:
    partitioner, kafkas = DevicePartitioner(), DefaultPartitioner()
    partitions = list(range(12))
    devices = [f"d-{number}".encode() for number in range(50)]
    wanted = [kafkas(device, partitions, partitions) for device in devices]
    assert len(set(wanted)) > 6
    for _ in range(2):
        assert [partitioner(d, partitions, partitions) for d in devices] == wanted
    # A topic that has more partitions by now, as after a change of the cluster.
    more = list(range(16))
    assert [partitioner(d, more, more) for d in devices] == [kafkas(d, more, more) for d in devices]


class Refusing:
    """A producer of which the broker confirms no message."""

    error = KafkaError()

    def __init__(self, **_: object) -> None:
        pass

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def send(self, *_: object, **__: object) -> asyncio.Future[object]:
        sent: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        sent.set_exception(self.error)
        return sent


# Sixty frames are confirmed at the end, of more some before.
@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            RequestTimedOutError(),
            r"did not confirm frames \(RequestTimedOutError\): once it answers",
        ),
        (
            MessageSizeTooLargeError(),
            "refuses a message as too large: set max.message.bytes of each topic to 1065536",
        ),
        (
            TopicAuthorizationFailedError({"audio.frames"}),
            "denies User:ANONYMOUS Write on topic audio.frames: .*topics --acls",
        ),
    ],
)
async def test_a_broker_that_stops_answering_has_refused_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: KafkaError, line: str, devices: int
) -> None:
    monkeypatch.setattr(Refusing, "error", error)
    monkeypatch.setattr("streams.producers.replay.AIOKafkaProducer", Refusing)
    settings = Settings(_env_file=None, broker_url="kafka://127.0.0.1:1", run_dir=tmp_path)
    with pytest.raises(InfraError, match=line):
        await Replay(settings, ReplayOptions(speed=None, devices=devices)).run([DAY])
