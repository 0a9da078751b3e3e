"""Accuracy against the length of data (EgoLog Figs 17 and 21)."""

from __future__ import annotations

import numpy as np
import torch

from models.research.egolog import har as of_har
from models.research.egolog.days.composed import FRAMES
from models.research.evaluation.composed_days.scores import Life, Networks, scenario_f1
from models.research.lib.metrics import accuracy

SCENARIO_S = (10, 30, 60, 120)
HAR_S = (1, 2, 5, 10)
_STRETCHES = 24


def scenario_by_length(networks: Networks, life: Life) -> dict[str, float]:
    """Return the micro-F1 of windows of each length."""
    return {
        str(s): scenario_f1(networks.scenario, networks.encoders, life.encoded, s)
        for s in SCENARIO_S
    }


def har_by_length(networks: Networks, life: Life) -> dict[str, float]:
    """Return the accuracy of windows of each length that hold one activity, without scenario."""
    return {str(s): _har(networks, life, s) for s in HAR_S}


def _har(networks: Networks, life: Life, seconds: int) -> float:
    days = life.days
    predicted, true = [], []
    for index in range(min(_STRETCHES, len(days))):
        count = days.seconds // seconds
        seconds_of = days.activities[index, : count * seconds].reshape(count, seconds)
        # One window per 10 s, so that all lengths are compared on the same ones.
        rows = np.flatnonzero((seconds_of == seconds_of[:, :1]).all(axis=1))[
            :: max(1, 10 // seconds)
        ]
        if not len(rows):
            continue
        mel = days.mel[index].reshape(-1, seconds * FRAMES, 64)[rows].astype(np.float32)
        imu = days.imu[index].reshape(-1, seconds * FRAMES, 6)[rows]
        activity = torch.from_numpy(seconds_of[rows, 0].astype(np.int64))
        examples = of_har.of_windows(
            networks.encoders, torch.from_numpy(mel), torch.from_numpy(imu), activity
        )
        predicted.append(of_har.predict(networks.har, networks.text, examples))
        true.append(activity.numpy())
    return accuracy(np.concatenate(predicted), np.concatenate(true))
