from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import agreement, neighbours, soak, stored
from bench.faults import __main__ as faults

if TYPE_CHECKING:
    from schemas.interruption import Main


@pytest.mark.parametrize(
    ("main", "arguments", "words"),
    [
        (agreement.main, ["nosuch"], "recording 'nosuch' is unknown; expected one of "),
        (stored.main, ["folder:/none"], "recording folder '/none' does not exist"),
        # Without any fault the calm run alone would pass.
        (faults.main, ["--only", "Nope"], "argument --only: invalid choice: 'Nope'"),
        (soak.main, ["--wearers", "0"], "--wearers is 0; expected 1 or more"),
        (soak.main, ["--speed", "nan"], "--speed is nan; expected more than 0"),
        (neighbours.main, ["--rounds", "0"], "--rounds is 0; expected 1 or more"),
        (faults.main, ["--seed", "-1"], "--seed is -1; expected 0 or more"),
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
