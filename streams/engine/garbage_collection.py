"""Keeps Python's garbage collector from traversing the whole program while all threads wait.

A full collection visits every container object. A worker's imports alone make more than a hundred
thousand, which stops all threads for a tenth of a second. Collections are more frequent the more is
allocated, so a device that sends single samples delayed the windows of all wearers.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def frozen_imports() -> Iterator[None]:
    """Import without collections, and exempt from later ones all objects that exist by then.

    Modules live as long as the process, and importing them makes next to no garbage, but so many
    objects that a tenth of the time is spent on looking for it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def freeze_startup_objects() -> None:
    """Collect the garbage so far, and exempt the surviving objects from later collections.

    Call it once everything has been created that lives as long as the process.
    """
    gc.collect()
    gc.freeze()
