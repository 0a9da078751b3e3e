"""Inputs of the recognisers, random and by seed."""

from __future__ import annotations

import numpy as np

from models.serving.predict import LocalizerInput, ScenarioInput


def mel(steps: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(5, 20, (steps, 64)).astype(np.float16)


def imu(steps: int, seed: int) -> np.ndarray:
    out = np.random.default_rng(seed).normal(0, 0.5, (steps, 6)).astype(np.float32)
    out[:, 2] += 9.8
    return out


def second(seed: int, planes: int = 3, motion: bool = True) -> LocalizerInput:
    maps = np.random.default_rng(seed).uniform(0, 20, (planes, 50, 64)).astype(np.float16)
    return LocalizerInput(maps, imu(50, seed) if motion else None)


def window(seed: int, seconds: int = 30, sound: bool = True, motion: bool = True) -> ScenarioInput:
    there = np.ones(seconds, dtype=bool)
    return ScenarioInput(
        mel(50 * seconds, seed) if sound else None,
        imu(50 * seconds, seed) if motion else None,
        there & sound,
        there & motion,
    )


def misaligned(array: np.ndarray | None) -> np.ndarray:
    """The same values at an odd address, as a view of a message's bytes may lie."""
    assert array is not None
    raw = np.zeros(array.nbytes + 1, dtype=np.uint8)[1:]
    out = np.frombuffer(raw.data, dtype=array.dtype).reshape(array.shape)
    out[...] = array
    return out
