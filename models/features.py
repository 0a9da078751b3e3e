"""Features of one slice of sound or motion (EgoLog §4.2.1): log-mel, GCC-PHAT and 50 Hz IMU.

A slice's features depend on that slice only: frames are padded inside it, no state is carried over,
and every sum runs in a fixed order on one thread. So a window's features are bit-equal whether they
are computed live, in a replay or alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, sparse

from models.network.interpolation import cubic, fill_short_holes, interpolate_gaps, moving_mean
from models.network.polyphase import hann
from models.network.resampling import resample

Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]
MIN_RATE = 8_000
MAX_RATE = 192_000
IMU_CHANNELS = 6


class FeatureError(ValueError):
    """A slice has an unsupported shape, rate or length."""


@dataclass(frozen=True)
class FeatureConfig:
    """Parameters shared by training and inference; changing one invalidates the weights."""

    sample_rate: int = 16_000
    mels: int = 64
    n_fft: int = 512
    hop: int = 320
    f_min_hz: float = 20.0
    lags: int = 64
    # Lags per sample.
    lag_steps: int = 2
    # Below the noise of 16-bit sound, so that a hole (exactly 0) differs from quiet.
    floor: float = 1e-10
    max_hole_s: float = 0.005
    imu_rate: int = 50


MEL_BANK = "mel_bank.npz"
"""The mel filter bank `bank` (F, M) of `FeatureConfig()`, stored with the weights.

