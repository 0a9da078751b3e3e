"""Random inputs of every graph that a GPU runs, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.lanhar.rotation_invariant import CHANNELS, MEASURES

if TYPE_CHECKING:
    from numpy.typing import NDArray


def motion(rng: np.random.Generator, windows: int, rows: int) -> NDArray[np.float32]:
    """Return (windows, rows, 6) of a device that lies still but for noise."""
    imu = rng.normal(0, 0.5, (windows, rows, 6)).astype(np.float32)
    imu[..., 2] += 9.8
    return imu


def _uniform(rng: np.random.Generator, *shape: int, most: float = 1.0) -> NDArray[np.float32]:
    return rng.uniform(0, most, shape).astype(np.float32)


def _second(rng: np.random.Generator, planes: int) -> dict[str, NDArray[Any]]:
    return {
        "maps": _uniform(rng, 1, planes, 50, 64, most=20.0),
        "imu": motion(rng, 1, 50).transpose(0, 2, 1),
        "has_imu": rng.random(1) < 0.7,
    }


def inputs(graph: str, seed: int) -> dict[str, NDArray[Any]]:
    """Return one item of a graph's inputs, of lengths that `seed` varies where they may vary."""
    rng = np.random.default_rng(seed)
    segments, scenarios = (15, 9)[seed % 2], 1 + seed % 3
    match graph:
        case "localization_mono" | "localization" | "localization_four":
            return _second(rng, {"localization_mono": 1, "localization": 3}.get(graph, 10))
        case "near_field":
            return {"maps": _uniform(rng, 1, 3, 50, 64, most=20.0)}
        case "sounds":
            return {"mel": _uniform(rng, 1, 100, 64, most=20.0)}
        case "seconds":
            return {"mel": _uniform(rng, 1, 50, 64, most=20.0)}
        case "heard":
            return {"seconds": _uniform(rng, segments, 2, 2, 512)}
        case "motions":
            return {"imu": motion(rng, segments, 100)}
        case "motion_features":
            return {"imu": motion(rng, 1, 250)}
        case "scenario_rows":
            return {
                "audio_features": _uniform(rng, 1, segments, 256),
                "audio_embedding": _uniform(rng, 1, segments, 128) / 8,
                "audio_mask": rng.random((1, segments)) < 0.7,
                "imu_features": _uniform(rng, 1, segments, 128),
                "imu_embedding": _uniform(rng, 1, segments, 128) / 8,
                "imu_mask": rng.random((1, segments)) < 0.7,
            }
        case "scenario":
            rows = _uniform(rng, 1, segments, 644)
            rows[..., -2:] = rng.random((1, segments, 2)) < 0.7
            return {"rows": rows}
        case "har":
            return {
                "audio": _uniform(rng, 1, 256),
                "audio_mask": rng.random(1) < 0.7,
                "imu": _uniform(rng, 1, 128),
                "imu_mask": rng.random(1) < 0.7,
                "text": _uniform(rng, 1, scenarios, 384) / 10,
                "text_mask": rng.random((1, scenarios)) < 0.7,
                "audio_seconds": _uniform(rng, 1, 5, 256),
                "imu_seconds": _uniform(rng, 1, 5, 128),
            }
        case "lanhar_sensor":
            return {
                "channels": rng.normal(0, 1, (1, CHANNELS, 100)).astype(np.float32),
                "measures": rng.normal(0, 1, (1, len(MEASURES))).astype(np.float32),
                "posture": np.array([[0.3, 1.0]], np.float32),
            }
    raise ValueError(f"graph {graph!r} has no inputs here")
