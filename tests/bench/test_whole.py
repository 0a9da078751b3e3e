"""The whole run on real services, at the size that goes through every part."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.load
@pytest.mark.timeout(1_800)
def test_every_part_measures_something(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--smallest", "--json", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text())
    assert figures["wearers_per_core"] > 1
    assert figures["bare_ratio"] > 0.1
    assert figures["stream_ms"] < figures["ms_per_wearer_second"]["total"]
    assert set(figures["latency_ms"]) >= {"spatial", "activity", "scenario"}
    assert figures["traffic"]["audio.frames"]["octets"] > 64_000
    assert figures["rss_mb"] > 10
    # A network that is not known to `bench.apps.constant_networks` would still compute.
    assert figures["constant_networks_ms"] < figures["ms_per_wearer_second"]["har"]
    assert figures["loop_blocked"]["looks"] > 100
    assert figures["loop_blocked"]["over_50_ms"] == 0
