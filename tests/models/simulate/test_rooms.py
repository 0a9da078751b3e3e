import numpy as np
import pytest

from models.simulate.rooms import KINDS, Room, reverberated


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_reverberation_grows_with_distance_and_equals_direct_sound_at_the_critical_one(
    kind: str,
) -> None:
    room = Room.draw(kind, np.random.default_rng(1))

    def power(distance_m: float) -> float:
        tail = room.tail(distance_m, np.random.default_rng(2))
        return float(np.mean(np.sum(tail.astype(np.float64) ** 2, axis=1)))

    assert power(4 * room.critical_m) == pytest.approx(16 * power(room.critical_m), rel=1e-3)
    # Six early echoes of a third each come on top of the diffuse field's 1.
    assert 0.9 < power(room.critical_m) < 4


def test_a_tail_decays() -> None:
    tail = Room.draw("hall", np.random.default_rng(3)).tail(2.0, np.random.default_rng(4))
    quarter = tail.shape[1] // 4
    assert np.abs(tail[:, -quarter:]).mean() < 0.1 * np.abs(tail[:, :quarter]).mean()


def test_convolution_has_the_length_asked_for() -> None:
    wave = np.zeros(1000, np.float32)
    wave[10] = 1
    tail = np.arange(20, dtype=np.float32).reshape(2, 10)
    out = reverberated(wave, tail, 1009)
    assert out.shape == (2, 1009)
    np.testing.assert_allclose(out[:, 10:20], tail, atol=1e-4)
