from __future__ import annotations

import pytest

from streams.commands.times import TimeError, time_ns

T0 = 1_700_000_010_000_000_000


def test_a_time_without_an_offset_is_utc_and_any_other_is_refused() -> None:
    assert time_ns("2023-11-14T22:13:30") == T0
    assert time_ns("2023-11-14T23:13:30+01:00") == T0
    with pytest.raises(TimeError, match="time is '1700000010'; expected ISO 8601"):
        time_ns("1700000010")
