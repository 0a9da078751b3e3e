"""Rules of the batched log-mel: it is that of the stream."""

from __future__ import annotations

import numpy as np
import torch

from models.features import Features
from models.recordings.datasets import esc50
from models.research.egolog.recogniser.log_mel import LogMel


def test_a_batch_has_the_log_mel_that_the_stream_computes() -> None:
    rng = np.random.default_rng(0)
    waves = (rng.normal(0, 0.1, (2, 48_000)) * [[1.0], [0.01]]).astype(np.float32)
    batched = LogMel()(torch.from_numpy(waves))
    assert batched.shape == (2, 150, 64)
    for wave, mel in zip(waves, batched, strict=True):
        streamed = esc50.log_mel(wave, 16_000, Features()).astype(np.float32)
        # The stream's is kept as float16.
        np.testing.assert_allclose(mel.numpy(), streamed, atol=0.02)
