"""Rules of `models.research.evaluation.composed_days.scenario_memory`."""

from pathlib import Path

import numpy as np
import pytest

from models.labels import SCENARIOS
from models.research.evaluation.composed_days import scenario_memory
from models.research.lib import recordings_folder
from tests.models import fresh


def test_memory_helps_a_weak_window_among_sure_ones_and_of_one_window_there_is_none() -> None:
    truth = np.zeros((8, len(SCENARIOS)), np.float32)
    truth[:4, 0] = truth[4:, 1] = 1
    own = np.where(truth > 0, 0.9, 0.02).astype(np.float32)
    own[2, 0] = own[6, 1] = 0.4
    longest, none = scenario_memory.Memory(memory_s=120), scenario_memory.Memory(memory_s=30)
    assert scenario_memory.of_stretches(own, truth, 2, none) == pytest.approx(6 / 7, abs=1e-6)
    assert scenario_memory.of_stretches(own, truth, 2, longest) == 1
    # Of the other stretch nothing is remembered.
    alone = scenario_memory.of_stretches(own, truth, 8, longest)
    assert alone == scenario_memory.of_stretches(own, truth, 2, none)


def test_the_command_prints_every_length_and_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EGOLOG_SHARED_DATA", raising=False)
    monkeypatch.setattr(recordings_folder, "shared_data", lambda: None)
    monkeypatch.setattr(scenario_memory, "STRETCH_S", 60)
    fresh.registry(tmp_path)
    scenario_memory.main(["--stretches", "1", "--domains", "0", "--weights", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "days are simulated" in printed
    assert all(f"| {length_s} s |" in printed for length_s in scenario_memory.LENGTHS_S)
    assert all(f"| {trust} |" in printed for trust in scenario_memory.TRUSTS)
