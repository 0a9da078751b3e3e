from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.llm.backoff import PAUSE_MAX_S, Pause, backoff_s, retry_after_s

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Mon, 02 Mar 2026 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 02 Mar 2026 07:00:00 GMT"}, 0.0),
        # An endpoint whose clock is two hours behind this machine's, and one that says no time.
        (
            {
                "retry-after": "Mon, 02 Mar 2026 06:00:30 GMT",
                "date": "Mon, 02 Mar 2026 06:00:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Mon, 02 Mar 2026 08:00:30 GMT", "date": "now"}, 30.0),
        ({"retry-after": "1e99"}, PAUSE_MAX_S),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_both_forms_of_the_header_are_read_and_bounded(
    headers: dict[str, str], want: float | None
) -> None:
    assert retry_after_s(headers, NOW) == want


def test_waits_double_up_to_a_limit_and_are_spread() -> None:
    assert [backoff_s(n, lambda: 1.0) for n in (1, 2, 3, 9)] == [0.5, 1.0, 2.0, 8.0]
    assert backoff_s(1, lambda: 0.0) == 0.25
    assert len({backoff_s(3) for _ in range(20)}) > 1


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    now = 100.0
    pause = Pause(lambda: now)
    assert pause.left_s == 0
    pause.hold(5.0)
    pause.hold(1.0)
    assert pause.left_s == 5.0
    now = 106.0
    assert pause.left_s == 0
