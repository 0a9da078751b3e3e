"""Every message of every topic, and frames on their way through the windower."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from hypothesis import HealthCheck, given, seed, settings

from models.features import Features
from operators.codec import audio_samples, imu_samples
from operators.errors import OperatorError
from operators.windowing import Windower, WindowingConfig
from schemas import AudioFrame, ImuFrame, Message, SchemaError, Vector
from tests.fuzz.mutation import damage, damage_and_reseal
from tests.fuzz.trial import Target
from tests.schemas.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

_EXAMPLES = 20
# Windows take a thousand times longer than messages.
_WINDOWER_WEIGHT = 0.1
_CONFIG = WindowingConfig(1, 5, 30, 2.0)


def message_targets() -> list[Target]:
    """Return a target for each kind of message, and the windower."""
    return [
        *(
            Target(kind.TYPE, examples(kind), _mutate, _reader(kind), (SchemaError, OperatorError))
            for kind in MESSAGES
        ),
        Target(
            "windower",
            [*examples(ImuFrame), *examples(AudioFrame)],
            damage_and_reseal,
            _through_windower,
            (SchemaError, OperatorError),
            _WINDOWER_WEIGHT,
        ),
    ]


def examples(kind: type[Message]) -> list[bytes]:
    """Return the bytes of some good messages of a kind."""
    encoded: list[bytes] = []

    @seed(0)
    @settings(
        max_examples=_EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(MESSAGES[kind])
    def collect(message: Message) -> None:
        encoded.append(message.encode())

    collect()
    return encoded + (_flac_frames() if kind is AudioFrame else [])


def _mutate(data: bytes, good: Sequence[bytes], chance: Random) -> bytes:
    return (
        damage(data, good, chance)
        if chance.random() < 0.3
        else damage_and_reseal(data, good, chance)
    )


def _reader(kind: type[Message]) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        message = kind.decode(data)
        if isinstance(message, AudioFrame):
            return audio_samples(message)
        if isinstance(message, ImuFrame):
            return imu_samples(message)
        for value in dict(message).values():
            for each in value.values() if isinstance(value, dict) else [value]:
                if isinstance(each, Vector):
                    each.array()
        # What is read can be written, compared and shown.
        return message.encode(), repr(message)

    return read


def _flac_frames() -> list[bytes]:
    frames = []
    for channels in (1, 2):
        file = io.BytesIO()
        tone = np.sin(np.arange(8_000) / 9.0)[:, None].repeat(channels, axis=1)
        soundfile.write(file, tone, 8_000, format="FLAC")
        frames.append(
            AudioFrame(
                device_id="d",
                session_id="s",
                seq=0,
                t_ns=1_772_438_400_000_000_000,
                streams=["audio"],
                final=False,
                sample_rate=8_000,
                channels=1 if channels == 1 else 2,
                codec="flac",
                samples=file.getvalue(),
            ).encode()
        )
    return frames


def _through_windower(data: bytes) -> object:
    frame = (ImuFrame if b"imu.frame" in data[:32] else AudioFrame).decode(data)
    windower: Windower[int] = Windower(_CONFIG, Features())
    pushed = windower.push(frame, 0).windows
    given_up = [
        windower.give_up(each.device_id, each.session_id, each.silent).windows
        for each in list(windower.waiting())
    ]
    snapshot = windower.snapshot(frame.device_id)
    Windower(_CONFIG, Features()).restore(frame.device_id, snapshot)
    return pushed, given_up
