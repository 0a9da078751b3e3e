"""Every file or folder of the repository that a page names is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# What was renamed stays in the history under the name that it had.
HISTORY = "CHANGELOG.md"
FOLDERS = "bench|docs|infra|models|operators|requirements|schemas|streams|tests"
# Names with braces, stars or capitals stand for several files.
NAMED = re.compile(rf"`((?:{FOLDERS})/[a-z0-9_./-]+)`")


def pages() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.split() if name != HISTORY]


@pytest.mark.parametrize("page", pages())
def test_what_a_page_names_is_there(page: str) -> None:
    named = set(NAMED.findall((REPOSITORY / page).read_text("utf-8")))
    # Modules are named without their ending in tables of modules.
    missing = {
        name
        for name in named
        if not (REPOSITORY / name).exists() and not (REPOSITORY / f"{name}.py").exists()
    }
    assert missing == set()
