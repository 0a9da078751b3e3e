from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import BinaryMissingError, ServiceError
from infra.local.kafka.jars import POM, libs_dir, resolve_jars

FAKE_MAVEN = """#!/bin/sh
for word in "$@"; do
  case $word in -DoutputDirectory=*) folder=${word#*=};; esac
done
mkdir -p "$folder"
echo jar > "$folder/kafka.jar"
echo run >> "${folder%/*}/runs"
"""
BROKEN_MAVEN = """#!/bin/sh
echo "[INFO] Scanning"
echo "[ERROR] Could not transfer artifact kafka_2.13"
echo "[ERROR] Re-run with -X"
exit 1
"""


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in Maven's place, so that these tests fetch nothing."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    path = folder / "mvn"
    path.write_text(FAKE_MAVEN)
    path.chmod(0o755)
    return path


def test_jars_are_fetched_once(maven: Path, tmp_path: Path) -> None:
    libs = tmp_path / "kafka" / "libs"
    assert resolve_jars(libs) == libs
    assert (libs / "kafka.jar").is_file()
    resolve_jars(libs)
    assert (libs.parent / "runs").read_text() == "run\n"


def test_jars_of_another_pom_are_fetched_again(maven: Path, tmp_path: Path) -> None:
    libs = tmp_path / "kafka" / "libs"
    resolve_jars(libs)
    (libs / POM.name).write_text("<project/>")
    (libs / "old.jar").touch()
    resolve_jars(libs)
    assert (libs.parent / "runs").read_text() == "run\nrun\n"
    assert not (libs / "old.jar").exists()


def test_a_failed_fetch_is_mavens_first_error_and_leaves_no_jars(
    maven: Path, tmp_path: Path
) -> None:
    maven.write_text(BROKEN_MAVEN)
    with pytest.raises(ServiceError) as caught:
        resolve_jars(tmp_path / "libs")
    assert str(caught.value) == (
        "apache kafka's jars cannot be fetched: Could not transfer artifact kafka_2.13"
    )
    assert not (tmp_path / "libs").exists()


def test_a_missing_program_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BinaryMissingError) as caught:
        resolve_jars(tmp_path / "libs")
    assert str(caught.value) == (
        "apache kafka needs mvn, which is not on PATH: install it (Debian: maven)"
    )


def test_jars_may_be_shared_by_many_checkouts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EGOLOG_KAFKA_LIBS", str(tmp_path))
    assert libs_dir() == tmp_path
    monkeypatch.delenv("EGOLOG_KAFKA_LIBS")
    assert libs_dir() == Path.cwd() / ".run" / "kafka" / "libs"
