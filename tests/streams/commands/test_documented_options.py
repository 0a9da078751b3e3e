from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.warm_process import run_command

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    *(ROOT / "docs").glob("how-to/*.md"),
    *(ROOT / "docs").glob("[a-z]*.md"),
]
# Every option of our commands that the documentation names, by the command that has it, with a
# value where it takes one. `--help` at the end parses them as any run does, by Faust first, and
# does nothing else.
OPTIONS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("dead-letters", "list"): ("--topic=x", "--device=x", "--reason=x", "--from=x", "--to=x"),
    ("dead-letters", "replay"): ("--topic=x", "--device=x", "--reason=x", "--dry-run"),
    ("dead-letters", "purge"): ("--topic=x", "--from=x", "--to=x", "--dry-run"),
    ("devices", "pause", "DEVICE"): ("--until=2026-03-02T08:00:00Z",),
    ("finetune",): ("--once",),
    ("import", "PATH"): ("--dry-run", "--json", "--start=x", "--as=phyphox"),
    ("labels", "add", "ironing"): ("--describe=x",),
    ("log", "correct", "DEVICE"): ("--from=x", "--to=x", "--note=x"),
    ("log", "search", "DEVICE", "frying"): ("--zone=UTC",),
    ("log", "show", "DEVICE"): ("--summary", "--format=json", "--scenario=x", "--from=x", "--to=x"),
    ("log", "rebuild"): ("--from=x", "--device=x"),
    ("replay", "simulated:1"): (
        "--data=x",
        "--speed=max",
        "--devices=2",
        "--repeat",
        "--resume",
        "--device=x",
        "--session=x",
    ),
    ("status",): ("--behind=120", "--json"),
    ("topics",): ("--create", "--grow=8", "--force"),
}
# Those of other programs.
OTHERS = {
    "--json",
    "--seed",
    "--results",
    "--source",
    "--target",
    "--out",
    "--weights",
    "--ego4d",
    "--from-literal",
    "--ignore-not-found",
}


def options_of_pages() -> set[str]:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    lines = [line for line in text.splitlines() if not re.search(r"python -m|docker|pip ", line)]
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", "\n".join(lines)))


def test_every_option_that_a_page_names_is_run_here() -> None:
    ours = {option.partition("=")[0] for options in OPTIONS.values() for option in options}
    assert options_of_pages() - {"--help"} <= ours | OTHERS
    assert "--repeat" in options_of_pages()


@pytest.mark.parametrize("command", OPTIONS, ids=" ".join)
def test_options_are_taken_as_they_are_written(tmp_path: Path, command: tuple[str, ...]) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EGOLOG_")}
    status, out, err = run_command(
        (*command, *OPTIONS[command], "--help"), environment, 60.0, tmp_path
    )
    assert status == 0, out + err
    assert out.startswith("Usage: "), out + err
