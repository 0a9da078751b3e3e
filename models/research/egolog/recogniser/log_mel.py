"""The log-mel of `models.features.Features` for batches on any device; used in training only."""

from __future__ import annotations

import torch
from scipy import signal
from torch import Tensor, nn

from models.features import FeatureConfig
from models.research.egolog.audio.mel_bank import mel_bank


class LogMel(nn.Module):
    """Sound at 16 kHz to log-mel; has no parameters."""

    window: Tensor
    bank: Tensor

    def __init__(self, config: FeatureConfig | None = None) -> None:
        super().__init__()
        config = FeatureConfig() if config is None else config
        self.config = config
        window = torch.from_numpy(signal.get_window("hann", config.n_fft)).float()
        self.register_buffer("window", window / window.square().sum().sqrt(), persistent=False)
        self.register_buffer("bank", mel_bank(config), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """(B, n), n a whole number of seconds -> (B, T, 64), each second separately."""
        config = self.config
        pad = (config.n_fft - config.hop) // 2
        seconds = wave.reshape(-1, 1, config.sample_rate)
        padded = nn.functional.pad(seconds, (pad, pad), mode="reflect")[:, 0]
        spectra = torch.fft.rfft(padded.unfold(1, config.n_fft, config.hop) * self.window)
        power = (spectra.real**2 + spectra.imag**2) @ self.bank  # (B·S, 50, 64)
        return torch.log1p(power / config.floor).reshape(len(wave), -1, config.mels)
