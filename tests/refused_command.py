"""A command of the app that is expected to refuse."""

from __future__ import annotations

import os
from pathlib import Path

from tests.warm_process import run_command


def refusal(folder: Path, command: tuple[str, ...], **variables: str) -> str:
    """Run a command of the app in `folder`; return the one line with which it refuses."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EGOLOG_")}
    root = Path(__file__).parents[1]
    status, out, err = run_command(
        command, {**environment, "PYTHONPATH": str(root), **variables}, 60.0, folder
    )
    assert status != 0, out + err
    assert err.count("\n") == 1, err
    assert err.startswith("error: "), err
    assert "Traceback" not in out
    return err
