from __future__ import annotations

from types import SimpleNamespace

from schemas import DeadLetter
from schemas.frames import NS
from streams.engine.dead_letters import dead_letter
from streams.engine.published_before import PublishedBefore
from tests.streams.engine.messages import activity


def test_windows_that_hold_a_frame_that_was_committed_are_published() -> None:
    published = PublishedBefore()
    assert not published
    for at_s in (5, 7, 6):
        published.note(SimpleNamespace(device_id="d", session_id="s", t_ns=at_s * NS))
    assert published
    assert [published.has(activity(at_s)) for at_s in (0, 5, 7, 8, 10)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_another_session_or_device_is_not_and_neither_are_dead_letters() -> None:
    published = PublishedBefore()
    published.note(SimpleNamespace(device_id="d", session_id="another", t_ns=9 * NS))
    published.note(SimpleNamespace(device_id="another", session_id="s", t_ns=9 * NS))
    assert not published.has(activity(5))
    published.note(SimpleNamespace(device_id="d", session_id="s", t_ns=9 * NS))
    assert published.has(activity(5))
    message = SimpleNamespace(topic="t", partition=0, offset=1, key=b"d", value=b"", timestamp=1.0)
    letter = dead_letter(message, b"", "windower", ValueError("bad"))
    assert isinstance(letter, DeadLetter)
    assert not published.has(letter)


def test_devices_that_were_read_again_are_forgotten() -> None:
    published = PublishedBefore()
    published.note(SimpleNamespace(device_id="d", session_id="s", t_ns=9 * NS))
    published.forget_device("d")
    assert not published
    assert not published.has(activity(5))
    published.note(SimpleNamespace(device_id="d", session_id="s", t_ns=9 * NS))
    published.clear()
    assert not published
