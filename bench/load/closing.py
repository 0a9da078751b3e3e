"""Finding the frame that closes each window, with the product's own windowing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.features import Features
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SPATIAL_WINDOW_S
from operators.windowing import Windower, WindowingConfig
from streams.producers.frames import Identity, frames

if TYPE_CHECKING:
    from bench.load.recording import ArrayRecording
    from infra.settings import Settings

# Kind and start of a window.
WindowKey = tuple[str, int]


def closing_frames(settings: Settings, recording: ArrayRecording) -> dict[WindowKey, int]:
    """Return, for each window, the sequence number of the frame whose arrival closes it.

    Windows closed by the end of the session are left out: live sessions do not end.
    """
    config = WindowingConfig(
        SPATIAL_WINDOW_S, HAR_WINDOW_S, SCENARIO_WINDOW_S, settings.allowed_lateness_s
    )
    windower: Windower[int] = Windower(config, Features())
    closed: dict[WindowKey, int] = {}
    for timed in frames(recording, Identity("bench", "bench")):
        frame = timed.frame
        windows = windower.push(frame, frame.seq).windows  # type: ignore[arg-type]
        if not frame.final:
            closed.update({(window.kind, window.start_ns): frame.seq for window in windows})
    return closed