`models.research.egolog.audio.mel_bank` makes it by torchaudio, which takes half a second to import.
"""


class Features:
    """Computes features of slices; stateless, so threads may share it.

    `mask` is True where a sample arrived. Holes of up to 5 ms of sound are interpolated, longer
    ones become silence; holes of motion are interpolated, or held at the slice's ends.
    """

    def __init__(self, config: FeatureConfig = FeatureConfig()) -> None:
        self.config = config
        window = hann(config.n_fft, periodic=True)
        # Normalised by its energy, the window makes power independent of n_fft.
        self._window = (window / np.sqrt(np.sum(window**2))).astype(np.float32)
        # A sparse product adds in a fixed order; that of BLAS depends on the number of threads.
        self._bank = sparse.csr_array(_mel_bank(config).T)
        self._lags = np.arange(-(config.lags // 2), config.lags - config.lags // 2)

    def audio(self, samples: Float32, rate: int, mask: Mask) -> dict[str, NDArray[np.float16]]:
        """Return `maps` (M, T, 64) and `mel` (T, 64) float16 of a slice; T is 50 for 1 s.

        Args:
            samples: (C, n) in [-1, 1]; C is 1, 2 or 4.
            rate: samples a second, 8 kHz to 192 kHz; other than 16 kHz is resampled.
            mask: (n,), True where a sample arrived.

        M is C log-mel spectrograms and then one GCC-PHAT for each pair of channels, in the order
        (0,1), (0,2), ...: 1, 3 or 10. Column j of a GCC map is the lag (j - 32)/2 in samples at
        16 kHz, ±1 ms in all, which spans any head; half samples resolve what a small turn of the
        head changes. A positive lag says that the pair's first channel hears the sound later.
        Log-mel is in nats above the floor of 1e-10, so 0 is silence and a slice that never came,
        filled with zeros, is silence too. `mel` is that of the mean mel power over the channels.

        Raises `FeatureError` where shapes, the rate or the length do not fit.
        """
        self._check_audio(samples, rate, mask)
        filled = fill_short_holes(samples, mask, int(self.config.max_hole_s * rate))
        spectra = self._spectra(resample(filled, rate, self.config.sample_rate))  # (C, T, F)
        power = spectra.real**2 + spectra.imag**2
        mel = self._mel(power)  # (C, T, 64)
        maps = [self._log(mel)]
        pairs = list(combinations(range(len(mel)), 2))
        if pairs:
            maps.append(self._gcc(spectra, power, pairs))  # (P, T, 64)
        mean = mel.mean(axis=0, dtype=np.float32)
        return {
            "maps": np.concatenate(maps).astype(np.float16),
            "mel": self._log(mean).astype(np.float16),
        }

    def imu(
        self,
        values: Float32,
        rate: float,
        mask: Mask,
        *,
        first_s: float = 0.0,
        seconds: float | None = None,
    ) -> dict[str, Float32]:
        """Return `imu` (N, 6) float32 at 50 Hz of a slice; N is 50 for each of its seconds.

        Args:
            values: (n, 6), acc in m/s² and gyro in rad/s; rows not in `mask` are ignored.
            rate: rows a second.
            mask: (n,), True where a row arrived; at least one must have.
            first_s: when the first row was taken, after the slice's start (below 0: before it).
            seconds: length of the slice; n / rate where it is not given.

        Row i of the output is the motion at i / 50 s, by cubic interpolation; rows at 50 Hz are
        taken as they are. Rates above 50 Hz are averaged over the output's sampling interval first,
        which keeps vibration from folding down into the gait's band.
        """
        if values.ndim != 2 or values.shape[1] != IMU_CHANNELS or mask.shape != values.shape[:1]:
            raise FeatureError(
                f"imu slice has shape {values.shape} and mask {mask.shape}; expected (n, 6) and "
                "(n,)"
            )
        if not rate > 0:
            raise FeatureError(f"imu rate is {rate}; expected more than 0 Hz")
        if not mask.any():
            raise FeatureError("imu slice has no row that arrived; expected at least one")
        lasts_s = len(values) / rate if seconds is None else seconds
        count = round(lasts_s * self.config.imu_rate)
        if rate == self.config.imu_rate and len(values) == count and mask.all():
            # Equal to the interpolation below, which never gives a negative zero.
            return {"imu": values.astype(np.float32) + np.float32(0.0)}
        width = int(rate // self.config.imu_rate)
        grid = np.arange(count, dtype=np.float64)
        if rate != self.config.imu_rate:
            # The mean of an even number of rows lies between two.
            between = 0.5 if width > 0 and width % 2 == 0 else 0.0
            grid = (grid / self.config.imu_rate - first_s) * rate - between
        rows = interpolate_gaps(values, mask)
        if width > 1:
            rows = moving_mean(rows, width)
        return {"imu": cubic(rows, grid).astype(np.float32)}

    def _check_audio(self, samples: Float32, rate: int, mask: Mask) -> None:
        if samples.ndim != 2 or samples.shape[0] not in (1, 2, 4):
            raise FeatureError(f"audio slice has shape {samples.shape}; expected (1, 2 or 4, n)")
        if mask.shape != samples.shape[1:]:
            raise FeatureError(f"audio mask has shape {mask.shape}; expected {samples.shape[1:]}")
        if not MIN_RATE <= rate <= MAX_RATE:
            raise FeatureError(f"audio rate is {rate}; expected {MIN_RATE} to {MAX_RATE} Hz")
        frames_a_second = self.config.sample_rate // self.config.hop
        if samples.shape[1] == 0 or samples.shape[1] * frames_a_second % rate:
            raise FeatureError(
                f"audio slice has {samples.shape[1]} samples at {rate} Hz; "
                f"expected a whole number of {1000 // frames_a_second} ms frames"
            )

    def _spectra(self, samples: Float32) -> NDArray[np.complex64]:
        """(C, T·hop) -> (C, T, n_fft/2 + 1)."""
        frames = _frames(samples, self.config.n_fft, self.config.hop)
        spectra: NDArray[np.complex64] = fft.rfft(frames * self._window, axis=2, overwrite_x=True)
        return spectra

    def _mel(self, power: Float32) -> Float32:
        """(C, T, F) -> (C, T, 64)."""
        channels, frames, bins = power.shape
        flat = self._bank @ power.reshape(channels * frames, bins).T  # (64, C·T)
        mel: Float32 = flat.T.reshape(channels, frames, self.config.mels)
        return mel

    def _log(self, power: Float32) -> Float32:
        # `log1p` takes four times as long, for digits that float16 drops.
        above: Float32 = np.log(power / np.float32(self.config.floor) + np.float32(1.0))
        return above

    def _gcc(
        self, spectra: NDArray[np.complex64], power: Float32, pairs: list[tuple[int, int]]
    ) -> Float32:
        """Generalised cross-correlation with phase transform: (C, T, F) -> (P, T, 64)."""
        # Real products, because numpy's complex division is several times slower.
        scale = power + np.float32(1e-12)
        np.sqrt(scale, out=scale)
        np.divide(np.float32(1.0), scale, out=scale)
        real, imaginary = spectra.real * scale, spectra.imag * scale
        # Zeros above the Nyquist frequency interpolate between whole samples of lag.
        steps = self.config.lag_steps
        cross = np.empty((len(pairs), *power.shape[1:]), np.complex64)  # (P, T, F)
        for row, (a, b) in enumerate(pairs):
            np.multiply(real[a], real[b], out=scale[0])
            np.multiply(imaginary[a], imaginary[b], out=scale[1])
            np.add(scale[0], scale[1], out=cross[row].real)
            np.multiply(imaginary[a], real[b], out=scale[0])
            np.multiply(real[a], imaginary[b], out=scale[1])
            np.subtract(scale[0], scale[1], out=cross[row].imag)
        correlation = fft.irfft(cross, n=steps * self.config.n_fft, axis=2)
        out: Float32 = correlation[:, :, self._lags] * np.float32(steps)
        return out


def _mel_bank(config: FeatureConfig) -> Float32:
    with (files("models") / "weights" / MEL_BANK).open("rb") as file, np.load(file) as arrays:
        bank: Float32 = arrays["bank"]
    if bank.shape != (config.n_fft // 2 + 1, config.mels):
        raise FeatureError(
            f"the mel filter bank has shape {bank.shape}; expected "
            f"{(config.n_fft // 2 + 1, config.mels)}: "
            "python -m models.research.egolog.audio.mel_bank"
        )
    return bank


def _frames(samples: Float32, length: int, hop: int) -> Float32:
    """(C, T·hop) -> a view (C, T, length) of frames around each hop, mirrored at both ends."""
    pad, count = (length - hop) // 2, samples.shape[1]
    padded = np.empty((len(samples), count + 2 * pad), dtype=np.float32)
    padded[:, pad : pad + count] = samples
    padded[:, :pad] = samples[:, pad:0:-1]
    padded[:, pad + count :] = samples[:, -2 : -2 - pad : -1]
    # The checks of `sliding_window_view` take twice as long as windowing the spectra.
    channel_bytes, sample_bytes = padded.strides
    return np.lib.stride_tricks.as_strided(
        padded,
        (len(samples), count // hop, length),
        (channel_bytes, hop * sample_bytes, sample_bytes),
        writeable=False,
    )
