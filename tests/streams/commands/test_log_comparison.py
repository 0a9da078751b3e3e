from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.daily_log.records import Log, LogActivity, LogScenario, WearersWord
from models.recordings.protocol import TruthSpan
from streams.commands.log.comparison import Comparison
from tests.infra.daily_log.stored_records import T0, S, activity, refinement, scenario

if TYPE_CHECKING:
    import pytest

WORD = WearersWord(correction_id="c" * 32, author="page", labels=["Eating"])


class Labelled:
    """A recording of which only the truth is read."""

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
