from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
# What a worker loads, in a process in which what its image lacks cannot be imported.
WORKER = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "torchaudio", "triton"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import streams.app
from bench.without_stream.networks import Networks
from infra.settings import load
Networks(load(None))
"""


def uninstall_pattern() -> re.Pattern[str]:
    """Return what the Dockerfile takes out of the worker's packages."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stage = text.split("AS worker-packages")[1].split("\nFROM ")[0]
    (pattern,) = re.findall(r"grep -E '(.*)'", stage)
    return re.compile(pattern)


def test_the_workers_image_lacks_torch_and_what_it_brings_and_nothing_else() -> None:
    lock = (ROOT / "requirements" / "worker.txt").read_text(encoding="utf-8")
    names = re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)
    out = {name for name in names if uninstall_pattern().search(name)}
    assert {"torch", "torchaudio", "triton", "nvidia-cublas"} <= out
    assert {name for name in out if not name.startswith(("nvidia-", "cuda-"))} == {
        "torch",
        "torchaudio",
        "triton",
    }


def test_a_worker_starts_on_what_its_image_has() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKER], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
