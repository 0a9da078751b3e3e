import numpy as np

from models.simulation.life.wearer import SimulatedWearer


def test_a_mounting_is_a_rotation() -> None:
    for seed in range(20):
        mounting = SimulatedWearer.draw(np.random.default_rng(seed)).mounting
        np.testing.assert_allclose(mounting @ mounting.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(mounting) > 0.99


def test_wearers_differ_in_mounting_ears_and_gait() -> None:
    first, second = (SimulatedWearer.draw(np.random.default_rng(seed)) for seed in (1, 2))
    assert first.walk_hz != second.walk_hz
    assert not np.allclose(first.mounting, second.mounting)
    assert not np.allclose(first.ears.responses(0.3), second.ears.responses(0.3))


def test_given_ears_replace_the_drawn_head_and_nothing_else() -> None:
    drawn = SimulatedWearer.draw(np.random.default_rng(1))
    given = SimulatedWearer.draw(
        np.random.default_rng(1), SimulatedWearer.draw(np.random.default_rng(2)).ears
    )
    assert given.walk_hz == drawn.walk_hz
    assert given.ears is not drawn.ears
