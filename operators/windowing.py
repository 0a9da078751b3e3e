"""From frames to windows: event time, per device, audio and motion together.

The window of a kind that holds a sample is a function of the sample's own time. So the windows of
a recording are the same whatever the frame size, the replay speed or the interleaving of its two
streams, and the same after a crash: a frame's token is released only when every window that holds
its samples was handed out, and what was handed out is remembered in the checkpoint.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import msgpack
import numpy as np
from numpy.typing import NDArray

from operators.codec import audio_samples, imu_samples
from operators.errors import FormatChangeError, SessionEndedError
from operators.grid import Grid
from operators.motion_slice import MotionSlice
from operators.said_positions import SaidPositions
from operators.slices import SliceBuffer
from operators.track import Track
from schemas.frames import MODALITIES, NS, AudioFrame, ImuFrame, Modality
from schemas.vector import Vector
from schemas.windows import Window, WindowKind, window_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TokenT = TypeVar("TokenT")
Features = dict[str, NDArray[Any]]

_INT16_FULL_SCALE = np.float32(32_768)
# Sessions whose floor is kept in a checkpoint; a device that restarts more often than this
# between two crashes would publish its oldest windows once more.
_REMEMBERED_SESSIONS = 8
# Beyond this much event time without a frame a session is over where the device has begun another;
# two that are closer are logged side by side.
_OVERLAP_NS = 30 * NS
# What a held frame costs beside its samples, bytes: its message and its place in the order.
_FRAME_BYTES = 2_048
# What each kind of window holds of that which its slices have.
_FEATURES: dict[WindowKind, tuple[str, ...]] = {
    "spatial": ("maps", "mel", "imu"),
    "har": ("mel", "imu"),
    "scenario": ("mel", "imu", "tagger_mel"),
}
# What nobody needs of a slice once its spatial window is out, the first of its windows: three
# quarters of what thirty seconds would hold.
_SPATIAL_ALONE = frozenset(_FEATURES["spatial"]).difference(_FEATURES["har"], _FEATURES["scenario"])


SpeechFilter = Literal["off", "drop-features", "drop-window"]
# The feature of a slice whose value is above 0 where somebody speaks; part of no window.
_SPEECH = "speech"


class Featurizer(Protocol):
    """Computes a slice's features; called once a slice and modality."""

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> Mapping[str, NDArray[Any]]:
        """`samples` (C, n) in [-1, 1] → `maps` (M, T, 64) and `mel` (T, 64).

        Where an audio tagger names the sound events, also its log-mel `tagger_mel` (2·T, 128);
        where speech is filtered, also `speech` (1,), above 0 where somebody speaks.
        """

    def imu(
        self,
        values: NDArray[np.float32],
        rate: float,
        mask: NDArray[np.bool_],
        *,
        first_s: float,
        seconds: float,
    ) -> Mapping[str, NDArray[Any]]:
        """`values` (n, 6) in m/s² and rad/s → `imu` (N, 6), the same N for any rate.

        The slice lasts `seconds`, and its first row was taken `first_s` after its start.
        """


@dataclass(frozen=True)
class WindowingConfig:
    """Window lengths in whole seconds and the allowed lateness in seconds of event time.

    A session that holds more than `held_bytes_max` waits no longer for the stream that is behind.
    Of windows with speech, which the featurizer tells, `speech_filter` drops the sound, or all.
    """

    spatial_s: int = 1
    har_s: int = 5
    scenario_s: int = 30
    allowed_lateness_s: float = 2.0
    held_bytes_max: int = 64_000_000
    speech_filter: SpeechFilter = "off"

    @property
    def lengths_ns(self) -> dict[WindowKind, int]:
        """Window length by kind, shortest first: the order in which they are handed out."""
        return {
            "spatial": self.spatial_s * NS,
            "har": self.har_s * NS,
            "scenario": self.scenario_s * NS,
        }

    @property
    def slice_ns(self) -> int:
        """One second, which tiles every window: the span on which features are computed."""
        return NS


@dataclass
class Windowed(Generic[TokenT]):
    """What one push brought about, in the order in which it must be carried out.

    First the windows are published, then the checkpoints stored, then the tokens acknowledged.
    `counts` has keys (what, modality): late_samples, duplicates, resets, overlaps, gap_ns, given_up
    and speech.
    """

    windows: list[Window] = field(default_factory=list)
    checkpoints: dict[str, bytes] = field(default_factory=dict)
    released: list[TokenT] = field(default_factory=list)
    counts: Counter[tuple[str, Modality]] = field(default_factory=Counter)

    def add(self, other: Windowed[TokenT]) -> None:
        """Append what a later push brought about."""
        self.windows += other.windows
        self.checkpoints |= other.checkpoints
        self.released += other.released
        self.counts += other.counts


