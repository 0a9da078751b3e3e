"""Lengths of windows, s, and their steps, as the networks were trained.

They belong to the weights: the localization network takes exactly one second, the offline expert
and the fine-tuner take thirty seconds in segments of two, and the activity network was trained on
five.
"""

SECOND_STEPS = 50
"""Steps of log-mel, of 20 ms each, in a second."""

SPATIAL_WINDOW_S = 1
"""One estimate of where sound comes from (EgoLog §4.2)."""

HAR_WINDOW_S = 5
"""One activity (EgoLog §4.3), by EgoLog's network and by LanHAR's."""

SCENARIO_WINDOW_S = 30
"""One scenario (EgoLog §4.1)."""

SEGMENT_S = 2
"""One key-frame segment of a scenario window (EgoLog §4.1.2)."""
