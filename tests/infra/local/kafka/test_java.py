from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import BinaryMissingError
from infra.local.kafka.java import find_java

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put_java(folder: Path, line: str) -> None:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho '{line}' >&2\n")
    java.chmod(0o755)


def test_a_missing_java_is_named_with_its_package(folder: Path) -> None:
    with pytest.raises(BinaryMissingError) as caught:
        find_java()
    assert str(caught.value) == (
        "apache kafka needs java, which is not on PATH: install it (Debian: default-jre-headless)"
    )


@pytest.mark.parametrize(
    "line", ['openjdk version "11.0.20" 2023-07-18', 'java version "1.8.0_202"', "no such command"]
)
def test_a_java_that_is_too_old_is_quoted(folder: Path, line: str) -> None:
    put_java(folder, line)
    with pytest.raises(BinaryMissingError) as caught:
        find_java()
    assert str(caught.value) == (
        f"apache kafka needs Java 17 or later, but {folder / 'java'} says {line!r}"
    )


@pytest.mark.parametrize("version", ["17.0.15", "21", "25-ea"])
def test_a_java_that_is_new_enough_is_taken(folder: Path, version: str) -> None:
    put_java(folder, f'openjdk version "{version}" 2025-04-15')
    assert find_java() == folder / "java"
