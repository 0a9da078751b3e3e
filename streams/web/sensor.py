"""A phone's browser as a device: frames over a WebSocket into the topics.

Each binary message is one frame: the length of its head in four bytes, little endian; the head,
JSON (`Head`); then the samples, 16 bit interleaved sound, or rows of six float32 of motion (m/s²,
rad/s). The response is `{"ack": [kind, seq]}` once the broker has the frame, or `{"refused": [kind,
seq, why]}` if it is rejected; the device sends a frame without a response again. The response to
the text `{"ping": t}` is `{"pong": t, "at": T}`, ms since the epoch, to estimate the offset of the
device's clock.
"""

from __future__ import annotations

import json
import logging
import struct
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra import clock, topics
from infra.errors import InfraError
from infra.validation import first_problem
from schemas import AudioFrame, ImuFrame, Vector
from schemas.event_time import NS_PER_MS, why_refused
from schemas.position import Position
from streams.web.guard import NotReadyError
from streams.web.writing import WriteRefusedError, require_own_origin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from schemas import Frame

log = logging.getLogger(__name__)

_AXES = 6
_HEARTBEAT_S = 20.0
# The largest frame is a second of two channels at 48 kHz.
_MAX_BYTES = 1_000_000


class Head(BaseModel):
    """The head of a frame; `t_ms` is the event time of the first sample, ms since the epoch."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["audio", "imu"]
    device: str
    session: str
    seq: int
    t_ms: float = Field(ge=0, allow_inf_nan=False)
    rate: float
    channels: Literal[1, 2] = 1
    streams: list[Literal["audio", "imu"]]
    final: bool = False
    position: Position | None = None


class SensorViews:
    """The handler; `publish` returns once the broker has the frame."""

    def __init__(self, publish: Callable[[str, Frame], Awaitable[None]] | None) -> None:
        self._publish = publish
        self._failed = ""

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Receive frames until the device disconnects."""
        require_own_origin(request)
        if self._publish is None:
            raise NotReadyError("this worker has no broker to publish frames to")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_MAX_BYTES)
        if not socket.can_prepare(request):
            raise WriteRefusedError(426, "this address is a WebSocket's")
        await socket.prepare(request)
        try:
            await self._serve(socket)
        except InfraError as failed:
            # The device keeps what was not confirmed, and connects again every few seconds.
            log.log(logging.DEBUG if str(failed) == self._failed else logging.ERROR, "%s", failed)
            self._failed = str(failed)
            await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=b"the broker refuses")
        return socket

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type == WSMsgType.BINARY:
                await socket.send_str(json.dumps(await self._take(message.data)))
            elif message.type == WSMsgType.TEXT:
                answer = _pong(message.data)
                if answer is not None:
                    await socket.send_str(json.dumps(answer))

    async def _take(self, data: bytes) -> dict[str, Any]:
        assert self._publish is not None  # noqa: S101 - narrows a type, checks nothing
        try:
            head, samples = parted(data)
        except ValueError as error:
            return {"refused": ["", -1, str(error)]}
        try:
            topic, frame = frame_of(head, samples)
        except ValueError as error:
            return {"refused": [head.kind, head.seq, str(error)]}
        await self._publish(topic, frame)
        return {"ack": [head.kind, head.seq]}


def parted(data: bytes) -> tuple[Head, bytes]:
    """Return a message's head and samples; raises `ValueError` with the reason."""
    if len(data) < 4:
        raise ValueError(f"message has {len(data)} bytes; expected a head")
    (size,) = struct.unpack_from("<I", data)
    if size > len(data) - 4:
        raise ValueError(f"head has {size} bytes; the message has {len(data) - 4} after its length")
    try:
        return Head.model_validate_json(data[4 : 4 + size]), data[4 + size :]
    except ValidationError as error:
        raise ValueError(first_problem(error)) from error


def frame_of(head: Head, samples: bytes, now_ns: int | None = None) -> tuple[str, Frame]:
    """Return the frame of a head and samples, and its topic; raises `ValueError`."""
    t_ns = round(head.t_ms * NS_PER_MS)
    why = why_refused(t_ns, clock.now_ns() if now_ns is None else now_ns, "set the phone's clock")
    if why is not None:
        raise ValueError(f"the frame {why}")
    common: dict[str, Any] = {
        "device_id": head.device,
        "session_id": head.session,
        "seq": head.seq,
        "t_ns": t_ns,
        "streams": head.streams,
        "final": head.final,
        "position": head.position,
    }
    try:
        if head.kind == "audio":
            return topics.AUDIO_FRAMES, AudioFrame(
                **common,
                sample_rate=round(head.rate),
                channels=head.channels,
                codec="pcm_s16le",
                samples=samples,
            )
        if len(samples) % (4 * _AXES):
            raise ValueError(f"motion has {len(samples)} bytes; expected rows of {4 * _AXES}")
        rows = np.frombuffer(samples, "<f4").reshape(-1, _AXES)
        return topics.IMU_FRAMES, ImuFrame(
            **common, rate=head.rate, acc=Vector.of(rows[:, :3]), gyro=Vector.of(rows[:, 3:])
        )
    except ValidationError as error:
        raise ValueError(first_problem(error)) from error


def _pong(text: str) -> dict[str, Any] | None:
    try:
        sent = json.loads(text)["ping"]
    except (ValueError, TypeError, KeyError):
        return None
    return {"pong": sent, "at": clock.now_ns() / NS_PER_MS}