@dataclass(frozen=True)
class Waiting:
    """A session that cannot go on, and the modalities it waits for.

    `session` is its name in window ids, `session_id` that of its frames. `behind_s` is by how much
    event time each silent modality is behind.
    """

    device_id: str
    session: str
    session_id: str
    silent: tuple[Modality, ...]
    everything: tuple[Modality, ...]
    behind_s: Mapping[Modality, float] = field(default_factory=dict, compare=False)


@dataclass
class _SliceBuffers:
    audio: SliceBuffer | None = None
    imu: MotionSlice | None = None
    nbytes: int = 0


@dataclass
class _SliceFeatures:
    features: Features
    filled: dict[Modality, int]
    expected: dict[Modality, int]


@dataclass
class _Session(Generic[TokenT]):
    device_id: str
    session_id: str
    epoch: int
    first_frames: dict[Modality, tuple[int, int]] = field(default_factory=dict)
    tracks: dict[Modality, Track] = field(default_factory=dict)
    grids: dict[Modality, Grid] = field(default_factory=dict)
    formats: dict[Modality, tuple[float, int]] = field(default_factory=dict)
    buffers: dict[int, _SliceBuffers] = field(default_factory=dict)
    slices: dict[int, _SliceFeatures] = field(default_factory=dict)
    pending: dict[WindowKind, set[int]] = field(default_factory=dict)
    # The same windows as a heap, the first to end at its top: (end, rank of the kind, kind, index).
    ends: list[tuple[int, int, WindowKind, int]] = field(default_factory=list)
    published: dict[WindowKind, list[int]] = field(default_factory=dict)
    # A heap too: (end of the frame, how many frames came before it, its token).
    holds: list[tuple[int, int, TokenT]] = field(default_factory=list)
    frames: int = 0
    sample_bytes: int = 0
    # Whether it has spoken again after a later session of the device ended it.
    beside_later: bool = False
    # When a stream that had said its last went on.
    went_on_ns: int = -1
    closed_ns: int = 0
    floor_ns: int = 0
    after: int | None = None
    positions: SaidPositions = field(default_factory=SaidPositions)

    @property
    def name(self) -> str:
        """The session's name in window ids; a clock reset inside a session makes it another."""
        return self.session_id if not self.epoch else f"{self.session_id[:58]}.r{self.epoch}"


