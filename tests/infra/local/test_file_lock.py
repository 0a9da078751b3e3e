from __future__ import annotations

import errno
import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from infra.errors import FinetuneError, ServiceError
from infra.local.embedded import EmbeddedServices
from infra.local.file_lock import lock, try_lock
from infra.local.redis_embedded import discard
from infra.settings import Settings
from streams.finetuning.folder_lock import FolderLock

if TYPE_CHECKING:
    from pathlib import Path


def test_a_lock_is_had_once_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as one, path.open("w") as other:
        assert try_lock(one.fileno(), path)
        assert not try_lock(other.fileno(), path)
        one.close()
        lock(other.fileno(), path)


def test_a_folder_in_use_is_told_from_a_disk_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        FolderLock(tmp_path),
        pytest.raises(FinetuneError, match="is in use by another fine-tuner"),
        FolderLock(tmp_path),
    ):
        pass

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    (tmp_path / "redis").mkdir()
    says = r"file \S+lock cannot be locked \(no locks available\): expected a folder on a disk that"
    with pytest.raises(ServiceError, match=says), FolderLock(tmp_path):
        pass
    with pytest.raises(ServiceError, match=says):
        discard(tmp_path)
    with pytest.raises(ServiceError, match=says):
        EmbeddedServices(Settings(run_dir=tmp_path, _env_file=None)).start()
