"""Decodes a frame's bytes to samples."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from operators.errors import CodecError
from schemas.frames import MAX_FRAME_S, AudioFrame, ImuFrame

if TYPE_CHECKING:
    from numpy.typing import NDArray


def audio_samples(frame: AudioFrame) -> NDArray[np.int16]:
    """Return the frame's samples, (n, channels) int16; raises `CodecError`."""
    if frame.codec == "pcm_s16le" or not frame.samples:
        return np.frombuffer(frame.samples, dtype="<i2").reshape(-1, frame.channels)
    try:
        with soundfile.SoundFile(io.BytesIO(frame.samples)) as flac:
            # The header's own length is checked before a sample is decoded: a few bytes of flac
            # can claim hours of silence.
            if flac.format != "FLAC" or flac.frames > MAX_FRAME_S * frame.sample_rate:
                raise CodecError(
                    f"audio frame samples are {flac.format} of {flac.frames} samples; "
                    f"expected flac of at most {MAX_FRAME_S:.0f} s at {frame.sample_rate} Hz"
                )
            if (flac.samplerate, flac.channels) != (frame.sample_rate, frame.channels):
                raise CodecError(
                    f"flac has {flac.samplerate} Hz and {flac.channels} channels, but the frame "
                    f"says {frame.sample_rate} Hz and {frame.channels}"
                )
            samples: NDArray[np.int16] = flac.read(dtype="int16", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise CodecError(f"audio frame samples are not flac: {error}") from error
    return samples


def imu_samples(frame: ImuFrame) -> NDArray[np.float32]:
    """Return the frame's motion, (n, 6) float32: acc in m/s², gyro in rad/s."""
    rows = np.empty((frame.acc.shape[0], 6), np.float32)
    rows[:, :3], rows[:, 3:] = frame.acc.array(), frame.gyro.array()
    return rows
