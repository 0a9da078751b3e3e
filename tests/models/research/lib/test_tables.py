from models.research.lib.tables import pick, spread, table


def test_a_figure_over_seeds_is_its_mean_and_spread() -> None:
    assert spread([0.8, 0.84, 0.82]) == "0.820 ± 0.020"
    assert spread([0.5]) == "0.500"


def test_what_was_not_measured_is_none() -> None:
    figures = {"scenario": {"f1": 0.8, "other": None}}
    assert pick(figures, ("scenario", "f1")) == 0.8
    assert pick(figures, ("scenario", "other")) is None
    assert pick(figures, ("scenario", "missing", "deeper")) is None


def test_a_table_has_its_head_a_rule_and_its_rows() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
