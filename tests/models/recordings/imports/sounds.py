"""Small sounds and motion files that the import's tests write themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Long after every recording here, so that none lies in the future.
NOW_NS = 1_800_000_000 * NS
MARCH_NS = 1_772_438_400 * NS  # 2026-03-02T08:00:00Z


def tone(seconds: float, rate: int = 8_000, channels: int = 1) -> NDArray[np.float32]:
    """Return a tone (n, channels), each channel at a pitch of its own."""
    times = np.arange(round(seconds * rate)) / rate
    waves = [0.3 * np.sin(2 * np.pi * (300 + 100 * c) * times) for c in range(channels)]
    return np.stack(waves, axis=1).astype(np.float32)


def sound(path: Path, seconds: float, rate: int = 8_000, channels: int = 1, **how: Any) -> Path:
    """Write a tone as the file's suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone(seconds, rate, channels), rate, **how)
    return path


def motion(path: Path, seconds: float, rate: float = 50.0, first_s: float = 0.0) -> Path:
    """Write motion as our own CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [f"acc_{a}_m_s2" for a in "xyz"] + [f"gyro_{a}_rad_s" for a in "xyz"]
    lines = [",".join(["time_s", *names])]
    for row in range(round(seconds * rate)):
        t = row / rate
        values = [np.sin(9 * t), 0.5 * np.cos(9 * t), 9.81 + 0.3 * np.sin(5 * t), 0.1, 0.2, 0.3]
        lines.append(",".join(f"{v:.5f}" for v in (first_s + t, *values)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def ns(text: str) -> int:
    """Return an ISO time as ns."""
    moment = datetime.fromisoformat(text)
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * NS
