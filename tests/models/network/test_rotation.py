from __future__ import annotations

import numpy as np

from models.network.rotation import has_rotation


def test_zeros_are_no_rotation_and_noise_is() -> None:
    imu = np.zeros((250, 6), np.float32)
    imu[:, 2] = 9.81
    assert not has_rotation(imu)
    imu[100, 4] = 1e-4
    assert has_rotation(imu)
