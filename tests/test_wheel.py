"""The package as people get it: a wheel, installed beside its dependencies, used from a folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from infra.local.probe import free_port
from tests.pipeline.running import wait_for

ROOT = Path(__file__).parents[1]
PACKAGES = ("schemas", "operators", "models", "infra", "streams")
START_S = 180.0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy, since building leaves folders behind."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in PACKAGES:
        shutil.copytree(
            ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the wheel, and the dependencies but not the project of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    program = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", program, "install", "--no-deps", wheel)
    # A path in a .pth file is searched for modules, but not for .pth files: an editable install of
    # the project stays out.
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return program


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    listed = run("git", "-C", ROOT, "ls-files", "--", *PACKAGES).split()
    assert len(listed) > 300
    with zipfile.ZipFile(wheel) as archive:
        assert sorted(set(listed) - set(archive.namelist())) == []


def test_the_wheel_says_that_its_packages_are_typed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert {f"{name}/py.typed" for name in PACKAGES} <= set(archive.namelist())


def test_from_an_empty_folder_a_worker_logs_a_simulated_day_and_shows_its_page(
    python: Path, tmp_path: Path
) -> None:
    where = run(python, "-c", "import streams; print(streams.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(python.parents[1])
    port = free_port()
    app: list[str | Path] = [python, "-m", "faust", "-A", "streams.app"]
    log = tmp_path / "worker.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*app, "worker", "-l", "info"],
            cwd=tmp_path,
            env=environment(port),
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as worker,
    ):
        try:
            wait_for(
                lambda: b"Worker ready" in log.read_bytes() or worker.poll() is not None,
                START_S,
                log.read_text,
            )
            assert worker.poll() is None, log.read_text()
            printed = run(
                *app, "replay", "simulated:1:2", "--speed", "max", cwd=tmp_path, port=port
            )
            assert "replayed 1 recording(s) of 120 s" in printed
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as page:
                wait_for(
                    lambda: [d["scenarios"] for d in page.get("/api/devices").json()] == [4],
                    START_S,
                    log.read_text,
                )
                index = page.get("/").raise_for_status().text
                assert "<title>" in index
                assert page.get("/static/page.js").raise_for_status().text
        finally:
            worker.send_signal(signal.SIGINT)
            worker.wait(60)


def environment(port: int | None = None) -> dict[str, str]:
    """Return this process's environment without what would lead to the checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EGOLOG_", "PYTHON"))}
    return kept if port is None else kept | {"EGOLOG_WEB_PORT": str(port)}


def run(*command: str | Path, cwd: Path | None = None, port: int | None = None) -> str:
    """Return what a command prints; its status must be 0."""
    done = subprocess.run(
        command, cwd=cwd, env=environment(port), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
