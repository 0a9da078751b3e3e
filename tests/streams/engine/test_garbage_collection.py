from __future__ import annotations

import subprocess
import sys

# Holds a hundred thousand objects, and prints how many a full collection looks at before and
# after, and what is left of the garbage that there was.
_LOOKED_AT = """
import gc
from weakref import ref
from streams.engine.garbage_collection import freeze_startup_objects

class Node:
    pass

gc.disable()
kept = [[number] for number in range(100_000)]
node = Node()
node.itself = node
garbage = ref(node)
del node
before = len(gc.get_objects())
freeze_startup_objects()
print(before, len(gc.get_objects()), garbage())
"""


def test_what_stays_is_not_looked_at_again_and_what_was_garbage_is_gone() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _LOOKED_AT], capture_output=True, text=True, check=True
    )
    before, after, garbage = ran.stdout.split()
    assert int(before) > 100_000
    assert int(after) < 1_000
    assert garbage == "None"
