from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra import metrics, topics
from infra.settings import Settings
from models.features import Features
from models.serving.audio_tagger import TaggerFeatures
from operators.errors import ImplausibleTimeError
from schemas.frames import NS
from streams.engine.operator_stage import OperatorStage
from streams.engine.silence import LastArrivals, StreamSilence
from streams.windower import Windowing, featurizer
from tests.operators.frames import (
    RATE,
    T0,
    Samples,
    audio,
    audio_frames,
    audio_signal,
    imu,
    imu_frames,
    imu_signal,
)
from tests.simulation.agents import dispatcher
from tests.streams.engine.fakes import Checkpoints, Inbox, Queue

if TYPE_CHECKING:
    from pathlib import Path


class Cutting:
    """The windower in its stage, without a broker and networks; its clock is set by hand."""

    def __init__(self) -> None:
        self.queue, self.inbox, self.now = Queue(), Inbox(), 0.0
        self.arrivals = LastArrivals(lambda: self.now)
        settings = Settings(_env_file=None, debug_topics=True)
        queue: Any = self.queue
        store: Any = Checkpoints()
        self.stage = OperatorStage(
            dispatcher(settings, Windowing(settings, Samples())),
            queue,
            StreamSilence(lambda: True, 5.0, 60.0),
            lambda: store,
            lambda: 1,
            arrivals=self.arrivals,
        )

    async def push(self, *frames: Any) -> None:
        await self.stage.take([self.inbox.receive(frame) for frame in frames])

    def starts(self, kind: str) -> list[int]:
        windows = self.queue.of(topics.WINDOWS)
        return [(w.start_ns - T0) // NS for w in windows if w.kind == kind]


async def test_frames_become_windows_on_their_partition_and_are_acknowledged_at_last() -> None:
    cutting = Cutting()
    await cutting.push(*audio_frames(T0, 30 * RATE), *imu_frames(T0, 30 * 50))
    assert cutting.starts("scenario") == [0]
    assert cutting.starts("har") == [0, 5, 10, 15, 20, 25]
    assert {p for each in cutting.queue.outcomes for _, p, _ in each.messages} == {3}
    assert sorted(cutting.inbox.acked) == list(range(60))


async def test_a_held_frame_does_not_keep_its_bytes() -> None:
    cutting = Cutting()
    received = cutting.inbox.receive(audio(0, T0, audio_signal(RATE)))
    await cutting.stage.take([received])
    assert received.token.message.value is None
    assert not cutting.inbox.acked


async def test_a_frame_of_another_format_is_a_dead_letter() -> None:
    cutting = Cutting()
    other = audio(1, T0 + NS, audio_signal(RATE)).model_copy(update={"sample_rate": 16_000})
    await cutting.push(audio(0, T0, audio_signal(RATE)), other)
    [letter] = cutting.queue.of(topics.DEAD_LETTER)
    assert (letter.reason, letter.value) == ("format_change", b"bytes")
    assert cutting.inbox.acked == [1]


async def test_a_silent_stream_is_given_up_and_the_other_goes_on() -> None:
    cutting = Cutting()
    await cutting.push(imu(0, T0, imu_signal(50)))
    cutting.now = 6.0
    await cutting.push(*(audio(s, T0 + s * NS, audio_signal(RATE)) for s in range(10)))
    assert cutting.starts("spatial") == []
    await cutting.stage.give_up_on_the_silent()
    assert cutting.starts("spatial") == list(range(9))


async def test_a_session_that_a_clock_reset_began_anew_lives_by_its_own_frames() -> None:
    cutting = Cutting()
    early = T0 - 10_000 * NS
    await cutting.push(*(audio(s, T0 + s * NS, audio_signal(RATE)) for s in range(3)))
    for second in range(100):
        cutting.now = float(second)
        await cutting.push(audio(3 + second, early + second * NS, audio_signal(RATE)))
        await cutting.stage.give_up_on_the_silent()
    # Were the session taken for over, its last window would not wait for the next frame.
    anew = [start for start in cutting.starts("spatial") if start < 0]
    assert anew == list(range(-10_000, -10_000 + 99))


async def test_a_hundred_sessions_leave_no_more_behind_than_the_windower_remembers() -> None:
    cutting = Cutting()
    for number in range(100):
        start = T0 + number * 100 * NS
        await cutting.push(
            audio(0, start, audio_signal(RATE), session=f"s{number}", final=True),
            imu(0, start, imu_signal(50), session=f"s{number}", final=True),
        )
    await cutting.stage.give_up_on_the_silent()
    assert len(cutting.arrivals) <= 10


async def test_one_frame_of_a_wrong_clock_is_a_dead_letter_and_moves_nothing() -> None:
    cutting = Cutting()
    whole = [
        *audio_frames(T0, 30 * RATE),
        *(frame for frame in imu_frames(T0, 30 * 50) if frame.seq != 15),
    ]
    year_2100 = imu(15, 4_102_444_800 * NS, imu_signal(50))
    await cutting.push(*whole[:45], year_2100, *whole[45:])
    [letter] = cutting.queue.of(topics.DEAD_LETTER)
    assert letter.reason == "clock"
    assert "lies in the future, at 2100-01-01T00:00:00Z" in letter.error
    assert cutting.starts("scenario") == [0]
    assert cutting.starts("har") == [0, 5, 10, 15, 20, 25]
    assert sorted(cutting.inbox.acked) == list(range(60))


async def test_frames_whose_unit_is_wrong_are_named_by_their_likely_unit() -> None:
    cutting = Cutting()
    stamps = (T0 // NS, T0 // 10**6, T0 // 10**3, 0)
    await cutting.push(*(imu(0, t_ns, imu_signal(50), session=str(t_ns)) for t_ns in stamps))
    errors = [letter.error for letter in cutting.queue.of(topics.DEAD_LETTER)]
    for error, cause in zip(errors, ("seconds", "milliseconds", "microseconds"), strict=False):
        assert f"look like {cause} since the epoch" in error
    assert errors[3].endswith("the recorder's clock was not set")
    assert not list(cutting.stage._operator.waiting())
    assert len(cutting.arrivals) == 0


def test_a_host_whose_own_clock_is_not_set_refuses_no_frame() -> None:
    windowing = Windowing(Settings(_env_file=None), Samples(), clock_ns=lambda: 60 * NS)
    windowing.restore("wearer", None)
    windowing.push(Inbox().receive(imu(0, T0, imu_signal(50))))
    assert len(list(windowing.waiting())) == 1


def test_a_host_whose_clock_is_behind_refuses_no_frame_that_the_broker_wrote_just_now() -> None:
    behind_ns, inbox = T0 - 60 * 86_400 * NS, Inbox()
    windowing = Windowing(Settings(_env_file=None), Samples(), clock_ns=lambda: behind_ns)
    windowing.restore("wearer", None)
    inbox.written_s, inbox.stamped_by = T0 / NS, 1
    windowing.push(inbox.receive(imu(0, T0, imu_signal(50))))
    with pytest.raises(ImplausibleTimeError):
        windowing.push(inbox.receive(imu(1, T0 + 86_401 * NS, imu_signal(50))))
    # Where the sender dates its messages, it may be wrong there too.
    inbox.stamped_by = 0
    with pytest.raises(ImplausibleTimeError):
        windowing.push(inbox.receive(imu(1, T0 + NS, imu_signal(50))))
    assert len(list(windowing.waiting())) == 1


def test_the_newest_time_is_that_of_no_frame_that_is_refused() -> None:
    windowing = Windowing(Settings(_env_file=None), Samples(), clock_ns=lambda: T0 + 60 * NS)
    windowing.restore("wearer", None)
    inbox = Inbox()
    windowing.push(inbox.receive(imu(0, T0, imu_signal(50))))
    with pytest.raises(ImplausibleTimeError):
        windowing.push(inbox.receive(imu(1, T0 + 10**9 * NS, imu_signal(50))))
    topic = inbox.receive(imu(2, T0, imu_signal(50))).token.message.topic
    name, labels = "egolog_newest_time_seconds", {"topic": topic}
    assert metrics.REGISTRY.get_sample_value(name, labels) == T0 / NS


def test_a_worker_with_an_audio_tagger_computes_its_features_too(tmp_path: Path) -> None:
    assert type(featurizer(Settings(_env_file=None))) is Features
    tagger = tmp_path / "mn04_as.pt"
    assert isinstance(featurizer(Settings(_env_file=None, audio_tagger=tagger)), TaggerFeatures)
