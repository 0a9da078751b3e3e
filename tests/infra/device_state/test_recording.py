from __future__ import annotations

import pytest

from infra.device_state.recording import RecordingState, recording_state
from schemas import DeviceControl
from schemas.event_time import parse
from schemas.quiet_hours import QuietHours

NIGHT = "22:00-07:00@Europe/Berlin"
NOW_NS = parse("2026-11-30T00:20:00Z")
SEVEN_MS = parse("2026-11-30T06:00:00Z") // 1_000_000


def said(**fields: object) -> DeviceControl:
    return DeviceControl.after(None, "d1", **fields)


@pytest.mark.parametrize(
    ("control", "of_all", "expected"),
    [
        (None, None, RecordingState("active")),
        (said(quiet="12:00-13:00"), None, RecordingState("active")),
        (said(quiet=NIGHT), None, RecordingState("quiet", SEVEN_MS)),
        (None, NIGHT, RecordingState("quiet", SEVEN_MS)),
        (said(quiet="00:00-01:00"), NIGHT, RecordingState("quiet", SEVEN_MS)),
        (said(state="paused", quiet=NIGHT), None, RecordingState("paused")),
        (said(state="erased", erased_ms=1), NIGHT, RecordingState("erased")),
    ],
)
def test_a_device_that_does_not_record_is_never_called_active(
    control: DeviceControl | None, of_all: str | None, expected: RecordingState
) -> None:
    quiet = None if of_all is None else QuietHours.parse(of_all)
    assert recording_state(control, quiet, NOW_NS) == expected
