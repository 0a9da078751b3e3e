from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.formats.arrays import load
from models.recordings.formats.npz import MAX_UNPACKED_BYTES, open_npz
from models.recordings.formats.safe_pickle import UnsafePickleError, read_arrays
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path


def bomb(path: Path) -> Path:
    """Write an archive of under a megabyte whose one array is larger than what is read."""
    block = bytes(1 << 20)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w", force_zip64=True) as member,
    ):
        for _ in range(MAX_UNPACKED_BYTES // len(block) + 1):
            member.write(block)
    assert path.stat().st_size < 1_000_000
    return path


def claims(path: Path, count: int) -> Path:
    """Write an archive whose array says that it has `count` numbers, and has none."""
    header = io.BytesIO()
    described = {"descr": "<f8", "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(header, described)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", header.getvalue())
    return path


def test_arrays_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "good.npz", a=np.arange(3))
    with open_npz(tmp_path / "good.npz", max_bytes=1_000) as arrays:
        assert arrays["a"].tolist() == [0, 1, 2]


def test_an_archive_that_would_fill_the_memory_is_refused_by_every_reader(tmp_path: Path) -> None:
    path = bomb(tmp_path / "bomb.npz")
    with pytest.raises(RecordingError, match=r"unpacks to .* bytes; expected at most"):
        load(path, ["a"])
    with pytest.raises(UnsafePickleError, match=r"unpacks to .* bytes; expected at most"):
        read_arrays(path)


@pytest.mark.parametrize("count", [10**6, 2**50])
def test_an_array_that_claims_more_than_it_has_is_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(RecordingError, match="not a readable"):
        load(claims(tmp_path / "claims.npz", count), ["a"])


def test_one_array_is_no_archive(tmp_path: Path) -> None:
    with (tmp_path / "one.npz").open("wb") as file:
        np.save(file, np.arange(3))
    with pytest.raises(RecordingError, match="is one array; expected an archive"):
        load(tmp_path / "one.npz", ["a"])


def test_a_damaged_archive_is_refused_by_every_reader(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "good.npz", a=np.arange(99.0))
    good = (tmp_path / "good.npz").read_bytes()
    directory = good.index(b"PK\x01\x02")
    encrypted, method, place = bytearray(good), bytearray(good), bytearray(good)
    encrypted[directory + 8] |= 1
    method[directory + 10] = method[8] = 77
    place[directory + 42 : directory + 46] = b"\xff\xff\xff\xfe"
    path = tmp_path / "bad.npz"
    for data in (encrypted, method, place, good[:-30], good[:60] + good[90:]):
        path.write_bytes(data)
        with pytest.raises(RecordingError, match="not a readable"):
            load(path, ["a"])
        with pytest.raises(UnsafePickleError):
            read_arrays(path)
