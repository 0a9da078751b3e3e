"""A disk that is full: the broker's, the store's and the workers' run folders are on it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.faults.fault import Fault, Site
from infra.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SIZE_MB = 1_024
_FULL_S = 8.0


class FullDisk(Fault):
    """Nothing can be written any more, until somebody makes room."""

    name = f"the disk of broker, store and workers is full for {_FULL_S:g} s"
    own_topics = True
    own_disk = True

    async def strike(self, site: Site) -> None:
        """Fill it, make room again, and start what ended."""
        ballast = site.services.store_folder / "ballast"
        fill(ballast)
        await asyncio.sleep(_FULL_S)
        ballast.unlink()
        for name, each in (("broker", site.services.kafka), ("store", site.services.store)):
            if not each.runs:
                site.notes.append(f"the {name} had ended and was started again")
                each.kill()
                each.start()


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
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of 1 GB in memory on a new folder; raises `ServiceError` where nobody may."""
    folder.mkdir(parents=True)
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", f"size={_SIZE_MB}m", "tmpfs", str(folder)]
    done = None if mount is None else subprocess.run(command, capture_output=True, check=False)
    if done is None or done.returncode:
        raise ServiceError("no disk can be mounted here: expected Linux, as root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


FAULTS: tuple[type[Fault], ...] = (FullDisk,)
