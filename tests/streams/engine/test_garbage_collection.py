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


# Prints how many objects that an import made a later collection looks at, how many collections
# ran meanwhile, and whether collections run again.
_IMPORTED = """
import gc
from streams.engine.garbage_collection import frozen_imports

runs = []
gc.callbacks.append(lambda phase, info: runs.append(phase))
try:
    with frozen_imports():
        import decimal, email.message, http.client
        kept = [[number] for number in range(100_000)]
        raise ImportError
except ImportError:
    pass
ran = len(runs)
print(sum(isinstance(each, list) for each in gc.get_objects()), ran, gc.isenabled())
"""


def test_imports_are_not_looked_at_while_they_run_nor_later() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=True
    )
    lists, collections, enabled = ran.stdout.split()
    assert int(lists) < 1_000
    assert collections == "0"
    assert enabled == "True"
