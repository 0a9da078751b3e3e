import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.simulation.life.heading import yaw_rate


def test_the_turn_about_gravity_is_found_however_the_sensor_sits() -> None:
    imu = np.zeros((500, 6))
    imu[:, 2], imu[:, 5] = 9.81, 0.7
    imu[:, 3] = 2.0  # a nod
    for seed in range(3):
        turn = Rotation.random(rng=np.random.default_rng(seed))
        worn = np.concatenate([turn.apply(imu[:, :3]), turn.apply(imu[:, 3:])], axis=1)
        assert yaw_rate(worn.astype(np.float32)) == pytest.approx(np.full(500, 0.7), abs=1e-5)


def test_a_head_without_gravity_has_no_turn() -> None:
    assert not yaw_rate(np.zeros((100, 6), np.float32)).any()
