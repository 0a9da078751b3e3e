import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.research.lanhar.evaluation.over_seeds import Way, best_baseline, of_baselines, together
from models.research.lanhar.evaluation.report import write
from models.research.lanhar.evaluation.report_tables import Group, LanharReport
from models.research.lib.sizes import Size

THERE, BACK = Way("HAPT", "Glass", "four"), Way("Glass", "HAPT", "four")
LEVEL = Way("HAPT", "WISDM", "level")


def figures(value: float, new: bool = True) -> dict[str, Any]:
    return {
        "accuracy": value + 0.05,
        "macro_f1": value,
        "category_macro_f1": value + 0.1,
        "baselines": {
            "random_forest": {"accuracy": 0.5, "macro_f1": value - 0.3},
            "dcnn": {"accuracy": 0.3, "macro_f1": 0.2},
        },
        "new_activities": {
            "accuracy": 0.5,
            "chance": 0.125,
            "accuracy_among_new": 0.75,
            "chance_among_new": 0.2,
            "baselines": {
                "nuactiv": {"accuracy": 0.25, "accuracy_among_new": 0.5},
                "dcnn_fine_tuned": {"accuracy": 0.1},
            },
        }
        if new
        else None,
    }


def report(**changes: Any) -> LanharReport:
    row = {"accuracy": 0.9, "macro_f1": 0.8, "category_macro_f1": 0.95}
    given = LanharReport(
        groups=[
            Group("HAPT ↔ Glass", (THERE, BACK), "0.731", "0.58", "0.73"),
            Group("WISDM", (LEVEL,), "", "0.75", "0.9", new=False),
        ],
        runs={
            THERE: {0: figures(0.8), 1: figures(0.84)},
            BACK: {0: figures(0.7), 1: figures(0.74), 2: figures(0.1)},
        },
        ablations={
            "rows": {"LanHAR": [row, row], "w/o gait branch": [{**row, "macro_f1": 0.5}] * 2},
            "divergence": {
                "raw": {"walking": 2.0, "sitting": 1.0},
                "interpretation": {"sitting": 0.5},
            },
        },
        ablated=THERE,
        sizes=[Size("lanhar_sensor", 1_000, 0.36), Size("lanhar_labels", 0, 0.01),
               Size("lanhar_text", 2_000, 1.2)],
        rank_ms=2.5,
        date="2026-03-02",
        command="python -m models.research.lanhar.evaluation.results --out docs/LANHAR.md",
        weights="abc",
    )  # fmt: skip
    return replace(given, **changes)


def page(tmp_path: Path, **changes: Any) -> str:
    write(report(**changes), tmp_path / "docs" / "LANHAR.md")
    return (tmp_path / "docs" / "LANHAR.md").read_text()


