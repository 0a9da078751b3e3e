from __future__ import annotations

from streams.engine.idle_devices import IdleDevices


def test_who_moves_meanwhile_rests_anew() -> None:
    now = [0.0]
    resting = IdleDevices(60.0, lambda: now[0])
    assert resting.for_long(["a", "b"]) == []
    now[0] = 40.0
    assert resting.for_long(["a"]) == []
    now[0] = 60.0
    assert resting.for_long(["a", "b"]) == ["a"]
    resting.clear()
    assert resting.for_long(["a"]) == []
