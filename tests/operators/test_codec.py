from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from operators.codec import audio_samples, imu_samples
from operators.errors import CodecError
from schemas import AudioFrame
from tests.operators.frames import imu

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 8_000
STEREO = np.array([[1, -2], [300, 32_767], [-32_768, 0]], dtype=np.int16)


def encode_samples(samples: NDArray[np.int16], rate: int = RATE, format_: str = "FLAC") -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=format_, subtype="PCM_16")
    return out.getvalue()


def frame(
    samples: bytes, codec: str = "flac", channels: int = 2, final: bool = False
) -> AudioFrame:
    return AudioFrame(
        device_id="d",
        session_id="s",
        seq=0,
        t_ns=0,
        final=final,
        sample_rate=RATE,
        channels=channels,  # type: ignore[arg-type]
        codec=codec,  # type: ignore[arg-type]
        samples=samples,
    )


def refusal(frame_: AudioFrame) -> str:
    with pytest.raises(CodecError) as caught:
        audio_samples(frame_)
    return str(caught.value)


@pytest.mark.parametrize(
    ("codec", "samples"),
    [("pcm_s16le", STEREO.astype("<i2").tobytes()), ("flac", encode_samples(STEREO))],
)
def test_samples_come_out_as_they_went_in(codec: str, samples: bytes) -> None:
    decoded = audio_samples(frame(samples, codec))
    assert decoded.dtype == np.int16
    np.testing.assert_array_equal(decoded, STEREO)


def test_one_channel_is_a_column_too() -> None:
    assert audio_samples(frame(encode_samples(STEREO[:, :1]), channels=1)).shape == (3, 1)


@pytest.mark.parametrize("codec", ["pcm_s16le", "flac"])
def test_a_final_frame_without_samples_has_none(codec: str) -> None:
    assert audio_samples(frame(b"", codec, final=True)).shape == (0, 2)


def test_a_whole_second_is_decoded_and_a_sample_more_is_refused() -> None:
    whole = np.zeros((RATE + 1, 2), dtype=np.int16)
    assert len(audio_samples(frame(encode_samples(whole[:RATE])))) == RATE
    assert refusal(frame(encode_samples(whole))) == (
        "audio frame samples are FLAC of 8001 samples; expected flac of at most 1 s at 8000 Hz"
    )


def test_another_container_is_refused() -> None:
    assert refusal(frame(encode_samples(STEREO, format_="WAV"))) == (
        "audio frame samples are WAV of 3 samples; expected flac of at most 1 s at 8000 Hz"
    )


@pytest.mark.parametrize(
    ("samples", "rate", "channels"), [(STEREO, 16_000, 2), (STEREO[:, :1], RATE, 1)]
)
def test_a_rate_or_a_number_of_channels_other_than_the_frames_is_refused(
    samples: NDArray[np.int16], rate: int, channels: int
) -> None:
    assert refusal(frame(encode_samples(samples, rate))) == (
        f"flac has {rate} Hz and {channels} channels, but the frame says 8000 Hz and 2"
    )


def test_bytes_that_are_not_flac_are_refused_with_the_librarys_reason() -> None:
    assert re.fullmatch("audio frame samples are not flac: .*[Ff]ormat.*", refusal(frame(b"x" * 9)))


def test_motion_is_acceleration_then_rotation() -> None:
    values = np.arange(12, dtype=np.float32).reshape(2, 6)
    decoded = imu_samples(imu(0, 0, values))
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded, values)
