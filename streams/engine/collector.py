"""Python's garbage collector, which else walks through the whole program while everybody waits.

A full collection looks at every object that may hold others: what a worker imports makes more than
a hundred thousand, and a tenth of a second in which no thread runs. It comes the sooner the
more is held, so that a device that sends single samples had other wearers' windows wait for it.
"""

from __future__ import annotations

import gc


def freeze_startup_objects() -> None:
    """Collect what is garbage by now, and never look at what is not again.

    Call it once all is there that stays for as long as the process.
    """
    gc.collect()
    gc.freeze()
