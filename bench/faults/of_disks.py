"""A disk that is full: the broker's, the store's, or that of the workers' run folders."""

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
# What could not write may take a moment to find that it cannot go on.
_ENDS_S = 2.0


class FullDisk(Fault):
    """Nothing can be written any more, until somebody makes room and starts what has ended."""

    own_disk = True

    @staticmethod
    @abstractmethod
    def folder(site: Site) -> Path:
        """Return where the disk is mounted."""

    async def strike(self, site: Site) -> None:
        """Fill it, make room again, and start what ended."""
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
    """The broker ends where it cannot write a log."""

    name = f"the broker's disk is full for {_FULL_S:g} s"

    @staticmethod
    def folder(site: Site) -> Path:
        """Return the folder of its data."""
        return site.services.store_folder / "kafka"


class FullStoreDisk(FullDisk):
    """The store ends where it cannot write its append-only file."""

    name = f"the store's disk is full for {_FULL_S:g} s"

    @staticmethod
    def folder(site: Site) -> Path:
        """Return the folder of its file."""
        return site.services.store_folder / "redis"


class FullRunDisk(FullDisk):
    """Workers keep nothing in their run folders that a log needs."""

    name = f"the disk of the workers' run folders is full for {_FULL_S:g} s"

    @staticmethod
    def folder(site: Site) -> Path:
        """Return the folder that holds theirs."""
        return site.settings.run_dir


def fill(ballast: Path) -> None:
    """Write until not one byte more fits."""
    size = 1 << 20
    with ballast.open("wb", buffering=0) as file:
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


@contextmanager
def small_disks(folders: Sequence[Path], size_mb: int = _SIZE_MB) -> Iterator[None]:
    """Mount a disk in memory on each of new folders; raises `ServiceError` where nobody may."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    with ExitStack() as stack:
        for folder in folders:
            folder.mkdir(parents=True)
            command = [str(mount), "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
            done = None if mount is None else _done(command)
            if done is None or done.returncode:
                raise ServiceError(f"no disk can be mounted on {folder}: expected Linux, as root")
            # Lazily: what still writes there must not keep the folder.
            stack.callback(_done, [str(umount), "-l", str(folder)])
        yield


def _done(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, check=False)


FAULTS: tuple[type[FullDisk], ...] = (FullBrokerDisk, FullStoreDisk, FullRunDisk)