def cells(text: str, name: str, section: str = "# LanHAR") -> list[str]:
    lines = text[text.index(section) :].splitlines()
    line = next(line for line in lines if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_ways_count_together_for_seeds_that_measured_all_of_them() -> None:
    runs = report().runs
    found = together(runs, [THERE, BACK], lambda run: run["macro_f1"])
    assert found == pytest.approx([0.75, 0.79])
    assert together(runs, [THERE, LEVEL], lambda run: run["macro_f1"]) == []
    assert together(runs, [THERE], lambda run: None) == []


def test_the_best_baseline_is_the_one_of_the_highest_mean() -> None:
    found = best_baseline(report().runs, [THERE, BACK], ("baselines",), "macro_f1")
    assert found is not None
    assert found[0] == "random_forest"
    assert found[1] == pytest.approx([0.45, 0.49])
    assert best_baseline(report().runs, [LEVEL], ("baselines",), "macro_f1") is None


def test_a_baseline_is_compared_over_the_seeds_and_ways_that_it_was_run_on(tmp_path: Path) -> None:
    runs: dict[Way, dict[int, Any]] = {
        THERE: {0: figures(0.8), 1: figures(0.84)},
        BACK: {0: figures(0.7), 1: figures(0.74)},
    }
    del runs[THERE][1]["baselines"]["dcnn"]
    runs[BACK][0]["baselines"]["unihar"] = {"accuracy": 1.0, "macro_f1": 1.0}
    scored = of_baselines(runs, [THERE, BACK], ("baselines",), "macro_f1")
    assert scored == {"dcnn": [0.2], "random_forest": pytest.approx([0.45, 0.49])}
    text = page(tmp_path, runs=runs)
    # (0.20 + 0.47) / 2 of the two that were run both ways, below 0.77.
    assert cells(text, "… macro-F1 over the mean of baselines")[1] == "+0.435"


def test_headlines_stand_beside_paper_bar_and_aim(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert cells(text, "HAPT ↔ Glass, macro-F1")[1:] == ["0.770 ± 0.028", "0.731", "0.58", "0.73"]
    assert cells(text, "… macro-F1 over the best baseline")[1] == "+0.300 (random_forest)"
    assert cells(text, "… new activities, accuracy")[1] == "0.500 ± 0.000"
    found = cells(text, "… new activities, over the best baseline")
    assert found[1] == "+0.250 (nuactiv)"
    assert cells(text, "sensor encoder and label vectors")[1] == "0.37 MB, 2.5 ms"


def test_ways_of_fewer_seeds_are_listed(tmp_path: Path) -> None:
    assert (
        "deviation. Means over ways are of seeds that ran all of them. "
        "Of HAPT → Glass (four): seeds 0, 1 alone.\n" in page(tmp_path)
    )
    even = {way: {seed: figures(0.8) for seed in (0, 1)} for way in (THERE, BACK)}
    assert "Means over ways are" not in page(tmp_path, runs=even)


def test_a_bar_that_a_perfect_score_would_miss_says_so(tmp_path: Path) -> None:
    runs: dict[Way, dict[int, Any]] = {THERE: {0: figures(0.99)}, BACK: {0: figures(0.97)}}
    for way, score in ((THERE, 0.99), (BACK, 0.91)):
        runs[way][0]["baselines"]["random_forest"]["macro_f1"] = score
    found = cells(page(tmp_path, runs=runs), "… macro-F1 over the best baseline")
    assert found[1:] == ["+0.030 (random_forest; at most +0.050)", "", "+0.08", "+0.15"]


def test_baselines_of_fewer_seeds_are_listed(tmp_path: Path) -> None:
    runs: dict[Way, dict[int, Any]] = {THERE: {seed: figures(0.8) for seed in (0, 1, 2)}}
    complete = "Seeds 0, 1, 2; figures are mean ± standard deviation.\n"
    assert complete in page(tmp_path, runs=runs)
    del runs[THERE][1]["baselines"]["dcnn"], runs[THERE][2]["baselines"]["dcnn"]
    del runs[THERE][2]["new_activities"]["baselines"]["nuactiv"]
    assert "deviation. Of dcnn: seed 0 alone. Of nuactiv: seeds 0, 1 alone.\n" in page(
        tmp_path, runs=runs
    )


def test_what_was_not_run_says_so(tmp_path: Path) -> None:
    text = page(tmp_path, runs={}, ablations={})
    assert cells(text, "HAPT ↔ Glass, macro-F1")[1] == "not run"
    assert cells(text, "HAPT → WISDM", "## From one")[2:] == ["not run"] * 3
    assert text.count("Not run: ") == 2
    assert "Seeds none" in text


def test_new_activities_show_chance_and_every_baseline(tmp_path: Path) -> None:
    text = page(tmp_path)
    found = cells(text, "HAPT → Glass, four", "## New activities")
    assert found[1:] == ["0.500 ± 0.000", "0.125", "0.250 ± 0.000", "0.100 ± 0.000"]
    among = cells(text, "HAPT → Glass, four", "everybody is told that a reading is new")
    assert among[1:] == ["0.750 ± 0.000", "0.200", "0.500 ± 0.000"]
    assert "HAPT → WISDM" not in text.partition("## New activities")[2].partition("##")[0]


def test_an_ablation_shows_what_the_change_costs(tmp_path: Path) -> None:
    assert cells(page(tmp_path), "w/o gait branch")[-1] == "-0.300"


def test_a_label_that_a_space_lacks_is_left_empty(tmp_path: Path) -> None:
    assert cells(page(tmp_path), "interpretation") == ["interpretation", "", "0.50", "0.50"]


def test_it_says_that_these_are_development_figures_and_when_training_was_shorter(
    tmp_path: Path,
) -> None:
    assert "development figures" in page(tmp_path)
    assert "a quarter of the steps" not in page(tmp_path)
    assert "a quarter of the steps" in page(tmp_path, quick=True)


def test_pictures_are_shown_where_they_are(tmp_path: Path) -> None:
    assert "## Pictures" not in page(tmp_path)
    (tmp_path / "docs" / "figures").mkdir()
    (tmp_path / "docs" / "figures" / "lanhar_self-supervised.png").write_bytes(b"")
    shown = re.findall(r"!\[(.*?)\]\((.*?)\)", page(tmp_path))
    assert shown == [("self-supervised", "figures/lanhar_self-supervised.png")]


def test_the_lead_and_the_sections_of_other_commands_are_kept(tmp_path: Path) -> None:
    fresh = page(tmp_path)
    assert fresh.startswith("# LanHAR\n\n## Across data sets\n")
    own = "# LanHAR\n\nWhat it comes to.\n\n## As it runs\n\nlive\n\n"
    others = "\n## Where a device is worn\n\nplaces\n\n## A heading that nobody knows\n\nkept\n"
    earlier = fresh.removeprefix("# LanHAR\n\n")
    (tmp_path / "docs" / "LANHAR.md").write_text(own + earlier.replace("0.770", "0.1") + others)
    assert page(tmp_path) == own + earlier + others
