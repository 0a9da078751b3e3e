from __future__ import annotations

from bench.messages import Fleet, outgoing
from bench.recording import Rates, made
from infra import topics

RECORDING = made(2, Rates())


def test_every_wearer_sends_every_frame() -> None:
    sent = list(outgoing(Fleet("f", 3, RECORDING)))
    assert len(sent) == 3 * 2 * 2
    for device in ("f-0", "f-1", "f-2"):
        own = [(out.topic, out.frame.seq) for out in sent if out.frame.device_id == device]
        assert sorted(own) == [
            (topics.AUDIO_FRAMES, 0),
            (topics.AUDIO_FRAMES, 1),
            (topics.IMU_FRAMES, 0),
            (topics.IMU_FRAMES, 1),
        ]


def test_aligned_wearers_send_together_and_others_spread_over_thirty_seconds() -> None:
    aligned = [out.due_s for out in outgoing(Fleet("f", 3, RECORDING))]
    assert aligned == [1.0] * 6 + [2.0] * 6
    spread = list(outgoing(Fleet("f", 3, RECORDING, unaligned=True)))
    assert [out.due_s for out in spread] == sorted(out.due_s for out in spread)
    first = {out.frame.device_id: out.due_s for out in reversed(spread)}
    assert first == {"f-0": 1.0, "f-1": 11.0, "f-2": 21.0}


def test_the_windows_are_those_of_event_time_whatever_the_clocks() -> None:
    for unaligned in (False, True):
        fleet = Fleet("f", 4, made(31, Rates()), unaligned)
        assert {out.frame.t_ns for out in outgoing(fleet) if out.frame.seq == 0} == {
            fleet.recording.start_ns
        }
        assert (fleet.windows(30), fleet.windows(5), fleet.windows(1)) == (8, 28, 124)
        assert fleet.wearer_seconds == 124.0
