from __future__ import annotations

from types import SimpleNamespace

from streams.engine.kafka.gathering import Gathering, Patience

PROMPT, SHORT, LONG = Patience(1, 1_500), Patience(16_384, 10), Patience(16_384, 40)
SECOND_OF_SOUND = 64_000


class Fetches:
    """Fetches at the times that a test says."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._gathering = Gathering(1_500, lambda: self._now_s)

    def fetch(self, at_s: float, *sizes: int) -> Patience:
        self._now_s = at_s
        records = {"imu": [SimpleNamespace(value=bytes(size)) for size in sizes]} if sizes else {}
        return self._gathering.after(records)


def test_messages_that_come_singly_in_quick_succession_are_gathered() -> None:
    fetches = Fetches()
    assert fetches.fetch(0.0, 190) == PROMPT
    assert fetches.fetch(0.019, 190) == SHORT
    assert fetches.fetch(0.038, 190, 190) == SHORT


def test_after_a_pause_or_a_second_of_sound_or_nothing_the_broker_answers_at_once() -> None:
    fetches = Fetches()
    fetches.fetch(0.0, 190)
    assert fetches.fetch(0.01, 190) == SHORT
    assert fetches.fetch(0.041, 190) == PROMPT
    assert fetches.fetch(0.05, 190, SECOND_OF_SOUND) == PROMPT
    assert fetches.fetch(0.06, 190) == SHORT
    assert fetches.fetch(0.56) == PROMPT


def test_a_flood_is_gathered_for_longer_for_as_long_as_it_lasts() -> None:
    fetches = Fetches()
    fetches.fetch(0.0, 190)
    assert fetches.fetch(0.01, *[190] * 4) == LONG
    assert fetches.fetch(0.06, *[190] * 16) == LONG
    assert fetches.fetch(0.11, *[190] * 15) == SHORT


def test_what_follows_a_second_of_sound_in_a_flood_does_not_wait_for_long() -> None:
    fetches = Fetches()
    fetches.fetch(0.0, 190)
    fetches.fetch(0.01, *[190] * 4)
    assert fetches.fetch(0.03, *[190] * 8, SECOND_OF_SOUND) == SHORT
    assert fetches.fetch(0.04, *[190] * 8) == LONG