class Windower(Generic[TokenT]):
    """The windowing operator over all devices of the assigned partitions.

    `push` takes a frame and an opaque token that comes back in `Windowed.released` once the frame
    is no longer needed. Knows no clock but event time: that a stream has gone silent is told to it
    by `give_up`, because only the engine knows whether the topic was read to its end.
    """

    def __init__(self, config: WindowingConfig, featurizer: Featurizer) -> None:
        self._featurizer = featurizer
        self._lateness_ns = round(config.allowed_lateness_s * NS)
        self._held_bytes_max = config.held_bytes_max
        self._speech_filter = config.speech_filter
        self._lengths = config.lengths_ns
        self._slice_ns = config.slice_ns
        self._devices: dict[str, dict[tuple[str, int], _Session[TokenT]]] = {}

    def knows(self, device_id: str) -> bool:
        """Return whether this device's checkpoint was restored or found absent."""
        return device_id in self._devices

    def knows_session(self, device_id: str, session_id: str) -> bool:
        """Return whether anything is remembered of a device's session."""
        return any(known == session_id for known, _ in self._devices.get(device_id, {}))

    def sessions(self, device_id: str) -> set[str]:
        """Return the names of a device's sessions of which anything is remembered."""
        return {session.name for session in self._devices.get(device_id, {}).values()}

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        """Take up a device where its checkpoint left it; None for a device without one."""
        sessions: dict[tuple[str, int], _Session[TokenT]] = {}
        for entry in msgpack.unpackb(checkpoint) if checkpoint else []:
            # One of before there were positions has none.
            session_id, epoch, floor_ns, after, first_frames, *positions = entry
            session = _Session[TokenT](device_id, session_id, epoch)
            session.floor_ns = session.closed_ns = floor_ns
            session.after = after
            session.first_frames = {m: (s, t) for m, (s, t) in first_frames.items()}
            session.positions = SaidPositions.restore(*positions)
            sessions[session_id, epoch] = session
        self._devices[device_id] = sessions

    def snapshot(self, device_id: str) -> bytes:
        """Return the checkpoint of a device: how far its published windows reach."""
        sessions = list(self._devices[device_id].values())[-_REMEMBERED_SESSIONS:]
        packed: bytes = msgpack.packb(
            [
                [
                    session.session_id,
                    session.epoch,
                    session.floor_ns,
                    session.after,
                    session.first_frames,
                    session.positions.snapshot(),
                ]
                for session in sessions
            ]
        )
        return packed

    def forget(self) -> None:
        """Drop all state: the partitions were taken away and will be read again."""
        self._devices.clear()

    def at_rest(self) -> Iterator[str]:
        """Yield the devices of which no token is held: a checkpoint says all that is known."""
        for device_id, device in self._devices.items():
            if not any(session.holds for session in device.values()):
                yield device_id

    def forget_device(self, device_id: str) -> None:
        """Drop what is known of a device at rest, until it is restored."""
        self._devices.pop(device_id, None)

    def push(self, frame: AudioFrame | ImuFrame, token: TokenT) -> Windowed[TokenT]:
        """Take one frame; raises `OperatorError` and keeps its state when the frame is unusable."""
        out = Windowed[TokenT]()
        device = self._devices.setdefault(frame.device_id, {})
        modality: Modality
        if isinstance(frame, AudioFrame):
            modality, rate = "audio", float(frame.sample_rate)
            samples: NDArray[Any] = audio_samples(frame)
        else:
            modality, rate = "imu", frame.rate
            samples = imu_samples(frame)
        session = self._session_of(device, frame, modality)
        _check_format(session, modality, (rate, samples.shape[1]))
        grid = session.grids.get(modality)
        if grid is None:
            grid = session.grids[modality] = Grid.of(rate)
        _declare(session, frame, modality)
        track = session.tracks[modality]
        number = grid.number(frame.t_ns)
        end_ns = frame.t_ns + round(len(samples) * NS / rate)

        verdict = track.judge(frame.seq, frame.t_ns, max(self._lateness_ns, NS))
        if verdict == "clock_reset":
            out.counts["resets", modality] += 1
            session = self._next_epoch(device, session)
            session.grids[modality] = grid
            _declare(session, frame, modality)
            track = session.tracks[modality]
            session.formats[modality] = (rate, samples.shape[1])
        elif verdict != "duplicate" and track.ended_by_later:
            if end_ns <= session.closed_ns:
                raise SessionEndedError(
                    f"{modality} frame ends before what session {session.session_id} has closed: "
                    "another session of the device went on for 30 s meanwhile; expected one "
                    "session of a device at a time"
                )
            session.beside_later = True
            for each in session.tracks.values():
                each.ended_by_later = False
        if verdict == "sequence_reset":
            out.counts["resets", modality] += 1
            track.restart_sequence()

        if verdict == "duplicate":
            out.counts["duplicates", modality] += 1
        else:
            session.first_frames.setdefault(modality, (frame.seq, frame.t_ns))
            if frame.position is not None:
                session.positions.say(frame.t_ns, frame.position)
            self._end_earlier_sessions(device, session, modality, frame.t_ns, out)
            if track.final and frame.seq > track.newest_seq and len(samples):
                _go_on(session, frame.t_ns)
            track.accept(frame.seq, frame.t_ns, end_ns)
            self._place(session, modality, frame, number, samples, out)
        track.final = track.final or (frame.final and end_ns > session.went_on_ns)
        self._hold(session, end_ns, token, out)
        self._advance(session, out)
        if session.sample_bytes + _FRAME_BYTES * len(session.holds) > self._held_bytes_max:
            self._give_up_behind(session, modality, out)
        return out

    def waiting(self) -> Iterator[Waiting]:
        """Yield the sessions that hold tokens, with the modalities that are behind."""
        for device in self._devices.values():
            for session in device.values():
                if not session.holds:
                    continue
                live = _live(session)
                newest = max((t.newest_ns or 0 for t in session.tracks.values()), default=0)
                silent = tuple(m for m, t in live.items() if (t.newest_ns or 0) < newest)
                began_ns = min((t_ns for _, t_ns in session.first_frames.values()), default=newest)
                behind_s = {
                    m: (newest - max(live[m].newest_ns or began_ns, session.floor_ns)) / NS
                    for m in silent
                }
                yield Waiting(
                    session.device_id,
                    session.name,
                    session.session_id,
                    silent,
                    tuple(live),
                    behind_s,
                )

    def give_up(
        self, device_id: str, session: str, modalities: tuple[Modality, ...]
    ) -> Windowed[TokenT]:
        """Stop waiting for silent modalities of a session, until they speak again."""
        out = Windowed[TokenT]()
        for candidate in self._devices.get(device_id, {}).values():
            if candidate.name == session:
                for modality in modalities:
                    candidate.tracks[modality].given_up = True
                self._advance(candidate, out)
        return out

    def _give_up_behind(
        self, session: _Session[TokenT], ahead: Modality, out: Windowed[TokenT]
    ) -> None:
        """Wait no longer for what is behind a stream that fills the memory."""
        newest = session.tracks[ahead].newest_ns or 0
        for modality, track in _live(session).items():
            if modality != ahead and (track.newest_ns or 0) < newest:
                track.given_up = True
                out.counts["given_up", modality] += 1
        self._advance(session, out)

    def _session_of(
        self,
        device: dict[tuple[str, int], _Session[TokenT]],
        frame: AudioFrame | ImuFrame,
        modality: Modality,
    ) -> _Session[TokenT]:
        """Return the newest epoch of the frame's session that this modality has reached."""
        reached = None
        for session in device.values():
            if session.session_id != frame.session_id:
                continue
            if modality in session.tracks and session.tracks[modality].newest_ns is not None:
                reached = session
            elif modality in session.first_frames:
                seq, t_ns = session.first_frames[modality]
                if frame.seq >= seq and frame.t_ns >= t_ns - self._lateness_ns:
                    reached = session
            elif reached is None:
                reached = session
        if reached is None:
            reached = _Session[TokenT](frame.device_id, frame.session_id, 0)
            _prune(device)
            device[frame.session_id, 0] = reached
        return reached

    def _next_epoch(
        self, device: dict[tuple[str, int], _Session[TokenT]], session: _Session[TokenT]
    ) -> _Session[TokenT]:
        key = (session.session_id, session.epoch + 1)
        if key not in device:
            device[key] = _Session[TokenT](session.device_id, *key)
        return device[key]

    def _end_earlier_sessions(
        self,
        device: dict[tuple[str, int], _Session[TokenT]],
        session: _Session[TokenT],
        modality: Modality,
        t_ns: int,
        out: Windowed[TokenT],
    ) -> None:
        """A stream that speaks in a new session has nothing more to say in the earlier ones.

        Unless their times overlap, or an earlier one has spoken again: both are logged then. One
        that has not yet spoken in a session of later frames is only slower than the other.
        """
        for earlier in device.values():
            if earlier is session:
                break
            track = earlier.tracks.get(modality)
            if track is None or track.final or earlier.beside_later:
                continue
            began_ns = min(
                (start_ns for _, start_ns in earlier.first_frames.values()), default=t_ns
            )
            if track.newest_ns is None and began_ns > t_ns:
                continue
            same = earlier.session_id == session.session_id
            heard_ns = began_ns if track.newest_ns is None else track.newest_ns
            if same or abs(t_ns - heard_ns) >= _OVERLAP_NS:
                track.final, track.ended_by_later = True, not same
                self._advance(earlier, out)

    def _place(
        self,
        session: _Session[TokenT],
        modality: Modality,
        frame: AudioFrame | ImuFrame,
        number: int,
        samples: NDArray[Any],
        out: Windowed[TokenT],
    ) -> None:
        grid = session.grids[modality]
        late = min(max(grid.number(session.closed_ns) - number, 0), len(samples))
        if late:
            out.counts["late_samples", modality] += late
        position, stop = number + late, number + len(samples)
        while position < stop:
            index = grid.time_ns(position) // self._slice_ns
            # The next slice's first sample may lie before its start.
            if position >= grid.number((index + 1) * self._slice_ns):
                index += 1
            start_ns = index * self._slice_ns
            end_ns = start_ns + self._slice_ns
            if index not in session.buffers:
                session.buffers[index] = _SliceBuffers()
                for rank, (kind, length) in enumerate(self._lengths.items()):
                    window = start_ns // length
                    if window not in session.pending.setdefault(kind, set()):
                        session.pending[kind].add(window)
                        heappush(session.ends, ((window + 1) * length, rank, kind, window))
            buffers = session.buffers[index]
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

    def _hold(
        self, session: _Session[TokenT], end_ns: int, token: TokenT, out: Windowed[TokenT]
    ) -> None:
        if end_ns <= session.floor_ns:
            out.released.append(token)
        else:
            session.frames += 1
            heappush(session.holds, (end_ns, session.frames, token))

    def _advance(self, session: _Session[TokenT], out: Windowed[TokenT]) -> None:
        """Hand out every window that the watermark has passed, in order of their ends."""
        watermark = self._watermark(session)
        closed_ns = session.closed_ns
        while session.ends and (watermark is None or session.ends[0][0] <= watermark):
            end_ns, _, kind, index = heappop(session.ends)
            closed_ns = max(closed_ns, end_ns)
            session.pending[kind].discard(index)
            self._hand_out(session, kind, index, out)
            if kind == "scenario":
                session.floor_ns = max(session.floor_ns, end_ns)
                out.checkpoints[session.device_id] = self.snapshot(session.device_id)
        if watermark is None:
            session.closed_ns = closed_ns
            for track in session.tracks.values():
                track.forget_old_frames()
        else:
            session.closed_ns = max(session.closed_ns, watermark // self._slice_ns * self._slice_ns)
        self._release(session, watermark is None, out)

    def _watermark(self, session: _Session[TokenT]) -> int | None:
        """Return the watermark in ns, or None when nothing more is waited for."""
        live = _live(session)
        if not live:
            return None
        if any(track.newest_ns is None for track in live.values()):
            return 0
        return min(track.watermark(self._lateness_ns) for track in live.values())

    def _release(self, session: _Session[TokenT], all_: bool, out: Windowed[TokenT]) -> None:
        released = []
        while session.holds and (all_ or session.holds[0][0] <= session.floor_ns):
            _, number, token = heappop(session.holds)
            released.append((number, token))
        out.released += [token for _, token in sorted(released, key=lambda each: each[0])]

    def _hand_out(
        self, session: _Session[TokenT], kind: WindowKind, index: int, out: Windowed[TokenT]
    ) -> None:
        length = self._lengths[kind]
        start_ns, end_ns = index * length, (index + 1) * length
        first = start_ns // self._slice_ns
        slices: list[_SliceFeatures | None] = []
        for number in range(first, end_ns // self._slice_ns):
            if number in session.buffers:
                session.slices[number] = self._featurize(session, number, out)
            slices.append(session.slices.get(number))
        published = session.published.setdefault(kind, [])
        heard = any(each is not None and each.filled.get("audio") for each in slices)
        channels = session.formats["audio"][1] if heard else None
        if self._speech_filter != "off" and any(map(_speaks, slices)):
            out.counts["speech", "audio"] += 1
            whole = self._speech_filter == "drop-window"
            slices = [None if whole else _without_sound(each) for each in slices]
        if any(s is not None and (kind != "spatial" or s.filled.get("audio")) for s in slices):
            published.append(start_ns)
            out.windows.append(self._window(session, kind, start_ns, end_ns, slices, channels))
        if kind == "spatial":
            for number in range(first, end_ns // self._slice_ns):
                if number in session.slices:
                    for name in _SPATIAL_ALONE:
                        session.slices[number].features.pop(name, None)
        if kind == "scenario":
            session.after = start_ns
            session.positions.forget_before(end_ns)
            for number in range(first, end_ns // self._slice_ns):
                session.slices.pop(number, None)
            for starts in session.published.values():
                starts[:] = [s for s in starts if s >= end_ns]

    def _featurize(
        self, session: _Session[TokenT], number: int, out: Windowed[TokenT]
    ) -> _SliceFeatures:
        buffers = session.buffers.pop(number)
        session.sample_bytes -= buffers.nbytes
        features: Features = {}
        filled: dict[Modality, int] = {}
        expected: dict[Modality, int] = {}
        if (sound := buffers.audio) is not None:
            filled["audio"], expected["audio"] = sound.filled, len(sound)
            rate, _ = session.formats["audio"]
            scaled = np.divide(sound.values.T, _INT16_FULL_SCALE, dtype=np.float32)
            features |= self._featurizer.audio(scaled, int(rate), sound.mask)
        if (motion := buffers.imu) is not None:
            laid = motion.lay()
            if laid.overlaps:
                out.counts["overlaps", "imu"] += laid.overlaps
            filled["imu"], expected["imu"] = laid.filled, len(motion)
            rate, _ = session.formats["imu"]
            place_s = session.grids["imu"].after_s(motion.first, number * self._slice_ns)
            features |= self._featurizer.imu(
                laid.values,
                rate,
                laid.mask,
                first_s=place_s + laid.phase_s,
                seconds=self._slice_ns / NS,
            )
        for modality in (m for m in MODALITIES if m in session.tracks):
            length = expected.get(modality, 1)
            missing = length - filled.get(modality, 0)
            if missing:
                out.counts["gap_ns", modality] += missing * self._slice_ns // length
        return _SliceFeatures(features, filled, expected)

    def _window(
        self,
        session: _Session[TokenT],
        kind: WindowKind,
        start_ns: int,
        end_ns: int,
        slices: list[_SliceFeatures | None],
        channels: int | None,
    ) -> Window:
        coverage: dict[Modality, float] = {}
        each: dict[Modality, list[float]] = {}
        for modality in (m for m in MODALITIES if m in session.tracks):
            shares = [
                s.filled.get(modality, 0) / s.expected.get(modality, 1) if s else 0.0
                for s in slices
            ]
            if any(shares):
                each[modality] = [round(share, 4) for share in shares]
                coverage[modality] = round(sum(shares) / len(shares), 4)
        wanted = _FEATURES[kind]
        scenario_ns = self._lengths["scenario"]
        recent = (
            session.after is not None
            and start_ns // scenario_ns * scenario_ns - session.after <= 2 * scenario_ns
        )
        # Its fields are made here; to check them again takes longer than to join them.
        return Window.model_construct(
            device_id=session.device_id,
            window_id=window_id(session.device_id, session.name, kind, start_ns),
            session_id=session.name,
            kind=kind,
            start_ns=start_ns,
            end_ns=end_ns,
            coverage=coverage,
            slices=each,
            features={
                name: Vector.of(joined, "<f4" if name == "imu" else "<f2")
                for name in wanted
                if (joined := _join_slices(name, slices)) is not None
            },
            parts={
                part: sum(start_ns <= s < end_ns for s in session.published.get(part, ()))
                for part, length in self._lengths.items()
                if length < end_ns - start_ns
            },
            after=session.after if recent else None,
            position=session.positions.by(end_ns),
            channels=channels,
        )


def _speaks(each: _SliceFeatures | None) -> bool:
    if each is None or not each.filled.get("audio"):
        return False
    # A featurizer that does not say whether somebody speaks is none that was asked to.
    return not float(each.features[_SPEECH][0]) <= 0.0 if _SPEECH in each.features else True


def _without_sound(each: _SliceFeatures | None) -> _SliceFeatures | None:
    """Return what is left of a slice without its sound, None where nothing is."""
    if each is None or not each.filled.get("imu"):
        return None
    return _SliceFeatures(
        {"imu": each.features["imu"]},
        {"imu": each.filled["imu"]},
        {"imu": each.expected["imu"]},
    )


def _live(session: _Session[Any]) -> dict[Modality, Track]:
    return {m: t for m, t in session.tracks.items() if not (t.final or t.given_up)}


def _declare(session: _Session[Any], frame: AudioFrame | ImuFrame, modality: Modality) -> None:
    for each in (modality, *frame.streams):
        if each not in session.tracks:
            session.tracks[each] = Track()


def _go_on(session: _Session[Any], t_ns: int) -> None:
    """Await all streams of a session again: it has not ended where one of them goes on.

    Whichever comes first would else close windows without the others.
    """
    session.went_on_ns = t_ns
    for track in session.tracks.values():
        track.final = False


def _prune(device: dict[tuple[str, int], _Session[Any]]) -> None:
    """Drop the oldest sessions that hold nothing, so that a device's state stays small."""
    for key in [k for k, s in device.items() if not s.holds][:-_REMEMBERED_SESSIONS]:
        del device[key]


def _check_format(session: _Session[Any], modality: Modality, format_: tuple[float, int]) -> None:
    began = session.formats.setdefault(modality, format_)
    if began != format_:
        raise FormatChangeError(
            f"{modality} frame has {format_[0]:g} Hz and {format_[1]} channels, but session "
            f"{session.session_id} began with {began[0]:g} Hz and {began[1]}; "
            "a new format needs a new session_id"
        )


def _join_slices(name: str, slices: list[_SliceFeatures | None]) -> NDArray[Any] | None:
    """Join a feature over slices along time (the last but one axis); absent slices are zeros."""
    present = [s.features[name] for s in slices if s is not None and name in s.features]
    if not present:
        return None
    if len(slices) == 1:
        return present[0]
    empty = np.zeros_like(present[0])
    return np.concatenate(
        [s.features[name] if s is not None and name in s.features else empty for s in slices],
        axis=-2,
    )
