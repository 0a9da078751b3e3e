import numpy as np
import pytest

from models.labels import SOUND_EVENTS
from models.simulation.acoustics.sounds import FS, SYNTHESISERS, normalise_level, synthesise

SECONDS = 3


def rendition(label: str, source: int, take: int) -> np.ndarray:
    draw, noise = np.random.default_rng(source), np.random.default_rng(take)
    return synthesise(label, draw, noise, SECONDS * FS)


def test_every_label_has_a_synthesiser() -> None:
    assert tuple(SYNTHESISERS) == SOUND_EVENTS


@pytest.mark.parametrize("label", SOUND_EVENTS)
def test_a_rendition_sounds_is_finite_and_comes_from_its_seeds(label: str) -> None:
    wave = rendition(label, 1, 2)
    assert wave.shape == (SECONDS * FS,)
    assert wave.dtype == np.float32
    assert np.isfinite(wave).all()
    assert 0.05 < float(np.sqrt(np.mean(wave**2))) < 1.5
    np.testing.assert_array_equal(wave, rendition(label, 1, 2))
    assert not np.array_equal(wave, rendition(label, 3, 2))


@pytest.mark.parametrize("label", SOUND_EVENTS)
def test_no_second_of_a_rendition_is_silent(label: str) -> None:
    power = np.sqrt(np.mean(rendition(label, 5, 6).reshape(SECONDS, FS) ** 2, axis=1))
    assert power.min() > 0.003 * power.max()


def test_the_wearers_steps_keep_the_cadence_asked_for() -> None:
    for rate in (1.7, 2.6):
        wave = synthesise(
            "footsteps", np.random.default_rng(1), np.random.default_rng(2), 20 * FS, rate
        )
        envelope = np.mean(np.abs(wave).reshape(-1, 160), axis=1)
        spectrum = np.abs(np.fft.rfft(envelope - envelope.mean()))
        f = np.fft.rfftfreq(envelope.size, 0.01)
        band = (f > 1.0) & (f < 3.2)
        assert f[band][spectrum[band].argmax()] == pytest.approx(rate, abs=0.15)


def test_levelling_leaves_silence_alone() -> None:
    np.testing.assert_array_equal(normalise_level(np.zeros(FS, np.float32)), 0)


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(KeyError, match="gong"):
        synthesise("gong", np.random.default_rng(1), np.random.default_rng(2), FS)
