from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

import pytest

from bench import agreement, soak, stored
from bench.command import above_zero, at_least_one
from bench.faults import __main__ as faults

if TYPE_CHECKING:
    from schemas.interruption import Main


def test_a_number_is_at_least_one() -> None:
    assert at_least_one("64") == 64
    for text in ("0", "-1", "many", "1.5", ""):
        with pytest.raises(ArgumentTypeError, match="expected 1 or more"):
            at_least_one(text)


def test_a_number_is_above_zero() -> None:
    assert above_zero("0.5") == 0.5
    for text in ("0", "-1", "nan", "inf", "fast"):
        with pytest.raises(ArgumentTypeError, match="expected more than 0"):
            above_zero(text)


@pytest.mark.parametrize(
    ("main", "arguments", "words"),
    [
        (agreement.main, ["nosuch"], "recording 'nosuch' is unknown; expected one of "),
        (stored.main, ["folder:/none"], "recording folder '/none' does not exist"),
        # Without any fault the calm run alone would pass.
        (faults.main, ["--only", "Nope"], "argument --only: invalid choice: 'Nope'"),
        (soak.main, ["--wearers", "0"], "argument --wearers: number is '0'; expected 1 or more"),
    ],
)
def test_what_nothing_can_be_measured_of_is_one_line(
    main: Main, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert words in line
