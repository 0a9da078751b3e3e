"""A worker does not import torch: it takes 400 MB, and seconds to start."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import streams.app
import streams.engine.worker
import models.serving.candidate_check
from infra.settings import load
from models.serving.served import ALL
from streams.engine.startup import model_keys, open_registry, open_tagger
import streams.windower

settings = load()
registry = open_registry(settings)
for key in {*model_keys(settings), *ALL}:
    registry.open(key)
assert open_tagger(settings) is None
print(sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "torchaudio"}))
"""


def test_a_worker_imports_no_torch() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "[]"
