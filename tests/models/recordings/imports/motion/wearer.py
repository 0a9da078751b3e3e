"""A wearer's motion for tests, and its values in the layouts of makers."""

from __future__ import annotations

import numpy as np

G = 9.80665
START_S = 1_772_438_400.0  # 2026-03-02T08:00:00Z
NOW_S = 1_775_000_000.0  # a month later


def now() -> float:
    return NOW_S


def walk(seconds: float = 20.0, rate: float = 50.0) -> tuple[np.ndarray, np.ndarray]:
    """Times (n,) s and values (n, 6) in m/s² and rad/s of someone who walks."""
    times = np.arange(round(seconds * rate)) / rate
    step = 2 * np.pi * 1.8 * times
    acc = np.stack([0.8 * np.sin(step / 2), 0.5 * np.cos(step), G + 2.0 * np.sin(step)], axis=1)
    gyro = np.stack([0.4 * np.sin(step / 2), 0.2 * np.cos(step), 0.1 * np.sin(step)], axis=1)
    return times, np.concatenate([acc, gyro], axis=1)


def table(header: str, columns: list[np.ndarray | list[str]], delimiter: str = ",") -> str:
    rows = [
        delimiter.join(v if isinstance(v, str) else f"{v:.9g}" for v in row)
        for row in zip(*columns, strict=True)
    ]
    return "\n".join([header, *rows]) + "\n"


def ns(times: np.ndarray) -> list[str]:
    """Times from `START_S` on as nanoseconds since 1970, exact."""
    return [str(round(START_S) * 10**9 + round(t * 1e9)) for t in times]
