from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.stored import main
from infra.topics import TOPICS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

HOUR_S = 3_600
# MB that a wearer may leave on a topic in an hour, each record in a batch of its own.
MOST_MB = {
    "spatial": 1.5,
    "activity": 0.6,
    "scenario": 1.2,
    "scenario.refined": 0.1,
    "finetune.queue": 1.0,
}


def test_an_hour_of_a_wearer_leaves_few_bytes_on_each_topic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "stored.json"
    assert main(["simulated:1:2", "--json", str(out)]) == 0
    figures = json.loads(out.read_text())
    a_second = figures["bytes_per_wearer_second"]
    assert {"spatial", "activity", "scenario"} <= set(a_second)
    assert set(a_second) <= {topic.name for topic in TOPICS}
    for name, each in a_second.items():
        assert 0 < each["fleet"] < each["alone"]
        assert each["alone"] * HOUR_S / 1e6 < MOST_MB[name], name
    assert figures["mb_per_day"]["alone"] < 60
    assert f"| {figures['mb_per_day']['alone']} |" in capsys.readouterr().out
