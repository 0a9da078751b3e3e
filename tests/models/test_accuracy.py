from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.evaluate import main

# Of the first weights: far from what they are to become, and far from chance.
TIMES_CHANCE = {
    ("localization", "mAP, 8 regions, sound and motion"): 3.0,
    ("localization", "direction accuracy, one source"): 1.5,
    ("localization", "distance accuracy, one source"): 1.4,
    ("audio encoder", "sound-event mAP"): 5.0,
    ("imu encoder", "motion mAP"): 3.0,
    ("contrastive", "motion found among 32 by sound, top-1"): 3.0,
    ("scenario", "micro-F1, 16 scenarios, sound and motion"): 3.0,
    ("har", "accuracy, 16 activities, estimated scenario"): 2.5,
}


@pytest.mark.accuracy
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_shipped_weights_are_far_from_chance_on_unseen_wearers(
    seed: int, tmp_path: Path
) -> None:
    found = tmp_path / "figures.json"
    main(["--seed", str(seed), "--json", str(found), "--cache", str(tmp_path / "clips")])
    rows = {
        (row["network"], row["metric"]): row
        for row in json.loads(found.read_text())
        if row["material"] == "simulated"
    }
    for figure, times in TIMES_CHANCE.items():
        score, chance = rows[figure]["score"], rows[figure]["chance"]
        assert score > times * chance, f"{figure}: {score:.3f}, chance {chance:.3f}"
