"""The published data sets go out as frames like any other recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from schemas import AudioFrame, ImuFrame
from streams.producers.frames import Identity, frames
from tests.models.recordings.opened_sets import of_ego4d, of_egoadl, of_samosa, of_self_collected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.recordings.session import SessionRecording


@pytest.mark.parametrize("opened", [of_ego4d, of_egoadl, of_samosa, of_self_collected])
def test_every_sample_goes_out_once_in_the_order_it_is_due(
    tmp_path: Path, opened: Callable[[Path], SessionRecording]
) -> None:
    recording = opened(tmp_path)
    who = Identity(recording.device_id, recording.session_id)
    sent = list(frames(recording, who))
    assert [timed.due_ns for timed in sent] == sorted(timed.due_ns for timed in sent)
    sound = [t.frame for t in sent if isinstance(t.frame, AudioFrame)]
    motion = [t.frame for t in sent if isinstance(t.frame, ImuFrame)]
    assert [frame.seq for frame in sound] == list(range(len(sound)))
    assert [frame.seq for frame in motion] == list(range(len(motion)))
    whole = np.concatenate([c.samples for c in recording.audio()])
    assert b"".join(frame.samples for frame in sound) == whole.tobytes()
    rows = np.concatenate([c.acc for c in recording.imu()])
    assert sum(frame.acc.shape[0] for frame in motion) == len(rows)
