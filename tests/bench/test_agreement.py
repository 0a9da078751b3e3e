from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.agreement import main

if TYPE_CHECKING:
    from pathlib import Path


def test_what_serves_says_what_was_trained_does(tmp_path: Path) -> None:
    out = tmp_path / "new" / "agreement.json"
    assert main(["simulated:1:0.6", "--json", str(out)]) == 0
    figures = json.loads(out.read_text())
    assert set(figures) >= {"regions", "activities", "descriptions (LanHAR)", "scenarios", "motion"}
    for each in figures.values():
        assert each["windows"] > 0
        assert each["largest"] < 0.001
        assert each["other_label"] == 0
