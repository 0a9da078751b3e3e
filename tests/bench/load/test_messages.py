from __future__ import annotations

import numpy as np

from bench.load.messages import Fleet, first_sample, outgoing
from bench.load.recording import Rates, simulate_recording
from infra import topics
from schemas import AudioFrame

RECORDING = simulate_recording(2, Rates())


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
        fleet = Fleet("f", 4, simulate_recording(31, Rates()), unaligned)
        assert {out.frame.t_ns for out in outgoing(fleet) if out.frame.seq == 0} == {
            fleet.recording.start_ns
        }
        assert (fleet.windows(30), fleet.windows(5), fleet.windows(1)) == (8, 28, 124)
        assert fleet.wearer_seconds == 124.0


def sound(fleet: Fleet, device: str) -> bytes:
    frames = [out.frame for out in outgoing(fleet) if out.frame.device_id == device]
    ordered = sorted((f for f in frames if isinstance(f, AudioFrame)), key=lambda f: f.seq)
    return b"".join(frame.samples for frame in ordered)


def test_each_wearer_hears_the_recording_from_another_sample_on() -> None:
    fleet = Fleet("f", 3, RECORDING)
    for device in fleet.devices:
        first = first_sample(f"f {device}", len(RECORDING.samples))
        assert sound(fleet, device) == RECORDING.from_sample(first).samples.tobytes()
        assert sound(fleet, device) == np.roll(RECORDING.samples, -first, axis=0).tobytes()


def test_no_wearer_and_no_later_fleet_hears_what_one_heard_before() -> None:
    # What is heard twice may be computed once, which would make a fleet cheaper than its wearers.
    fleets = [Fleet(name, 3, RECORDING) for name in ("round0", "round1")]
    sounds = [sound(fleet, device) for fleet in fleets for device in fleet.devices]
    assert len(set(sounds)) == 6
