"""Install the programs that the tests need: `python -m infra.system_packages`.

As root on Debian it installs missing packages; elsewhere it lists them, and the tests that need
them are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INSTALL_TIMEOUT_S = 900.0
# Debian packages consult this before starting a service; status 101 forbids it.
POLICY = Path("/usr/sbin/policy-rc.d")
_FORBID = "#!/bin/sh\nexit 101\n"


@dataclass(frozen=True)
class Package:
    """A Debian package, alternative programs that make it unnecessary, and its purpose."""

    name: str
    programs: tuple[str, ...]
    purpose: str


PACKAGES: tuple[Package, ...] = (
    Package("redis-server", ("redis-server",), "tests on a Redis that is not embedded"),
    Package("prometheus", ("prometheus",), "tests of the dashboard's queries"),
    Package("chromium", ("chromium", "chromium-browser", "google-chrome"), "tests of the page"),
    Package("mosquitto", ("mosquitto",), "tests of notifications over MQTT"),
    Package("default-jre-headless", ("java",), "Apache Kafka"),
    Package("maven", ("mvn",), "fetching Apache Kafka"),
    Package("openssl", ("openssl",), "certificates for tests of Kafka and Redis with TLS"),
)


def missing() -> list[Package]:
    """Return the packages none of whose programs is on PATH."""
    return [
        package
        for package in PACKAGES
        if not any(shutil.which(program) for program in package.programs)
    ]


def can_install() -> bool:
    """Return whether this is Debian and we are root."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(names: Sequence[str]) -> str | None:
    """Install Debian packages without starting their services; return an error line, or None."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    with _no_services():
        for arguments in (["update"], ["install", "--no-install-recommends", *names]):
            try:
                done = subprocess.run(
                    ["apt-get", *options, *arguments],
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=INSTALL_TIMEOUT_S,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return f"apt-get {arguments[0]} did not end within {INSTALL_TIMEOUT_S:g} s"
            if done.returncode != 0:
                errors = [line for line in done.stderr.splitlines() if line.startswith("E:")]
                reason = errors[0] if errors else f"status {done.returncode}"
                return f"apt-get {arguments[0]} failed: {reason}"
    return None


def main() -> int:
    """Install or list missing programs; returns 0 even if some are missing."""
    lacking = missing()
    if lacking and can_install():
        names = [package.name for package in lacking]
        print(f"installing {', '.join(names)}", flush=True)
        error = install(names)
        if error:
            print(error, file=sys.stderr)
        lacking = missing()
    for package in lacking:
        print(
            f"missing: {package.programs[0]} (Debian: {package.name}), for {package.purpose}; "
            "what needs it is skipped"
        )
    return 0


@contextmanager
def _no_services() -> Iterator[None]:
    if POLICY.exists():
        yield
        return
    POLICY.write_text(_FORBID, encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
