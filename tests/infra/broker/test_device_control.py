from __future__ import annotations

import pytest

from infra.broker.device_control import pause_end_ms
from schemas.event_time import EXPECTED


def test_a_pause_ends_at_a_time_to_come() -> None:
    assert pause_end_ms("2999-01-01T00:00:00.5Z") == 32_472_144_000_500


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("tomorrow", f"'tomorrow'; expected {EXPECTED}"),
        ("2025-11-20", "2025-11-20; expected a time to come"),
    ],
)
def test_what_no_pause_can_end_at_is_refused(until: str, words: str) -> None:
    with pytest.raises(ValueError, match="; expected ") as caught:
        pause_end_ms(until)
    assert str(caught.value) == words
