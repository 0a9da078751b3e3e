from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operators import device_share
from operators.device_share import DeviceShare, FrameHeader
from schemas.frames import NS
from tests.operators.frames import T0

if TYPE_CHECKING:
    import pytest


def header(t_ns: int = T0, size: int = 100, **changed: Any) -> FrameHeader:
    return FrameHeader("d", "s", "imu.frame", t_ns, size, final=False)._replace(**changed)


def test_frames_beyond_the_share_of_a_second_are_dropped_and_the_next_second_is_new() -> None:
    share = DeviceShare(frames_per_s=3, bytes_per_s=10_000)
    taken = [share.takes(header(T0 + number * NS // 5)) for number in range(10)]
    assert taken == [True, True, True, False, False] * 2


def test_bytes_count_by_kind_and_device() -> None:
    share = DeviceShare(frames_per_s=9, bytes_per_s=200)
    assert share.takes(header(size=200))
    assert not share.takes(header(T0 + 1, size=1))
    assert share.takes(header(kind="audio.frame"))
    assert share.takes(header(device_id="e"))


def test_a_new_session_for_every_frame_takes_of_the_same_share() -> None:
    share = DeviceShare(frames_per_s=3, bytes_per_s=10_000)
    taken = [share.takes(header(T0 + number, session_id=f"s{number}")) for number in range(10)]
    assert taken == [True] * 3 + [False] * 7


def test_what_is_refused_takes_nothing_of_the_share() -> None:
    share = DeviceShare(frames_per_s=9, bytes_per_s=200)
    assert not share.takes(header(size=201))
    assert share.takes(header(size=200))


def test_a_final_frame_is_taken_beyond_the_share() -> None:
    share = DeviceShare(frames_per_s=1, bytes_per_s=10_000)
    assert share.takes(header())
    assert not share.takes(header(T0 + 1))
    assert share.takes(header(T0 + 1, final=True))


def test_to_call_every_frame_final_does_not_lift_the_share() -> None:
    share = DeviceShare(frames_per_s=3, bytes_per_s=10_000)
    sent = [header(T0 + number, session_id=f"s{number}", final=True) for number in range(100)]
    assert sum(map(share.takes, sent)) == 7
    assert share.takes(header(T0 + NS, final=True))


def test_a_crash_counts_from_the_start() -> None:
    share = DeviceShare(frames_per_s=1, bytes_per_s=10_000)
    assert [share.takes(header()), share.takes(header())] == [True, False]
    share.forget()
    assert share.takes(header())


def test_a_device_that_is_forgotten_counts_from_the_start_and_the_others_do_not() -> None:
    share = DeviceShare(frames_per_s=1, bytes_per_s=10_000)
    assert share.takes(header())
    assert share.takes(header(device_id="e"))
    share.forget_device("d")
    assert share.takes(header())
    assert not share.takes(header(device_id="e"))
    # Nor does it matter that a device was never counted.
    share.forget_device("unknown")


def test_of_too_many_devices_the_one_that_was_longest_silent_counts_from_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device_share, "_REMEMBERED_DEVICES", 2)
    share = DeviceShare(frames_per_s=1, bytes_per_s=10_000)
    assert share.takes(header(device_id="d"))
    assert share.takes(header(device_id="e"))
    assert not share.takes(header(device_id="d"))
    assert share.takes(header(device_id="f"))
    assert not share.takes(header(device_id="d"))
    assert share.takes(header(device_id="e"))


def test_of_a_device_the_latest_seconds_are_counted() -> None:
    share = DeviceShare(frames_per_s=1, bytes_per_s=10_000)
    for second in range(16):
        assert share.takes(header(T0 + second * NS))
    assert not share.takes(header(T0))
    assert share.takes(header(T0 + 16 * NS))
    assert share.takes(header(T0))
    assert not share.takes(header(T0 + 2 * NS))
