"""`audio.frames` and `imu.frames`: the input from wearables."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from numpy.typing import NDArray
from pydantic import Field, model_validator

from schemas.message import Message, SessionId, TimeNs
from schemas.position import Position
from schemas.vector import Vector

Modality = Literal["audio", "imu"]
MODALITIES: tuple[Modality, ...] = ("audio", "imu")
Codec = Literal["pcm_s16le", "flac"]

MAX_FRAME_S = 1.0
MAX_SAMPLE_BYTES = 900_000
NS = 1_000_000_000
# Above any measurement on a body, m/s² and rad/s: impacts reach a few thousand, the fastest
# gyroscopes 70. Larger values would make all results meaningless.
MAX_MOTION = 10_000.0


class Frame(Message):
    """Fields common to audio and motion frames.

    `t_ns` is the event time of the first sample (ns since the epoch). `seq` counts the frames of
    one stream of one session from 0. `streams` lists the modalities of the session, so that workers
    do not wait for a microphone that the device does not have. `final` marks the stream's last
    frame; only a final frame may have no samples. `position` is where on the body the device is
    worn from `t_ns` until the next position in a frame of the session.
    """

    session_id: SessionId
    seq: Annotated[int, Field(ge=0, lt=2**53)]
    t_ns: TimeNs
    streams: list[Modality] = Field(default=list(MODALITIES), min_length=1, max_length=2)
    final: bool = False
    position: Position | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields of the wire format.

        An absent position is omitted, so that workers of releases without positions can read the
        frame.
        """
        fields = super().fields()
        if self.position is None:
            del fields["position"]
        return fields


class AudioFrame(Frame):
    """At most one second of sound, interleaved when it has 2 or 4 channels."""

    TYPE: ClassVar[str] = "audio.frame"
    MAX_BYTES: ClassVar[int] = 1_000_000

    sample_rate: Annotated[int, Field(ge=8_000, le=48_000)]
    channels: Literal[1, 2, 4]
    codec: Codec
    samples: bytes = Field(max_length=MAX_SAMPLE_BYTES, repr=False)

    @model_validator(mode="after")
    def _samples_fit(self) -> AudioFrame:
        if not self.samples:
            if not self.final:
                raise ValueError("samples is empty; only a final frame may be")
            return self
        if self.codec == "pcm_s16le":
            count, rest = divmod(len(self.samples), 2 * self.channels)
            if rest:
                raise ValueError(
                    f"samples has {len(self.samples)} bytes, not a multiple of {2 * self.channels} "
                    f"({self.channels} channels of 2 bytes)"
                )
            if count > MAX_FRAME_S * self.sample_rate:
                raise ValueError(
                    f"samples last {count / self.sample_rate:.3f} s; at most {MAX_FRAME_S:.0f} s"
                )
        return self


class ImuFrame(Frame):
    """At most one second of motion: acc (n, 3) in m/s², gyro (n, 3) in rad/s, float32."""

    TYPE: ClassVar[str] = "imu.frame"
    MAX_BYTES: ClassVar[int] = 65_536

    rate: Annotated[float, Field(ge=10.0, le=800.0)]
    acc: Vector
    gyro: Vector

    @model_validator(mode="after")
    def _shapes_agree(self) -> ImuFrame:
        for name, vector, unit in (
            ("acc", self.acc, "m/s²"),
            ("gyro", self.gyro, "rad/s"),
        ):
            if vector.dtype != "<f4" or len(vector.shape) != 2 or vector.shape[1] != 3:
                raise ValueError(
                    f"{name} is {vector.dtype} of shape {vector.shape}; expected <f4 of shape [n, "
                    "3]"
                )
            largest = _largest(vector.array())
            if not largest < float("inf"):
                raise ValueError(f"{name} has values that are not finite numbers")
            if largest > MAX_MOTION:
                raise ValueError(
                    f"{name} has a value of {largest:.3g}; expected at most {MAX_MOTION:g} {unit}"
                )
        if self.acc.shape != self.gyro.shape:
            raise ValueError(f"acc has shape {self.acc.shape}, but gyro {self.gyro.shape}")
        if self.acc.shape[0] == 0 and not self.final:
            raise ValueError("acc is empty; only a final frame may be")
        if self.acc.shape[0] > MAX_FRAME_S * self.rate:
            raise ValueError(
                f"acc lasts {self.acc.shape[0] / self.rate:.3f} s; at most {MAX_FRAME_S:.0f} s"
            )
        return self


def _largest(array: NDArray[Any]) -> float:
    """Return the largest absolute value, 0 of none, NaN or infinite where one is."""
    import numpy as np

    return float(np.maximum.reduce(np.abs(array), axis=None)) if array.size else 0.0
