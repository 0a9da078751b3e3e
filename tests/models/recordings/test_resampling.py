import numpy as np

from models.recordings.resampling import stretches


def test_both_sensors_lie_on_one_grid_where_both_were_there() -> None:
    acc_s, gyro_s = np.arange(0.013, 4, 0.01), np.arange(0.5, 3.0, 0.005)
    (found,) = stretches(acc_s, acc_s[:, None] * [1, 2, 3], gyro_s, gyro_s[:, None] * [4, 5, 6], 50)
    assert found.start_s == 0.5
    t = found.start_s + np.arange(len(found.values)) / 50
    assert t[-1] <= gyro_s[-1]
    np.testing.assert_allclose(found.values, t[:, None] * [1, 2, 3, 4, 5, 6], rtol=1e-6)


def test_a_hole_of_one_sensor_starts_a_new_stretch() -> None:
    whole = np.arange(0, 10, 0.01)
    holed = whole[(whole < 4) | (whole >= 6)]
    found = stretches(whole, np.ones((len(whole), 3)), holed, np.ones((len(holed), 3)), 100)
    assert [s.start_s for s in found] == [0.0, 6.0]
    assert [len(s.values) for s in found] == [400, 400]


def test_times_need_not_rise_and_the_first_of_equal_ones_counts() -> None:
    times = np.array([0.2, 0.0, 0.1, 0.1])
    values = np.array([2.0, 0.0, 1.0, 9.0])[:, None].repeat(3, 1)
    (found,) = stretches(times, values, times, values, 10)
    np.testing.assert_allclose(found.values[:, 0], [0, 1, 2])


def test_sensors_that_never_meet_give_nothing() -> None:
    one, other = np.arange(0, 1, 0.01), np.arange(2, 3, 0.01)
    assert stretches(one, np.ones((100, 3)), other, np.ones((100, 3)), 50) == []
    assert stretches(one[:0], np.ones((0, 3)), other, np.ones((100, 3)), 50) == []
