"""State of one session in windowing: its streams, buffered samples, pending windows and tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Generic, TypeVar

from operators.declared_positions import DeclaredPositions
from operators.errors import FormatChangeError, SessionEndedError
from operators.track import Track
from operators.windowed import Waiting
from schemas.frames import NS
from schemas.windows import session_name

if TYPE_CHECKING:
    from operators.grid import Grid
    from operators.motion_slice import MotionSlice
    from operators.slice_features import SliceFeatures
    from operators.slices import SliceBuffer
    from operators.windowed import Windowed
    from schemas.frames import AudioFrame, ImuFrame, Modality
    from schemas.windows import WindowKind

TokenT = TypeVar("TokenT")

# Memory of a held frame besides its samples, bytes: its message and its heap entry.
_FRAME_BYTES = 2_048


@dataclass
class SliceBuffers:
    """Samples of one slice, by stream, whose features are not computed yet."""

    audio: SliceBuffer | None = None
    imu: MotionSlice | None = None
    nbytes: int = 0


@dataclass
class WindowSession(Generic[TokenT]):
    """Streams with one clock, and their incomplete slices, pending windows and held tokens.

    Event times are in ns. Samples before `closed_ns` are late, except those before `restored_ns`,
    the floor of the checkpoint: they are read again. Every window that ends by `floor_ns` was
    emitted; `after` is the start of the last scenario window.
    """

    device_id: str
    session_id: str
    epoch: int
    first_frames: dict[Modality, tuple[int, int]] = field(default_factory=dict)
    tracks: dict[Modality, Track] = field(default_factory=dict)
    grids: dict[Modality, Grid] = field(default_factory=dict)
    formats: dict[Modality, tuple[float, int]] = field(default_factory=dict)
    buffers: dict[int, SliceBuffers] = field(default_factory=dict)
    slices: dict[int, SliceFeatures] = field(default_factory=dict)
    pending: dict[WindowKind, set[int]] = field(default_factory=dict)
    # The same windows as a heap by end: (end, rank of the kind, kind, index).
    ends: list[tuple[int, int, WindowKind, int]] = field(default_factory=list)
    published: dict[WindowKind, list[int]] = field(default_factory=dict)
    # A heap by end: (end of the frame, number of earlier frames, token).
    holds: list[tuple[int, int, TokenT]] = field(default_factory=list)
    frames: int = 0
    sample_bytes: int = 0
    # Whether frames arrived after a later session of the device had ended it.
    beside_later: bool = False
    # Event time at which a stream continued after its final frame.
    went_on_ns: int = -1
    closed_ns: int = 0
    restored_ns: int = 0
    floor_ns: int = 0
    after: int | None = None
    positions: DeclaredPositions = field(default_factory=DeclaredPositions)

    @property
    def name(self) -> str:
        """The session's name in window ids; each clock reset inside a session gives a new one."""
        return session_name(self.session_id, self.epoch)

    @property
    def live(self) -> dict[Modality, Track]:
        """The streams that the watermark waits for."""
        return {m: t for m, t in self.tracks.items() if not (t.final or t.given_up)}

    @property
    def held_bytes(self) -> int:
        """Estimated memory of the session's samples and held frames, bytes."""
        return self.sample_bytes + _FRAME_BYTES * len(self.holds)

    def check_format(self, modality: Modality, format_: tuple[float, int]) -> None:
        """Raise `FormatChangeError` if a frame's rate and channels differ from its stream's."""
        began = self.formats.setdefault(modality, format_)
        if began != format_:
            raise FormatChangeError(
                f"{modality} frame has {format_[0]:g} Hz and {format_[1]} channels, but session "
                f"{self.session_id} began with {began[0]:g} Hz and {began[1]}; "
                "a new format needs a new session_id"
            )

    def declare(self, frame: AudioFrame | ImuFrame, modality: Modality) -> None:
        """Wait for the streams that a frame declares."""
        for each in (modality, *frame.streams):
            if each not in self.tracks:
                self.tracks[each] = Track()

    def go_on(self, t_ns: int) -> None:
        """Wait for all streams again, because one of them continues after its final frame.

        Otherwise the first stream to continue would close windows without the others.
        """
        self.went_on_ns = t_ns
        for track in self.tracks.values():
            track.final = False

    def go_on_beside_later(self, modality: Modality, end_ns: int) -> None:
        """Go on by a frame that ends at `end_ns`, though a later session had ended this one.

        Raises `SessionEndedError` if the frame lies before what is closed.
        """
        if end_ns <= self.closed_ns:
            raise SessionEndedError(
                f"{modality} frame ends before what session {self.session_id} has closed: "
                "another session of the device went on for 30 s meanwhile; expected one "
                "session of a device at a time"
            )
        self.beside_later = True
        for track in self.tracks.values():
            track.ended_by_later = False

    def advance_watermark(self, lateness_ns: int) -> int | None:
        """Advance every stream's watermark; return the lowest, ns, None if none is waited for."""
        live = self.live
        if not live:
            return None
        if any(track.newest_ns is None for track in live.values()):
            return 0
        return min(track.advance_watermark(lateness_ns) for track in live.values())

    def waiting(self) -> Waiting | None:
        """Return which streams are behind, or None if no token is held."""
        if not self.holds:
            return None
        live = self.live
        newest = max((t.newest_ns or 0 for t in self.tracks.values()), default=0)
        silent = tuple(m for m, t in live.items() if (t.newest_ns or 0) < newest)
        began_ns = min((t_ns for _, t_ns in self.first_frames.values()), default=newest)
        behind_s = {
            m: (newest - max(live[m].newest_ns or began_ns, self.floor_ns)) / NS for m in silent
        }
        return Waiting(self.device_id, self.name, self.session_id, silent, tuple(live), behind_s)

    def hold(self, end_ns: int, token: TokenT, out: Windowed[TokenT]) -> None:
        """Hold the token of a frame that ends at `end_ns` until all its windows are emitted."""
        if end_ns <= self.floor_ns:
            out.released.append(token)
        else:
            self.frames += 1
            heappush(self.holds, (end_ns, self.frames, token))

    def release(self, all_: bool, out: Windowed[TokenT]) -> None:
        """Release the tokens of frames that are no longer needed, in order of arrival."""
        released = []
        while self.holds and (all_ or self.holds[0][0] <= self.floor_ns):
            _, number, token = heappop(self.holds)
            released.append((number, token))
        out.released += [token for _, token in sorted(released, key=lambda each: each[0])]
