"""Kafka's jars, downloaded once by Maven and shared by all servers of the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from infra.errors import ServiceError
from infra.local.file_lock import locked
from infra.local.kafka.java import find_program

POM = Path(__file__).parent / "pom.xml"
FETCH_TIMEOUT_S = 600.0


def libs_dir() -> Path:
    """Return `EGOLOG_KAFKA_LIBS`, else `.run/kafka/libs`."""
    return Path(os.environ.get("EGOLOG_KAFKA_LIBS") or ".run/kafka/libs").absolute()


def resolve_jars(libs: Path | None = None) -> Path:
    """Return the folder of jars, downloading them if they do not match the pom.

    Raises `BinaryMissingError` without Maven, and `ServiceError` if it fails.
    """
    libs = libs or libs_dir()
    with locked(libs.with_name(f"{libs.name}.lock")):
        if not _complete(libs):
            _fetch(libs)
    return libs


def _complete(libs: Path) -> bool:
    # Copied last, so that its presence means that all jars are complete.
    copy = libs / POM.name
    return copy.is_file() and copy.read_bytes() == POM.read_bytes()


def _fetch(libs: Path) -> None:
    maven = find_program("mvn", "maven")
    draft = libs.with_name(f"{libs.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    command = [
        *(str(maven), "-q", "-B", "-f", str(POM)),
        "dependency:copy-dependencies",
        f"-DoutputDirectory={draft}",
        "-DincludeScope=runtime",
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceError(
            f"apache kafka's jars are not here after {FETCH_TIMEOUT_S:g} s: is Maven online?"
        ) from error
    if done.returncode != 0:
        raise ServiceError(f"apache kafka's jars cannot be fetched: {_first_error(done.stdout)}")
    shutil.copy(POM, draft / POM.name)
    shutil.rmtree(libs, ignore_errors=True)
    draft.rename(libs)


def _first_error(output: str) -> str:
    lines = [line for line in output.splitlines() if line.startswith("[ERROR]")]
    return lines[0].removeprefix("[ERROR]").strip() if lines else "mvn gave no reason"
