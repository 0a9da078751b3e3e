import numpy as np
import pytest

from models.simulation.life.motion import GRAVITY, RATE, HeadMotion, move
from models.simulation.life.scenarios import DOINGS
from models.simulation.life.wearer import SimulatedWearer


def simulate(activity: str, seed: int = 0, seconds: int = 20, **kwargs: object) -> HeadMotion:
    rng = np.random.default_rng(seed)
    wearer = SimulatedWearer.draw(np.random.default_rng([seed, 9]))
    manner = DOINGS[activity].manner
    change = activity if activity in ("standing up", "sitting down") else None
    steps = wearer.cadence(manner.posture)
    return move(manner, seconds, rng, wearer, change=change, steps_hz=steps, **kwargs)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_the_gyroscope_integrates_to_the_yaw_that_sounds_are_rendered_with(seed: int) -> None:
    wearer = SimulatedWearer.draw(np.random.default_rng([seed, 9]))
    motion = simulate("sitting", seed, headings=(0.0, 1.2))
    gyro = (motion.imu[:, 3:] - wearer.gyro_bias) @ wearer.mounting
    acc = (motion.imu[:, :3] - wearer.acc_bias) @ wearer.mounting / wearer.acc_scale
    up = acc / np.linalg.norm(acc, axis=1, keepdims=True)
    yaw = np.cumsum(np.sum(gyro * up, axis=1)) / RATE
    assert np.abs(yaw - (motion.yaw - motion.yaw[0])).max() < 0.15


@pytest.mark.parametrize(
    ("activity", "low", "high"), [("walking", 1.6, 2.0), ("running", 2.4, 2.8)]
)
def test_gait_peaks_at_the_cadence(activity: str, low: float, high: float) -> None:
    norm = np.linalg.norm(simulate(activity).imu[:, :3], axis=1)
    spectrum = np.abs(np.fft.rfft((norm - norm.mean()) * np.hanning(norm.size)))
    f = np.fft.rfftfreq(norm.size, 1 / RATE)
    band = f > 0.5
    assert low <= f[band][spectrum[band].argmax()] <= high


@pytest.mark.parametrize("activity", sorted(DOINGS))
def test_the_accelerometer_shows_gravity_on_average(activity: str) -> None:
    norm = np.linalg.norm(simulate(activity, 3).imu[:, :3], axis=1)
    tolerance = 4.0 if activity == "running" else 0.7
    assert abs(float(np.median(norm)) - GRAVITY) < tolerance


def test_running_shakes_more_than_walking_and_walking_more_than_sitting() -> None:
    shaking = [
        float(np.std(np.linalg.norm(simulate(a).imu[:, :3], axis=1)))
        for a in ("sitting", "walking", "running")
    ]
    assert shaking[0] < 0.3 < shaking[1] < 3 < shaking[2]


@pytest.mark.parametrize("change", ["standing up", "sitting down"])
def test_a_posture_change_pushes_and_leans(change: str) -> None:
    motion = simulate(change, 2, seconds=4)
    assert float(np.ptp(np.linalg.norm(motion.imu[:, :3], axis=1))) > 1.5


def test_an_activity_begins_and_ends_at_its_headings() -> None:
    motion = simulate("walking", 1, headings=(0.5, 2.0))
    assert motion.yaw[0] == pytest.approx(0.5, abs=0.02)
    assert motion.yaw[-1] == pytest.approx(2.0, abs=0.02)
    assert motion.body_yaw[-1] == pytest.approx(2.0, abs=0.01)
