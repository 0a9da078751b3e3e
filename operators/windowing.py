"""From frames to windows: event time, per device, audio and motion together.

The window of a kind that holds a sample is a function of the sample's own time. So the windows of
a recording are the same whatever the frame size, the replay speed or the interleaving of its two
streams, and the same after a crash: a frame's token is released only when every window that holds
its samples was handed out, and what was handed out is remembered in the checkpoint.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from operators.codec import audio_samples, imu_samples
from operators.device_sessions import DeviceSessions
from operators.grid import Grid
from operators.motion_slice import MotionSlice
from operators.slices import SliceBuffer
from operators.window_assembler import SpeechFilter, WindowAssembler
from operators.window_session import SliceBuffers
from operators.windowed import Windowed
from schemas.frames import NS, AudioFrame, ImuFrame, Modality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from operators.featurizer import Featurizer
    from operators.window_session import WindowSession
    from operators.windowed import Waiting
    from schemas.windows import WindowKind

TokenT = TypeVar("TokenT")


@dataclass(frozen=True)
class WindowingConfig:
    """Window lengths in whole seconds and the allowed lateness in seconds of event time.

    A session that holds more than `held_bytes_max` bytes stops waiting for a stream that is behind.
    `speech_filter` drops the sound features, or the whole window, where the featurizer detects
    speech.
    """

    spatial_s: int = 1
    har_s: int = 5
    scenario_s: int = 30
    allowed_lateness_s: float = 2.0
    held_bytes_max: int = 64_000_000
    speech_filter: SpeechFilter = "off"

    @property
    def lengths_ns(self) -> dict[WindowKind, int]:
        """Window length in ns by kind, shortest first: the order in which windows are emitted."""
        return {
            "spatial": self.spatial_s * NS,
            "har": self.har_s * NS,
            "scenario": self.scenario_s * NS,
        }

    @property
    def slice_ns(self) -> int:
        """One second, which tiles every window: the span on which features are computed."""
        return NS


class Windower(Generic[TokenT]):
    """The windowing operator over all devices of the assigned partitions.

    `push` takes a frame and an opaque token that comes back in `Windowed.released` once the frame
    is no longer needed. It uses event time only: the engine, which alone knows whether the topic
    was read to its end, reports silent streams by `give_up`.
    """

    def __init__(self, config: WindowingConfig, featurizer: Featurizer) -> None:
        self._lateness_ns = round(config.allowed_lateness_s * NS)
        self._held_bytes_max = config.held_bytes_max
        self._lengths = config.lengths_ns
        self._slice_ns = config.slice_ns
        self._assembler = WindowAssembler[TokenT](
            featurizer, self._lengths, self._slice_ns, config.speech_filter
        )
        self._devices: dict[str, DeviceSessions[TokenT]] = {}

    def _new_device(self, device_id: str) -> DeviceSessions[TokenT]:
        return DeviceSessions(device_id, self._lateness_ns)

    def knows(self, device_id: str) -> bool:
        """Return whether this device's checkpoint was restored or found absent."""
        return device_id in self._devices

    def knows_session(self, device_id: str, session_id: str) -> bool:
        """Return whether a device's session is known."""
        return any(each.session_id == session_id for each in self._devices.get(device_id, ()))

    def sessions(self, device_id: str) -> set[str]:
        """Return the names of a device's known sessions."""
        return {session.name for session in self._devices.get(device_id, ())}

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        """Restore a device from its checkpoint; None for a device without one."""
        self._devices[device_id] = self._new_device(device_id)
        self._devices[device_id].restore(checkpoint)

    def snapshot(self, device_id: str) -> bytes:
        """Return the checkpoint of a device: up to where its windows were emitted."""
        return self._devices[device_id].snapshot()

    def forget(self) -> None:
        """Drop all state, after the partitions were revoked; they will be read again."""
        self._devices.clear()

    def at_rest(self) -> Iterator[str]:
        """Yield the devices without held tokens, whose checkpoint is their complete state."""
        for device_id, device in self._devices.items():
            if not any(session.holds for session in device):
                yield device_id

    def forget_device(self, device_id: str) -> None:
        """Drop the state of a device at rest, until it is restored."""
        self._devices.pop(device_id, None)

    def push(self, frame: AudioFrame | ImuFrame, token: TokenT) -> Windowed[TokenT]:
        """Process one frame; raises `OperatorError`, with the state unchanged, if it is invalid."""
        out: Windowed[TokenT] = Windowed()
        device = self._devices.get(frame.device_id)
        if device is None:
            device = self._devices[frame.device_id] = self._new_device(frame.device_id)
        modality, rate, samples = _sampled(frame)
        session = device.of(frame, modality)
        session.check_format(modality, (rate, samples.shape[1]))
        grid = session.grids.get(modality)
        if grid is None:
            grid = session.grids[modality] = Grid.of(rate)
        session.declare(frame, modality)
        track = session.tracks[modality]
        number = grid.number(frame.t_ns)
        end_ns = frame.t_ns + round(len(samples) * NS / rate)

        verdict = track.judge(frame.seq, frame.t_ns, max(self._lateness_ns, NS))
        if verdict == "clock_reset":
            out.counts["resets", modality] += 1
            session = device.next_epoch(session)
            session.grids[modality] = grid
            session.declare(frame, modality)
            track = session.tracks[modality]
            session.formats[modality] = (rate, samples.shape[1])
        elif verdict != "duplicate" and track.ended_by_later:
            session.go_on_beside_later(modality, end_ns)
        if verdict == "sequence_reset":
            out.counts["resets", modality] += 1
            track.restart_sequence()

        if verdict == "duplicate":
            out.counts["duplicates", modality] += 1
        else:
            session.first_frames.setdefault(modality, (frame.seq, frame.t_ns))
            if frame.position is not None:
                session.positions.declare(frame.t_ns, frame.position)
            for earlier in device.ended_by(session, modality, frame.t_ns):
                self._advance(earlier, out)
            if track.final and frame.seq > track.newest_seq and len(samples):
                session.go_on(frame.t_ns)
            track.accept(frame.seq, frame.t_ns, end_ns)
            self._place(session, modality, frame, number, samples, out)
        track.final = track.final or (frame.final and end_ns > session.went_on_ns)
        session.hold(end_ns, token, out)
        self._advance(session, out)
        if session.held_bytes > self._held_bytes_max:
            self._give_up_behind(session, modality, out)
        return out

    def waiting(self) -> Iterator[Waiting]:
        """Yield the sessions that hold tokens, with the modalities that are behind."""
        for device in self._devices.values():
            for session in device:
                waiting = session.waiting()
                if waiting is not None:
                    yield waiting

    def give_up(
        self, device_id: str, session: str, modalities: tuple[Modality, ...]
    ) -> Windowed[TokenT]:
        """Stop waiting for silent modalities of a session, until their next frame."""
        out: Windowed[TokenT] = Windowed()
        for candidate in self._devices.get(device_id, ()):
            if candidate.name == session:
                for modality in modalities:
                    candidate.tracks[modality].given_up = True
                self._advance(candidate, out)
        return out

    def _give_up_behind(
        self, session: WindowSession[TokenT], ahead: Modality, out: Windowed[TokenT]
    ) -> None:
        """Stop waiting for the streams behind, because the others' samples fill the memory."""
        newest = session.tracks[ahead].newest_ns or 0
        for modality, track in session.live.items():
            if modality != ahead and (track.newest_ns or 0) < newest:
                track.given_up = True
                out.counts["given_up", modality] += 1
        self._advance(session, out)

    def _place(
        self,
        session: WindowSession[TokenT],
        modality: Modality,
        frame: AudioFrame | ImuFrame,
        number: int,
        samples: NDArray[Any],
        out: Windowed[TokenT],
    ) -> None:
        grid = session.grids[modality]
        late = min(max(grid.number(session.closed_ns) - number, 0), len(samples))
        if late:
            again = min(max(grid.number(session.restored_ns) - number, 0), late)
            out.counts += Counter(
                {("reread_samples", modality): again, ("late_samples", modality): late - again}
            )
        position, stop = number + late, number + len(samples)
        while position < stop:
            index = grid.time_ns(position) // self._slice_ns
            # The next slice's first sample may lie before its start.
            if position >= grid.number((index + 1) * self._slice_ns):
                index += 1
            buffers = self._buffers(session, index)
            start_ns, end_ns = index * self._slice_ns, (index + 1) * self._slice_ns
            end = min(grid.number(end_ns), stop)
            part = samples[position - number : end - number]
            session.sample_bytes += part.nbytes
            buffers.nbytes += part.nbytes
            if modality == "audio":
                if buffers.audio is None:
                    buffers.audio = SliceBuffer(grid, start_ns, end_ns, samples)
                placed = buffers.audio.place(position, part)
                if placed < len(part):
                    out.counts["overlaps", modality] += len(part) - placed
            else:
                if buffers.imu is None:
                    buffers.imu = MotionSlice(grid, start_ns, end_ns)
                t_ns = frame.t_ns + grid.lasts_ns(position - number)
                buffers.imu.add(position, t_ns, frame.seq, part)
            position = end

    def _buffers(self, session: WindowSession[TokenT], index: int) -> SliceBuffers:
        """Return the buffers of a slice; a new one's windows end once the watermark passes them."""
        if index not in session.buffers:
            session.buffers[index] = SliceBuffers()
            for rank, (kind, length) in enumerate(self._lengths.items()):
                window = index * self._slice_ns // length
                if window not in session.pending.setdefault(kind, set()):
                    session.pending[kind].add(window)
                    heappush(session.ends, ((window + 1) * length, rank, kind, window))
        return session.buffers[index]

    def _advance(self, session: WindowSession[TokenT], out: Windowed[TokenT]) -> None:
        """Emit every window that ends by the watermark, in order of end."""
        watermark = session.advance_watermark(self._lateness_ns)
        closed_ns = session.closed_ns
        while session.ends and (watermark is None or session.ends[0][0] <= watermark):
            end_ns, _, kind, index = heappop(session.ends)
            closed_ns = max(closed_ns, end_ns)
            session.pending[kind].discard(index)
            self._assembler.hand_out(session, kind, index, out)
            if kind == "scenario":
                session.floor_ns = max(session.floor_ns, end_ns)
                out.checkpoints[session.device_id] = self.snapshot(session.device_id)
        if watermark is None:
            session.closed_ns = closed_ns
            for track in session.tracks.values():
                track.forget_old_frames()
        else:
            session.closed_ns = max(session.closed_ns, watermark // self._slice_ns * self._slice_ns)
        session.release(watermark is None, out)


def _sampled(frame: AudioFrame | ImuFrame) -> tuple[Modality, float, NDArray[Any]]:
    """Return a frame's modality, rate in Hz and samples; raises `CodecError`."""
    if isinstance(frame, AudioFrame):
        return "audio", float(frame.sample_rate), audio_samples(frame)
    return "imu", frame.rate, imu_samples(frame)
