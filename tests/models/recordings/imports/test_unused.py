from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.models.recordings.imports.opening import import_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.cwa", b"MD\xfc\x03", "is a recording of an Axivity; export it as CSV with OmGui"),
        (
            "a.gt3x",
            b"PK\x03\x04",
            "is a recording of an ActiGraph; export it as CSV with ActiLife, as raw data",
        ),
        (
            "a.bin",
            b"Device Identity\r\nDevice Unique Serial Code:023123\r\n",
            "is a recording of a GENEActiv; export it as CSV with GENEActiv PC Software",
        ),
        ("b.bin", b"\x00\x01", "is no table of text (its name ends in '.bin')"),
    ],
)
def test_a_makers_binary_file_is_named_with_the_export_that_works(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / f"packed-{name}.gz").write_bytes(gzip.compress(data))
    skipped = dict(import_of(tmp_path).skipped)
    assert skipped[name].startswith(reason)
    assert skipped[f"packed-{name}.gz"].startswith(reason)
