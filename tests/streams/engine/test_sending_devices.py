from __future__ import annotations

from streams.engine.sending_devices import SendingDevices


def test_a_device_counts_once_while_it_sends_and_for_a_minute_after() -> None:
    now = 100.0
    sending = SendingDevices(60.0, lambda: now)
    assert sending.count() == 0
    for device in ("a", "b", "a"):
        sending.note(device)
    assert sending.count() == 2
    now += 40.0
    sending.note("b")
    now += 19.0
    assert sending.count() == 2
    now += 1.0
    assert sending.count() == 1
    assert "a" not in sending._last
    now += 40.0
    assert sending.count() == 0


def test_what_another_worker_may_read_now_is_forgotten() -> None:
    sending = SendingDevices()
    sending.note("a")
    sending.clear()
    assert sending.count() == 0
