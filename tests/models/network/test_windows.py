from __future__ import annotations

from models.finetuning.examples import SEGMENTS
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SEGMENT_S, SPATIAL_WINDOW_S
from operators.windowing import WindowingConfig


def test_longer_windows_are_multiples_of_shorter_ones() -> None:
    assert HAR_WINDOW_S % SPATIAL_WINDOW_S == 0
    assert SCENARIO_WINDOW_S % HAR_WINDOW_S == 0
    assert SCENARIO_WINDOW_S % SEGMENT_S == 0


def test_a_scenario_window_has_the_segments_that_the_fine_tuner_takes() -> None:
    assert SEGMENTS == 15


def test_the_windower_cuts_the_networks_windows_by_default() -> None:
    config = WindowingConfig()
    lengths = (config.spatial_s, config.har_s, config.scenario_s)
    assert lengths == (SPATIAL_WINDOW_S, HAR_WINDOW_S, SCENARIO_WINDOW_S)
