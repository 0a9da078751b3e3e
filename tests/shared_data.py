"""The folder of real recordings, for tests that need them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_data() -> Path:
    """Return the folder of data sets; skips the test if it does not exist."""
    default = Path(__file__).parents[2] / "shared" / "data"
    data = Path(os.environ.get("EGOLOG_SHARED_DATA") or default)
    if not data.is_dir():
        pytest.skip(f"no recordings at {data}; set EGOLOG_SHARED_DATA")
    return data
