from __future__ import annotations

import pytest

from operators.joining import Need
from schemas import Window
from schemas.frames import NS
from streams.har import needs

SCENARIO_NS = 30 * NS


def window(start_s: int, after_s: int | None, spatial: int = 5) -> Window:
    return Window(
        device_id="d",
        window_id=f"d/s/har/{start_s}",
        session_id="s",
        kind="har",
        start_ns=start_s * NS,
        end_ns=(start_s + 5) * NS,
        coverage={"imu": 1.0},
        slices={"imu": [1.0] * 5},
        features={},
        parts={"spatial": spatial} if spatial else {},
        after=None if after_s is None else after_s * NS,
    )


def test_an_activity_waits_for_its_seconds_and_for_the_scenario_before_it() -> None:
    assert needs(window(125, 90), SCENARIO_NS) == [
        Need("spatial", 125 * NS, 130 * NS, 5, keep_ns=130 * NS),
        Need("evidence", 90 * NS, 90 * NS + 1, 1, keep_ns=90 * NS),
    ]


@pytest.mark.parametrize("start_s", [120, 125, 145])
def test_without_a_scenario_before_it_two_windows_of_context_are_kept(start_s: int) -> None:
    [_, evidence] = needs(window(start_s, None), SCENARIO_NS)
    assert evidence == Need("evidence", 60 * NS, 60 * NS + 1, 0, keep_ns=60 * NS)


def test_without_sound_no_seconds_are_waited_for() -> None:
    assert needs(window(125, 90, spatial=0), SCENARIO_NS)[0].count == 0
