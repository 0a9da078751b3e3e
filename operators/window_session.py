"""One session of a device as windowing sees it: its streams, and what is held of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Generic, TypeVar

from operators.errors import FormatChangeError
from operators.said_positions import SaidPositions
from operators.track import Track
from operators.windowed import Waiting
from schemas.frames import NS

if TYPE_CHECKING:
    from operators.grid import Grid
    from operators.motion_slice import MotionSlice
    from operators.slice_features import SliceFeatures
    from operators.slices import SliceBuffer
    from operators.windowed import Windowed
    from schemas.frames import AudioFrame, ImuFrame, Modality
    from schemas.windows import WindowKind

TokenT = TypeVar("TokenT")

# What a held frame costs beside its samples, bytes: its message and its place in the order.
_FRAME_BYTES = 2_048


@dataclass
class SliceBuffers:
    """The samples of one slice that were not featurized yet, of either stream."""

    audio: SliceBuffer | None = None
    imu: MotionSlice | None = None
    nbytes: int = 0


@dataclass
class WindowSession(Generic[TokenT]):
    """Streams that tell one time, and the slices, windows and tokens that wait for their rest.

    Event times are in ns. `closed_ns` is what samples may not come before any more, `floor_ns` what
    was handed out whole; `after` is when the last scenario window began.
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

    @property
    def live(self) -> dict[Modality, Track]:
        """The streams that are waited for."""
        return {m: t for m, t in self.tracks.items() if not (t.final or t.given_up)}

    @property
    def held_bytes(self) -> int:
        """What is held of the session, about."""
        return self.sample_bytes + _FRAME_BYTES * len(self.holds)

    def check_format(self, modality: Modality, format_: tuple[float, int]) -> None:
        """Raise `FormatChangeError` where a frame's rate and channels are not the stream's."""
        began = self.formats.setdefault(modality, format_)
        if began != format_:
            raise FormatChangeError(
                f"{modality} frame has {format_[0]:g} Hz and {format_[1]} channels, but session "
                f"{self.session_id} began with {began[0]:g} Hz and {began[1]}; "
                "a new format needs a new session_id"
            )

    def declare(self, frame: AudioFrame | ImuFrame, modality: Modality) -> None:
        """Await the streams that a frame names."""
        for each in (modality, *frame.streams):
            if each not in self.tracks:
                self.tracks[each] = Track()

    def go_on(self, t_ns: int) -> None:
        """Await all streams of a session again: it has not ended where one of them goes on.

        Whichever comes first would else close windows without the others.
        """
        self.went_on_ns = t_ns
        for track in self.tracks.values():
            track.final = False

    def watermark(self, lateness_ns: int) -> int | None:
        """Return the watermark in ns, or None when nothing more is waited for."""
        live = self.live
        if not live:
            return None
        if any(track.newest_ns is None for track in live.values()):
            return 0
        return min(track.watermark(lateness_ns) for track in live.values())

    def waiting(self) -> Waiting | None:
        """Return which streams are behind, None where no token is held."""
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
        """Keep the token of a frame that ends at `end_ns` until all its windows are handed out."""
        if end_ns <= self.floor_ns:
            out.released.append(token)
        else:
            self.frames += 1
            heappush(self.holds, (end_ns, self.frames, token))

    def release(self, all_: bool, out: Windowed[TokenT]) -> None:
        """Give back the tokens of frames that are no longer needed, in the order they came in."""
        released = []
        while self.holds and (all_ or self.holds[0][0] <= self.floor_ns):
            _, number, token = heappop(self.holds)
            released.append((number, token))
        out.released += [token for _, token in sorted(released, key=lambda each: each[0])]
