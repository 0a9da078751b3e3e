"""Silero VAD (https://github.com/snakers4/silero-vad, MIT), a second speech detector.

Only the ONNX graph of its package is used; the package is not imported.
"""

from __future__ import annotations

from importlib.util import find_spec
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import signal

from models.serving.onnx_runtime import onnxruntime
from models.serving.registry import RegistryError
from schemas.extras import needs

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MODULE = "silero_vad"
_GRAPH = "data/silero_vad_16k_sequence.onnx"
_RATE = 16_000
# Frames of 32 ms, with the last 4 ms of the previous one as context.
_FRAME, _CONTEXT = 512, 64
_STATE = (1, 1, 128)


class SileroError(RegistryError):
    """Silero's network is not installed."""


class SileroDetector:
    """Probability of speech in a piece of sound, without state between pieces."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(_graph()), options, providers=["CPUExecutionProvider"]
        )

    def score(self, samples: NDArray[np.float32], rate: int) -> float:
        """Return the largest probability of speech over 64 ms of `samples` (channels, n).

        It is the minimum over two successive frames, because a single click is not speech.
        """
        shared = gcd(_RATE, rate)
        wave = signal.resample_poly(samples, _RATE // shared, rate // shared, axis=1)
        state = np.zeros(_STATE, np.float32)
        voices = [
            self._session.run(["speech_probs"], {"input": _frames(each), "h": state, "c": state})[0]
            for each in wave
        ]
        probabilities = np.reshape(voices, (len(voices), -1))  # (channels, f)
        return float(np.minimum(probabilities[:, 1:], probabilities[:, :-1]).max())


def _graph() -> Path:
    with needs("silero_vad", "EGOLOG_SPEECH_DETECTOR=silero needs", SileroError):
        # Located without importing it, which would import torch.
        spec = find_spec(_MODULE)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(_MODULE, name=_MODULE)
    path = Path(spec.origin).parent / _GRAPH
    if not path.is_file():
        raise SileroError(f"silero-vad has no {_GRAPH}; expected a release from 6.2 on")
    return path


def _frames(wave: NDArray[Any]) -> NDArray[np.float32]:
    """Cut a channel (n,) into frames (f, 576), each preceded by the end of the previous one."""
    count = -(-len(wave) // _FRAME)
    frames = np.zeros((count, _FRAME), np.float32)
    frames.reshape(-1)[: len(wave)] = wave
    before = np.zeros((count, _CONTEXT), np.float32)
    before[1:] = frames[:-1, -_CONTEXT:]
    return np.concatenate((before, frames), axis=1)
