from __future__ import annotations

from operators.device_share import DeviceShare
from schemas.frames import NS
from tests.operators.frames import RATE, T0, audio, audio_signal, imu, imu_signal


def test_frames_beyond_the_share_of_a_second_are_dropped_and_the_next_second_is_new() -> None:
    share = DeviceShare(frames_per_s=3, bytes_per_s=10_000)
    taken = [share.takes(imu(seq, T0 + seq * NS // 5, imu_signal(1))) for seq in range(10)]
    assert taken == [True, True, True, False, False] * 2


def test_bytes_count_by_stream_and_device() -> None:
    second = audio_signal(RATE)
    share = DeviceShare(frames_per_s=9, bytes_per_s=2 * RATE)
    assert share.takes(audio(0, T0, second))
    assert not share.takes(audio(1, T0 + 1, second[:1]))
    assert share.takes(imu(0, T0, imu_signal(50)))
    assert share.takes(audio(0, T0, second).model_copy(update={"device_id": "e"}))
    assert share.takes(audio(0, T0, second, session="t"))


def test_a_final_frame_is_always_taken() -> None:
    share = DeviceShare(frames_per_s=1, bytes_per_s=10_000)
    assert share.takes(imu(0, T0, imu_signal(1)))
    assert share.takes(imu(1, T0 + 1, imu_signal(1), final=True))


def test_a_crash_counts_from_the_start() -> None:
    share = DeviceShare(frames_per_s=1, bytes_per_s=10_000)
    frame = imu(0, T0, imu_signal(1))
    assert [share.takes(frame), share.takes(frame)] == [True, False]
    share.forget()
    assert share.takes(frame)
