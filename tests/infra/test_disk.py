from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from infra.disk import disk_problem, free_bytes, full_disk, unusable_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_disk_without_room_is_named_with_what_is_left(tmp_path: Path) -> None:
    free = free_bytes(tmp_path)
    assert free is not None
    assert disk_problem(tmp_path, min_free_bytes=1) is None
    line = disk_problem(tmp_path, min_free_bytes=2**62) or ""
    assert line.startswith(f"disk of {tmp_path} has ")


def test_a_folder_that_is_not_there_is_no_problem(tmp_path: Path) -> None:
    assert disk_problem(tmp_path / "none") is None


def test_a_full_disk_is_told_from_other_errors() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/run/replay.json")
    assert full_disk(full) == (
        "disk of /run/replay.json is full: make room, or set EGOLOG_RUN_DIR to a folder on another "
        "disk"
    )
    assert full_disk(OSError(errno.EACCES, "Permission denied", "/run/x")) is None


def test_a_file_that_cannot_be_used_is_named_and_nothing_else_is() -> None:
    absent = OSError(errno.ENOENT, "No such file or directory", "a.json")
    assert unusable_file(absent) == "file 'a.json' cannot be used: no such file or directory"
    # An error of two files, as a rename's, and the file that was to be written.
    renamed = OSError(errno.EISDIR, "Is a directory", "a.1.tmp", None, "a.json")
    assert unusable_file(renamed) == "file 'a.json' cannot be used: is a directory"
    full = OSError(errno.ENOSPC, "No space left on device", "a.json")
    assert unusable_file(full) == full_disk(full)
    for other in (BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError("no number")):
        with pytest.raises(OSError, match=r"Broken pipe|no number") as raised:
            unusable_file(other)
        assert raised.value is other
