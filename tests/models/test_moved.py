from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.util import find_spec

import pytest

from models import MOVED

COMMANDS = {**MOVED, "infra.kafka": "infra.local.kafka"}
PACKAGES = {"models.adapt", "models.expert"}


@pytest.mark.parametrize("old", ["models.train", "models.adapt.coreset", "infra.kafka"])
def test_a_command_that_moved_says_where_and_exits_with_2(old: str) -> None:
    done = subprocess.run([sys.executable, "-m", old], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"{old} moved: run python -m {COMMANDS[old]}\n"


@pytest.mark.parametrize("old", sorted(COMMANDS.keys() - PACKAGES))
def test_what_a_moved_command_names_can_be_run(old: str) -> None:
    spec = find_spec(COMMANDS[old])
    assert spec is not None
    if spec.submodule_search_locations is not None:
        assert find_spec(f"{COMMANDS[old]}.__main__") is not None


def test_importing_what_moved_is_an_error_that_names_the_new_place() -> None:
    with pytest.raises(ImportError, match=r"models\.train moved to models\.research\.egolog"):
        importlib.import_module("models.train")


def test_what_never_was_is_still_not_found() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("models.nothing")
