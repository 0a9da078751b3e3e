"""Damage of what research wearables export is a skipped file or a counted row, never a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.models.recordings.imports import wearables
from tests.models.recordings.imports.opening import import_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITERS = (wearables.axivity, wearables.geneactiv, wearables.actigraph, wearables.bids)
KEPT_BYTES = 30_000
PIECES = [b"\n", b",", b'"', b"\0", b";", b"nan", b"-", b"9" * 400, b"1e400", b"\r", b"\t", b"0"]


def damage(data: bytes, random: np.random.Generator) -> bytes:
    """Return the beginning of a file with bytes deleted, inserted and changed, mostly early."""
    out = bytearray(data[:KEPT_BYTES])
    for _ in range(random.choice([1, 5, 50])):
        place = int(random.integers(min(len(out), random.choice([400, KEPT_BYTES])) or 1))
        how = random.random()
        if how < 0.3:
            del out[place : place + int(random.integers(1, 80))]
        elif how < 0.6:
            out[place:place] = PIECES[random.integers(len(PIECES))]
        elif out:
            out[min(place, len(out) - 1)] = random.integers(256)
    return bytes(out)


@pytest.mark.parametrize("writer", WRITERS)
def test_damage_is_never_more_than_a_reason_in_one_line(
    tmp_path: Path, writer: Callable[[Path], Path]
) -> None:
    root = writer(tmp_path)
    files = {p: p.read_bytes() for p in ([root] if root.is_file() else root.rglob("*.*"))}
    files = {p: data for p, data in files.items() if data}
    read = 0
    # `make fuzz` damages them thousands of times.
    for seed in range(50):
        random = np.random.default_rng(seed)
        hit = random.choice(sorted(files))
        for path, data in files.items():
            path.write_bytes(damage(data, random) if path == hit else data[:KEPT_BYTES])
        found = import_of(root)
        assert found.recordings or found.skipped
        assert all("\n" not in reason for _, reason in found.skipped)
        for recording in found.recordings:
            read += 1
            assert all(np.isfinite(chunk.acc).all() for chunk in recording.imu())
    assert read > 10
