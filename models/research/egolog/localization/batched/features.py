"""The features of sound in torch, for training on rendered batches."""

from __future__ import annotations

import torch
from torch import Tensor

from models.features import FeatureConfig
from models.research.egolog.audio.mel_bank import mel_bank


class BatchedFeatures:
    """`models.features.Features.audio` of whole seconds of two channels, in torch."""

    def __init__(self, device: str) -> None:
        self.config = config = FeatureConfig()
        window = torch.hann_window(config.n_fft, periodic=True, dtype=torch.float64)
        self.window = (window / window.square().sum().sqrt()).float().to(device)
        self.bank = mel_bank(config).float().to(device)
        lags = torch.arange(-(config.lags // 2), config.lags - config.lags // 2)
        self.lags = (lags % (config.lag_steps * config.n_fft)).to(device)

    def __call__(self, samples: Tensor) -> Tensor:
        """(N, 2, 16000) -> (N, 3, 50, 64) float16."""
        config = self.config
        pad = (config.n_fft - config.hop) // 2
        padded = torch.nn.functional.pad(samples, (pad, pad), mode="reflect")
        spectra = torch.fft.rfft(padded.unfold(2, config.n_fft, config.hop) * self.window)
        power = spectra.real.square() + spectra.imag.square()  # (N, 2, 50, F)
        mel = torch.log1p((power @ self.bank) / config.floor)
        phases = spectra / (power + 1e-12).sqrt()
        cross = phases[:, 0] * phases[:, 1].conj()
        steps = config.lag_steps
        correlation = torch.fft.irfft(cross, steps * config.n_fft)[..., self.lags] * steps
        return torch.cat([mel, correlation[:, None]], dim=1).half()
