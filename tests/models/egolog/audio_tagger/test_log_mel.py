from __future__ import annotations

import numpy as np
import torch

from models.egolog.audio_tagger.log_mel import MELS, RATE, TaggerLogMel


def reference(wave: np.ndarray) -> np.ndarray:
    """The published formula in float64: (n,) at 32 kHz -> (128, n/320).

    Pre-emphasis of 0.97; a symmetric Hann window of 25 ms each 10 ms, centred, in 1,024 points;
    Kaldi's 128 triangles from 0 to 15 kHz on 1127·ln(1 + f/700); (ln(power + 1e-5) + 4.5)/5.
    """
    steep = wave[1:] - 0.97 * wave[:-1]
    padded = np.pad(steep, 512, mode="reflect")
    window = np.zeros(1024)
    window[112:912] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(800) / 799)
    frames = np.stack([padded[at : at + 1024] * window for at in range(0, len(steep), 320)])
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2  # (T, 513)

    def mel(hz: np.ndarray | float) -> np.ndarray:
        return 1127.0 * np.log(1.0 + np.asarray(hz) / 700.0)

    edges = np.linspace(mel(0.0), mel(15_000.0), 130)
    at = mel(np.arange(513) * 32_000 / 1024)
    rising = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    bank = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray((np.log(bank @ power.T + 1e-5) + 4.5) / 5.0)


def test_the_front_end_is_the_published_formula() -> None:
    rng = np.random.default_rng(0)
    t = np.arange(RATE) / RATE
    wave = 0.3 * np.sin(2 * np.pi * 440 * t) + 0.05 * rng.standard_normal(RATE) * (t > 0.4)
    mel = TaggerLogMel()(torch.from_numpy(wave.astype(np.float32))[None])[0]
    assert mel.shape == (MELS, 100)
    np.testing.assert_allclose(mel.numpy(), reference(wave.astype(np.float32)), atol=2e-4)


def test_silence_is_the_lowest_value() -> None:
    mel = TaggerLogMel()(torch.zeros(1, RATE))
    assert torch.allclose(mel, torch.full_like(mel, (np.log(1e-5) + 4.5) / 5.0))


def test_a_tone_lies_in_its_band() -> None:
    t = torch.arange(RATE) / RATE
    low, high = (TaggerLogMel()(torch.sin(2 * torch.pi * hz * t)[None])[0] for hz in (300, 6_000))
    assert low.mean(1).argmax() < 25
    assert 75 < high.mean(1).argmax() < 110
