"""Windows that their steps tell apart, and an untrained sensor encoder for them."""

from __future__ import annotations

import numpy as np
import torch

from models.lanhar.sensor_encoder import SensorEncoder, SensorEncoderConfig
from models.recordings.datasets.labelled_windows import LabelledWindows, names_of


def told_apart(each: int = 6) -> LabelledWindows:
    """Return windows of walking, of WISDM's stairs and of sitting, told apart by steps."""
    rng = np.random.default_rng(0)
    time = np.arange(250) / 50
    windows, labels = [], []
    for label, hz, shake in (("walking", 1.8, 2.0), ("stairs", 1.3, 4.0), ("sitting", 0.0, 0.0)):
        for _ in range(each):
            imu = rng.normal(0, [0.05] * 3 + [0.01] * 3, (250, 6))
            imu[:, 2] += 9.81 + shake * np.sin(2 * np.pi * hz * (time + rng.uniform()))
            windows.append(imu)
            labels.append(label)
    stacked = np.stack(windows).astype(np.float32)
    names = tuple(map(names_of, labels))
    return LabelledWindows(stacked, tuple(labels), names, wearers=("a",) * len(labels))


def sensor_encoder() -> SensorEncoder:
    torch.manual_seed(0)
    return SensorEncoder(SensorEncoderConfig(gait=False)).eval()
