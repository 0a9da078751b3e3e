from __future__ import annotations

import platform
import subprocess
import sys

import numpy as np
import pytest
from scipy import signal

from models.network.polyphase import hann, low_pass, resample

# Where a compiler may fuse a product and a sum, scipy's last bit is another.
FUSED = 0.0 if platform.machine() == "x86_64" else 1e-12


@pytest.mark.parametrize("count", [1, 2, 60, 119, 512])
def test_windows_are_scipys(count: int) -> None:
    for periodic in (True, False):
        want = signal.get_window("hann", count, fftbins=periodic)
        if count > 1:
            np.testing.assert_array_equal(hann(count, periodic=periodic), want)


@pytest.mark.parametrize(("up", "down"), [(2, 5), (1, 3), (160, 441), (20, 31), (1, 40), (2, 1)])
@pytest.mark.parametrize("count", [1, 2, 99, 250])
def test_resampling_is_scipys(up: int, down: int, count: int) -> None:
    rows = np.random.default_rng(count).normal(3, 9, (count, 6))
    taps = signal.firwin(20 * max(up, down) + 1, 1.0 / max(up, down), window=("kaiser", 5.0))
    np.testing.assert_array_equal(low_pass(up, down), taps)
    if count == 1:
        assert resample(rows, up, down).shape == (-(-up // down), 6)
        return
    want = signal.resample_poly(rows, up, down, axis=0, padtype="line")
    np.testing.assert_allclose(resample(rows, up, down), want, rtol=0, atol=FUSED)


def test_some_rows_are_those_of_the_whole() -> None:
    rows = np.random.default_rng(0).normal(3, 9, (2_000, 6))
    places = np.concatenate([np.arange(700, 10, -1), [799, 0, 0]])
    some = resample(rows, 2, 5, places)
    np.testing.assert_array_equal(some, resample(rows, 2, 5)[places])


def test_a_worker_at_16_khz_does_not_import_scipys_signals() -> None:
    script = (
        "import sys, streams.app, streams.engine.worker, streams.windower;"
        "print('scipy.signal' in sys.modules, 'scipy.stats' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.stdout.splitlines()[-1:] == ["False False"], ended.stderr
