from __future__ import annotations

from typing import Any

import pytest

from infra.daily_log.records import Log, LogActivity, LogScenario, WearersWord
from models.recordings.protocol import TruthSpan
from streams.commands.log.comparison import Comparison
from tests.infra.daily_log.stored_records import T0, S, activity, refinement, scenario

WORD = WearersWord(correction_id="c" * 32, author="page", labels=["Eating"])


class Labelled:
    """A recording of which the time and the truth are read."""

    start_ns, duration_s, session_id = T0, 90.0, "s"

    def truth(self) -> tuple[TruthSpan, ...]:
        return (
            TruthSpan(T0, T0 + 90 * S, "scenario", "Eating"),
            TruthSpan(T0, T0 + 90 * S, "activity", "sitting"),
            TruthSpan(T0, T0 + 90 * S, "sound", "music"),
        )


def test_the_refiner_has_the_last_word_and_the_wearers_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def logged(start_ns: int, **more: Any) -> LogScenario:
        return LogScenario(**scenario(start_ns).model_dump(exclude={"embeddings"}), **more)

    first = scenario(T0)
    log = Log.of(
        [
            logged(T0, refined=refinement(first, ["Eating"])),
            logged(T0 + 30 * S),
            logged(T0 + 60 * S, corrected=WORD),
        ],
        [LogActivity(**activity(T0).model_dump(exclude={"embeddings"}))],
    )
    comparison = Comparison()
    comparison.add(Labelled(), log)  # type: ignore[arg-type]
    comparison.show()
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "scenarios: 1 of 2 right (50%), macro-F1 0.67",
        "activities: 1 of 1 right (100%), macro-F1 1.00",
        "scenarios by the network alone (1 refined): 0 of 2 right (0%), macro-F1 0.00",
    ]


class Clip:
    """A recording from `after_s` after the begin of a window, all of it eating and sitting."""

    session_id = "s"

    def __init__(self, after_s: int, duration_s: float) -> None:
        self.start_ns, self.duration_s = T0 + after_s * S, duration_s

    def truth(self) -> tuple[TruthSpan, ...]:
        end_ns = self.start_ns + round(self.duration_s * S)
        return (
            TruthSpan(self.start_ns, end_ns, "scenario", "Cooking"),
            TruthSpan(self.start_ns, end_ns, "activity", "sitting"),
        )


@pytest.mark.parametrize("after_s", [0, 1])
def test_a_window_that_begins_before_the_recording_counts(
    after_s: int, capsys: pytest.CaptureFixture[str]
) -> None:
    comparison = Comparison()
    comparison.add(Clip(after_s, 3.5), day("s", T0))  # type: ignore[arg-type]
    comparison.show()
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "scenarios: 1 of 1 right (100%), macro-F1 1.00",
        "activities: 1 of 1 right (100%), macro-F1 1.00",
    ]


def test_windows_of_the_session_before_are_not_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ours, before = day("s", T0), day("before", T0)
    log = Log.of([*ours.scenarios, *before.scenarios], [*ours.activities, *before.activities])
    comparison = Comparison()
    comparison.add(Clip(0, 30), log)  # type: ignore[arg-type]
    comparison.show()
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "scenarios: 1 of 1 right (100%), macro-F1 1.00",
        "activities: 1 of 1 right (100%), macro-F1 1.00",
    ]


def test_a_recording_that_was_replayed_as_another_session_is_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    comparison = Comparison()
    comparison.add(Clip(0, 30), day("another", T0))  # type: ignore[arg-type]
    comparison.show()
    assert "activities: 1 of 1 right" in capsys.readouterr().out


def day(session: str, start_ns: int) -> Log:
    """Return half a minute's log of a session, of one activity."""
    first = scenario(start_ns).model_dump(exclude={"embeddings"})
    second = activity(start_ns).model_dump(exclude={"embeddings"})
    for record, kind in ((first, "scenario"), (second, "har")):
        record |= {"session_id": session, "window_id": f"d1/{session}/{kind}/{start_ns}"}
    return Log.of([LogScenario(**first)], [LogActivity(**second)])
