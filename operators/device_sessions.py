"""The sessions of one device: which one a frame belongs to, and which have ended with it.

A clock reset inside a session makes it another one, its next epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgpack

from operators.said_positions import SaidPositions
from operators.window_session import WindowSession
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.frames import AudioFrame, ImuFrame, Modality

TokenT = TypeVar("TokenT")

# Sessions whose floor is kept in a checkpoint; a device that restarts more often than this
# between two crashes would publish its oldest windows once more.
_REMEMBERED_SESSIONS = 8
# Beyond this much event time without a frame a session is over where the device has begun another;
# two that are closer are logged side by side.
_OVERLAP_NS = 30 * NS


class DeviceSessions(Generic[TokenT]):
    """The sessions of a device that anything is remembered of, in the order in which they began."""

    def __init__(self, device_id: str, lateness_ns: int) -> None:
        self._device_id = device_id
        self._lateness_ns = lateness_ns
        self._sessions: dict[tuple[str, int], WindowSession[TokenT]] = {}

    def __iter__(self) -> Iterator[WindowSession[TokenT]]:
        return iter(self._sessions.values())

    def restore(self, checkpoint: bytes | None) -> None:
        """Take up the sessions where a checkpoint left them."""
        for entry in msgpack.unpackb(checkpoint) if checkpoint else []:
            # One of before there were positions has none.
            session_id, epoch, floor_ns, after, first_frames, *positions = entry
            session = WindowSession[TokenT](self._device_id, session_id, epoch)
            session.floor_ns = session.closed_ns = floor_ns
            session.after = after
            session.first_frames = {m: (s, t) for m, (s, t) in first_frames.items()}
            session.positions = SaidPositions.restore(*positions)
            self._sessions[session_id, epoch] = session

    def snapshot(self) -> bytes:
        """Return the checkpoint: how far the windows that were handed out reach."""
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
                for session in list(self)[-_REMEMBERED_SESSIONS:]
            ]
        )
        return packed

    def of(self, frame: AudioFrame | ImuFrame, modality: Modality) -> WindowSession[TokenT]:
        """Return the newest epoch of the frame's session that this modality has reached."""
        reached = None
        for session in self:
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
            reached = WindowSession[TokenT](self._device_id, frame.session_id, 0)
            self._prune()
            self._sessions[frame.session_id, 0] = reached
        return reached

    def next_epoch(self, session: WindowSession[TokenT]) -> WindowSession[TokenT]:
        """Return what goes on after a clock reset of a session."""
        key = (session.session_id, session.epoch + 1)
        if key not in self._sessions:
            self._sessions[key] = WindowSession[TokenT](self._device_id, *key)
        return self._sessions[key]

    def ended_by(
        self, session: WindowSession[TokenT], modality: Modality, t_ns: int
    ) -> Iterator[WindowSession[TokenT]]:
        """Yield the earlier sessions that end with a frame at `t_ns` of a stream of this one.

        A stream that speaks in a new session has nothing more to say in the earlier ones.

        Unless their times overlap, or an earlier one has spoken again: both are logged then. One
        that has not yet spoken in a session of later frames is only slower than the other.
        """
        for earlier in self:
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
                yield earlier

    def _prune(self) -> None:
        """Drop the oldest sessions that hold nothing, so that a device's state stays small."""
        for key in [k for k, s in self._sessions.items() if not s.holds][:-_REMEMBERED_SESSIONS]:
            del self._sessions[key]
