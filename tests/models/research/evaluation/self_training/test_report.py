import re
from pathlib import Path
from typing import Any

from models.research.evaluation.self_training.report import (
    HEADING,
    UNMEASURED,
    present,
    section,
)
from models.research.lib.page_sections import with_section


def figures(gain: float, seed: int) -> dict[str, Any]:
    refining = {
        "uncertain_before": 0.3,
        "uncertain_after": 0.3 + gain,
        "all_before": 0.6,
        "all_after": 0.7,
    }
    adapting = {
        "gain": gain,
        "log_gain": gain / 2,
        "original_change": -0.001,
        "calls_per_hour": [9.0, 6.0, 5.0],
        "gate": ["accepted: better", "queue: not better", "accepted: better"],
    }
    return {
        "expert_gain_uncertain": gain,
        "oracle_gain": {"0.7": gain, "0.8": gain, "0.9": gain},
        "adapt_gain": gain,
        "adapt_log_gain": gain / 2,
        "original_change": -0.001,
        "uncertain_share": [0.12, 0.06],
        "poisoned_change": 0.0,
        "calls_per_hour": [9.0, 6.0, 5.0],
        "details": {
            "seed": seed,
            "weights": "weights abc (encoders)",
            "labels": "expert",
            "windows": 864,
            "alone": 0.5,
            "calls_without_learning": [9.0, 8.0, 10.0],
            "refining": dict.fromkeys(("expert", "0.5", "0.7", "1"), refining),
            "adapting": dict.fromkeys(("expert", "0.7", "0.8", "0.9"), adapting),
        },
    }


def written(folder: Path) -> str:
    runs = [figures(0.4, 0), figures(0.5, 1)]
    return section(runs, folder, "python -m models.research.evaluation.self_training", "2026-03-02")


def test_the_section_has_every_figure_of_the_loop_and_two_plots(tmp_path: Path) -> None:
    text = written(tmp_path)
    assert text.startswith(HEADING)
    assert "| scenario F1 in doubt, by the offline expert | 0.450 ± 0.071 | +0.02 |" in text
    assert "| calls per wearer-hour, day 3 | 5.000 ± 0.000 | falls |" in text
    assert text.count("| … without learning |") == 3
    assert "| … without learning | 8.000 ± 0.000 |  |" in text
    assert "| … in the log | 0.225 ± 0.035 |  |" in text
    assert "| F1 of all windows by the half minute alone, no gain | 0.500 ± 0.000 |  |" in text
    assert "| F1 of all windows as logged, the minutes before, no gain | 0.600 ± 0.000 |" in text
    assert "| F1 of all windows with the expert, no gain | 0.700 ± 0.000 |" in text
    row = "| an oracle right in 0.8 | 0.450 ± 0.071 | 0.225 ± 0.035 | -0.001 ± 0.000 | 1, 3; 1, 3 |"
    assert row in text
    assert "on 2026-03-02" in text
    assert "seeds 0, 1, 864 windows each" in text
    assert "weights abc (encoders): wearers" in text
    assert "named by the offline expert" in text
    plots = re.findall(r"\(figures/(\w+\.png)\)", text)
    assert len(plots) == 2
    for plot in plots:
        assert (tmp_path / plot).read_bytes().startswith(b"\x89PNG")


def test_every_table_row_has_as_many_cells_as_its_head(tmp_path: Path) -> None:
    tables = [
        [line.count("|") for line in block.splitlines() if line.startswith("|")]
        for block in written(tmp_path).split("\n\n")
    ]
    assert any(tables)
    assert all(len(set(rows)) <= 1 for rows in tables), tables


def test_what_is_on_the_page_is_found_again(tmp_path: Path) -> None:
    text = written(tmp_path)
    page = with_section("# Results\n\n## Sizes\nlast\n", text)
    assert present(page) == text
    assert present(f"# Results\n\n{text}\n\n## Sizes\nlast\n") == text
    assert present("# Results\n") == UNMEASURED
