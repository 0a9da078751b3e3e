"""Frames and a featurizer whose features are the samples themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operators.windowing import Windower, WindowingConfig
from schemas import AudioFrame, ImuFrame, Modality, Vector, Window
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RATE = 8_000
IMU_RATE = 50.0
T0 = 1_772_438_400 * NS
CONFIG = WindowingConfig(spatial_s=1, har_s=2, scenario_s=4, allowed_lateness_s=2.0)


class Samples:
    """Features are the samples; counts its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Modality, int]] = []

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> dict[str, NDArray[Any]]:
        assert samples.dtype == np.float32
        self.calls.append(("audio", int(mask.sum())))
        return {"maps": samples[:, :, None], "mel": samples.T}

    def imu(
        self,
        values: NDArray[np.float32],
        rate: float,
        mask: NDArray[np.bool_],
        *,
        first_s: float,
        seconds: float,
    ) -> dict[str, NDArray[Any]]:
        assert abs(first_s) <= 0.5 / rate + 0.001
        assert seconds == 1
        self.calls.append(("imu", int(mask.sum())))
        return {"imu": values}


def audio_signal(samples: int) -> NDArray[np.int16]:
    """Values that half precision holds exactly and that differ from their neighbours."""
    return (1 + np.arange(samples) % 997).astype(np.int16)[:, None]


def imu_signal(samples: int) -> NDArray[np.float32]:
    return np.arange(samples * 6, dtype=np.float32).reshape(-1, 6)


def audio(
    seq: int, t_ns: int, samples: NDArray[np.int16], *, session: str = "s", final: bool = False
) -> AudioFrame:
    return AudioFrame(
        device_id="d",
        session_id=session,
        seq=seq,
        t_ns=t_ns,
        final=final,
        sample_rate=RATE,
        channels=1,
        codec="pcm_s16le",
        samples=samples.astype("<i2").tobytes(),
    )


def imu(
    seq: int,
    t_ns: int,
    values: NDArray[np.float32],
    *,
    session: str = "s",
    final: bool = False,
    alone: bool = False,
) -> ImuFrame:
    return ImuFrame(
        device_id="d",
        session_id=session,
        seq=seq,
        t_ns=t_ns,
        final=final,
        streams=["imu"] if alone else ["audio", "imu"],
        rate=IMU_RATE,
        acc=Vector.of(values[:, :3]),
        gyro=Vector.of(values[:, 3:]),
    )


def cut(total: int, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Cut `total` samples into pieces of the given sizes, the last size repeating."""
    pieces, at, turn = [], 0, 0
    while at < total:
        size = sizes[min(turn, len(sizes) - 1)]
        pieces.append((at, min(at + size, total)))
        at, turn = at + size, turn + 1
    return pieces


def audio_frames(start_ns: int, total: int, sizes: Sequence[int] = (RATE,)) -> list[AudioFrame]:
    signal = audio_signal(total)
    return [
        audio(seq, start_ns + low * NS // RATE, signal[low:high], final=high == total)
        for seq, (low, high) in enumerate(cut(total, sizes))
    ]


def imu_frames(start_ns: int, total: int, sizes: Sequence[int] = (50,)) -> list[ImuFrame]:
    signal = imu_signal(total)
    return [
        imu(seq, start_ns + round(low * NS / IMU_RATE), signal[low:high], final=high == total)
        for seq, (low, high) in enumerate(cut(total, sizes))
    ]


def windows_of(
    frames: Sequence[AudioFrame | ImuFrame], config: WindowingConfig = CONFIG
) -> list[Window]:
    windower: Windower[int] = Windower(config, Samples())
    found: list[Window] = []
    for token, frame in enumerate(frames):
        found += windower.push(frame, token).windows
    return found


def by_id(windows: Sequence[Window]) -> dict[str, Window]:
    assert len({w.window_id for w in windows}) == len(windows)
    return {w.window_id: w for w in windows}
