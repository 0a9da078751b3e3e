"""The front end of EfficientAT's published networks: log-mel of 128 bands every 10 ms."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchaudio.compliance.kaldi import get_mel_banks

from models.egolog.audio_tagger.input import HOP, MELS, RATE

N_FFT = 1024
WINDOW = 800
PRE_EMPHASIS = 0.97
MAX_HZ = 15_000.0
FLOOR = 1e-5
# AudioSet's approximate mean and spread, in nats, as the networks were trained.
MEAN, SPREAD = -4.5, 5.0


class TaggerLogMel(nn.Module):
    """Sound at 32 kHz to scaled log-mel; without parameters or state."""

    bank: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        # The last four are Kaldi's vocal tract length warping, which a factor of 1 turns off.
        bank, _ = get_mel_banks(MELS, N_FFT, float(RATE), 0.0, MAX_HZ, 100.0, -500.0, 1.0)
        # Kaldi's bank leaves out the Nyquist frequency.
        self.register_buffer("bank", nn.functional.pad(bank, (0, 1)), persistent=False)
        window = torch.hann_window(WINDOW, periodic=False)
        self.register_buffer("window", window, persistent=False)

    def power(self, wave: Tensor) -> Tensor:
        """(B, n) in [-1, 1] at 32 kHz, n a multiple of 320 -> power (B, 513, n/320)."""
        steep = wave[:, 1:] - PRE_EMPHASIS * wave[:, :-1]
        spectrum = torch.stft(
            steep, N_FFT, HOP, WINDOW, window=self.window, center=True, return_complex=True
        )
        return spectrum.real**2 + spectrum.imag**2

    def of_power(self, power: Tensor) -> Tensor:
        """Power (..., 513, T) -> log-mel (..., 128, T) as the networks take it."""
        return self.scaled(self.bank @ power)

    @staticmethod
    def scaled(power: Tensor) -> Tensor:
        """Mel power of any shape -> log-mel as the networks take it, -1.4 for silence."""
        return ((power + FLOOR).log() - MEAN) / SPREAD

    def forward(self, wave: Tensor) -> Tensor:
        """(B, n) in [-1, 1] at 32 kHz, n a multiple of 320 -> (B, 128, n/320)."""
        return self.of_power(self.power(wave))
