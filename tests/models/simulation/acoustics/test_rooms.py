import numpy as np
import pytest

from models.simulation.acoustics.rooms import (
    KINDS,
    LONGEST_S,
    Reflections,
    Room,
    convolve,
    wall_filters,
)
from models.simulation.acoustics.sounds.dsp import FS

MIDDLE_M = np.zeros((1, 3))
EARS_M = np.array([[0.0, 0.085, 0.0], [0.0, -0.085, 0.0]])


def draw_room(kind: str, seed: int = 1) -> Room:
    return Room.draw(kind, np.random.default_rng(seed))


def power(response: np.ndarray) -> float:
    return float(np.sum(response.astype(np.float64) ** 2))


def none() -> Reflections:
    return Reflections(np.empty((0, 3)), np.empty((0, 7)), np.empty(0, np.int64))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_listener_and_every_source_are_inside(kind: str) -> None:
    for seed in range(20):
        room = draw_room(kind, seed)
        assert all(0 < at < size for at, size in zip(room.listener_m, room.size_m, strict=True))
        for azimuth in np.linspace(-3, 3, 7):
            reach = room.source_m(float(azimuth), 6.0)
            assert reach == 6.0 if kind == "car" else 1.0 < reach <= 6.0


@pytest.mark.parametrize("kind", ["room", "hall", "bathroom"])
def test_reverberation_equals_the_direct_sound_near_the_critical_distance(kind: str) -> None:
    ratios = []
    for seed in range(8):
        room = draw_room(kind, seed)
        distance = room.source_m(0.5, float(np.median(room.critical_m)))
        whole = room.response(room.reflections(0.5, distance), distance, MIDDLE_M)
        ratios.append(power(whole) * (np.median(room.critical_m) / distance) ** 2)
    assert 0.6 < np.mean(ratios) < 1.7


def test_reverberation_against_direct_sound_grows_with_distance() -> None:
    for seed in range(5):
        room = draw_room("room", seed)
        near, far = (
            power(room.response(room.reflections(1.0, d), d, MIDDLE_M)) for d in (0.4, 1.2)
        )
        assert far > 4 * near


def test_a_single_wall_reflects_from_the_mirrored_place() -> None:
    room = draw_room("hall")
    echoes = room.reflections(0.0, 2.0)
    beyond = echoes.place[(echoes.order == 1) & (echoes.place[:, 0] > 2.5)]
    to_wall = room.size_m[0] - room.listener_m[0]
    np.testing.assert_allclose(beyond, [[2 * to_wall - 2.0, 0, 0]], atol=1e-4)


def test_an_echo_comes_when_its_path_says_and_as_loud() -> None:
    room = draw_room("hall")
    echo = Reflections(np.array([[0.0, 7.86, 0.0]]), np.full((1, 7), 0.5), np.array([1]))
    response = room.response(echo, 1.0, EARS_M) - room.response(none(), 1.0, EARS_M)
    for ear, path in zip(response, (7.775, 7.945), strict=True):
        at = round((path - 1.0) / 343 * FS)
        assert int(np.abs(ear).argmax()) == at
        assert ear[at] == pytest.approx(0.5 / path, rel=0.05)


def test_a_response_decays_and_ends() -> None:
    for kind in sorted(set(KINDS) - {"open"}):
        late = draw_room(kind).late(EARS_M)
        assert late.shape[1] <= LONGEST_S * FS
        quarter = late.shape[1] // 4
        assert np.abs(late[:, -quarter:]).mean() < 0.3 * np.abs(late).max(axis=1).mean()


def test_an_open_field_sends_nothing_back() -> None:
    field = draw_room("open")
    assert len(field.reflections(0.5, 3.0).order) == 0
    assert power(field.response(field.reflections(0.5, 3.0), 3.0, EARS_M)) == 0


def test_the_diffuse_field_is_alike_at_low_and_unlike_at_high_frequencies() -> None:
    spectra = np.fft.rfft(draw_room("hall").late(EARS_M), axis=1)
    f = np.fft.rfftfreq(2 * (spectra.shape[1] - 1), 1 / FS)

    def coherence(low: float, high: float) -> float:
        left, right = spectra[:, (f > low) & (f < high)]
        cross = np.abs(np.vdot(right, left))
        return float(cross / np.sqrt(np.vdot(left, left).real * np.vdot(right, right).real))

    assert coherence(30, 250) > 0.8
    assert coherence(2000, 6000) < 0.3


def test_rooms_of_other_seeds_differ_and_of_the_same_are_equal() -> None:
    assert draw_room("room", 1) == draw_room("room", 1)
    assert draw_room("room", 1) != draw_room("room", 2)


def test_wall_filters_pass_through_the_bands() -> None:
    gain = np.array([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]])
    np.testing.assert_allclose(wall_filters(gain, 128)[0, [1, 2, 4, 8, 16, 32, 64]], gain[0])


def test_convolution_has_the_length_asked_for() -> None:
    wave = np.zeros(1000, np.float32)
    wave[10] = 1
    tail = np.arange(20, dtype=np.float32).reshape(2, 10)
    out = convolve(wave, tail, 1009)
    assert out.shape == (2, 1009)
    np.testing.assert_allclose(out[:, 10:20], tail, atol=1e-4)
