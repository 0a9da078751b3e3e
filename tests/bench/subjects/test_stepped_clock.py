from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.subjects.stepped_clock import SteppedClock, step

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_clock_is_ahead_by_what_its_folder_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monotonic_s = 0.0
    monkeypatch.setattr(time, "time_ns", lambda: 10_000_000_000)
    monkeypatch.setattr(time, "monotonic", lambda: monotonic_s)
    clock = SteppedClock(tmp_path)
    assert clock.now_ns() == 10_000_000_000
    step(tmp_path, 2.0)
    assert clock.now_ns() == 10_000_000_000
    monotonic_s = 1.0
    assert clock.now_ns() == 12_000_000_000
    step(tmp_path, -3.0)
    monotonic_s = 2.0
    assert clock.now_ns() == 7_000_000_000
