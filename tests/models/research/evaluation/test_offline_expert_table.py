from pathlib import Path

import pytest

from models.egolog.offline_expert import Expert
from models.egolog.offline_expert.evidence import ITEMS
from models.labels import SCENARIOS
from models.research.evaluation import offline_expert_table


def test_every_scenario_is_shown_with_what_speaks_for_and_against_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    offline_expert_table.main([])
    text = capsys.readouterr().out
    assert Expert.load().name in text
    assert all(f"{name}: goes on with" in text for name in SCENARIOS)
    assert text.count("for:") == text.count("against:") == len(SCENARIOS)


def test_one_scenario_is_shown_alone(capsys: pytest.CaptureFixture[str]) -> None:
    offline_expert_table.main(["--scenario", "Cooking", "--top", "2"])
    assert capsys.readouterr().out.count("goes on with") == 1


def test_the_whole_table_has_a_line_for_each_item(capsys: pytest.CaptureFixture[str]) -> None:
    offline_expert_table.main(["--all"])
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == ["evidence", "bias", *ITEMS]
    assert {len(row) for row in rows} == {1 + len(SCENARIOS)}


def test_the_table_is_drawn(tmp_path: Path) -> None:
    offline_expert_table.main(["--draw", str(tmp_path / "table.png")])
    assert (tmp_path / "table.png").read_bytes().startswith(b"\x89PNG")


def test_a_count_of_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        offline_expert_table.main(["--top", "0"])
    assert "--top is 0; expected 1 or more" in capsys.readouterr().err
