from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from tests import kernels

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

HASWELL = "processor\t: 0\nflags\t\t: fpu fma avx avx2\nbugs\t\t: x\n"
SKYLAKE = HASWELL.replace("avx2", "avx2 avx512f avx512bw avx512cd avx512dq avx512vl")


def runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cpuinfo: str, statuses: dict[str, int]
) -> tuple[int, list[str]]:
    """Return the status of the command, and the settings under which pytest was started."""
    started: list[str] = []

    def run(command: list[str], env: dict[str, str], check: bool) -> Any:
        assert command[1:] == ["-m", "pytest", "-k", "gate"]
        chosen = [f"{v}={env[v]}" for v in ("OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY") if v in env]
        started.append(" ".join(chosen))
        return subprocess.CompletedProcess(command, statuses.get(started[-1], 0))

    (tmp_path / "cpuinfo").write_text(cpuinfo, encoding="utf-8")
    monkeypatch.setattr(kernels, "Path", lambda path: tmp_path / "cpuinfo")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")
    return kernels.main(["-k", "gate"]), started


def test_each_setting_runs_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    status, started = runs(monkeypatch, tmp_path, SKYLAKE, {})
    assert status == 0
    assert started == [str(setting) for setting in kernels.SETTINGS]
    assert len(started) == 4


def test_what_the_processor_cannot_run_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, started = runs(monkeypatch, tmp_path, HASWELL, {})
    assert status == 0
    assert "OPENBLAS_CORETYPE=SkylakeX" not in started
    assert "SkylakeX       not run: this processor has no avx512" in capsys.readouterr().out


def test_one_setting_that_fails_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, started = runs(monkeypatch, tmp_path, SKYLAKE, {"ATEN_CPU_CAPABILITY=avx2": 1})
    assert status == 1
    assert len(started) == 4
    assert "ATEN_CPU_CAPABILITY=avx2         failed: pytest ended with 1" in capsys.readouterr().out


def test_instructions_are_those_of_every_core() -> None:
    assert kernels.instructions(SKYLAKE + HASWELL) == {"fpu", "fma", "avx", "avx2"}
    assert kernels.instructions("") == set()
