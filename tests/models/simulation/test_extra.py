from __future__ import annotations

import subprocess
import sys

# In a process of its own: what is imported once stays imported.
WITHOUT = """
import sys
sys.modules["pyroomacoustics"] = None
from models.recordings.protocol import RecordingError
from streams.demo.__main__ import main
from streams.producers.recordings import open_recordings
for spec in ("simulated:1:2", "composed-day:1"):
    try:
        open_recordings(spec)
    except RecordingError as error:
        print(error)
sys.stderr = sys.stdout
print(main(["--check"]))
"""
MISSING = (
    "simulated rooms need pyroomacoustics; install it with: "
    "pip install 'egolog-streams[simulation]'"
)


def test_what_needs_the_extra_says_so_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [MISSING, MISSING, f"error: {MISSING}", "1"]
