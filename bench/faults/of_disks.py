"""Full disks: the broker's, the store's, or that of the workers' run folders."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from abc import abstractmethod
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from bench.faults.fault import Fault, Site
from infra.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_SIZE_MB = 512
_FULL_S = 8.0
# A program may take a moment to notice that it cannot write.
_ENDS_S = 2.0


class FullDisk(Fault):
    """Nothing can be written until an operator frees space and restarts what has exited."""

    own_disk = True

    @staticmethod
    @abstractmethod
    def folder(site: Site) -> Path:
        """Return the disk's mount point."""

    async def strike(self, site: Site) -> None:
        """Fill the disk, free it again, and restart what exited."""
        ballast = self.folder(site) / "ballast"
        await asyncio.to_thread(fill, ballast)
        await asyncio.sleep(_FULL_S)
        ballast.unlink()
        await asyncio.sleep(_ENDS_S)
        for name, each in (("broker", site.services.kafka), ("store", site.services.store)):
            if not each.runs:
                site.notes.append(f"the {name} had ended and was started again")
                each.kill()
                each.start()


class FullBrokerDisk(FullDisk):
    """The broker exits if it cannot write a log."""

    name = f"the broker's disk is full for {_FULL_S:g} s"

    @staticmethod
    def folder(site: Site) -> Path:
        """Return the broker's data folder."""
        return site.services.store_folder / "kafka"


class FullStoreDisk(FullDisk):
    """The store exits if it cannot write its append-only file."""

    name = f"the store's disk is full for {_FULL_S:g} s"

    @staticmethod
    def folder(site: Site) -> Path:
        """Return the store's data folder."""
        return site.services.store_folder / "redis"


class FullRunDisk(FullDisk):
    """Run folders hold nothing that the log depends on."""

    name = f"the disk of the workers' run folders is full for {_FULL_S:g} s"

    @staticmethod
    def folder(site: Site) -> Path:
        """Return the folder of the run folders."""
        return site.settings.run_dir


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    size = 1 << 20
    with ballast.open("wb", buffering=0) as file:
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


@contextmanager
def small_disks(folders: Sequence[Path], size_mb: int = _SIZE_MB) -> Iterator[None]:
    """Mount a tmpfs on each of new folders; raises `ServiceError` if that is not permitted."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    with ExitStack() as stack:
        for folder in folders:
            folder.mkdir(parents=True)
            command = [str(mount), "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
            done = None if mount is None else _run(command)
            if done is None or done.returncode:
                raise ServiceError(f"no disk can be mounted on {folder}: expected Linux, as root")
            # Lazily, because a program may still have files open there.
            stack.callback(_run, [str(umount), "-l", str(folder)])
        yield


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, check=False)


FAULTS: tuple[type[FullDisk], ...] = (FullBrokerDisk, FullStoreDisk, FullRunDisk)
