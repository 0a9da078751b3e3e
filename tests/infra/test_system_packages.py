from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from infra import system_packages
from infra.system_packages import PACKAGES, main, missing

if TYPE_CHECKING:
    from pathlib import Path

FAKE_APT = """#!/bin/sh
echo "$@" >> {log}
cat {policy} >> {log}
for word in "$@"; do
  case $word in
    prometheus|maven) echo '#!/bin/sh' > {bin}/$word; chmod +x {bin}/$word;;
  esac
done
if [ -e {bin}/maven ]; then mv {bin}/maven {bin}/mvn; fi
"""


class Machine:
    """A PATH with nothing on it but what the test puts there."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "apt.log"
        self.policy = folder / "policy-rc.d"

    def add(self, *programs: str, text: str = "#!/bin/sh\n") -> None:
        for program in programs:
            (self.bin / program).write_text(text)
            (self.bin / program).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    for tool in ("cat", "chmod", "mv", "sh"):
        (machine.bin / tool).symlink_to(f"/bin/{tool}")
    monkeypatch.setenv("PATH", str(machine.bin))
    monkeypatch.setattr(system_packages, "POLICY", machine.policy)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return machine


def with_apt(machine: Machine) -> Machine:
    text = FAKE_APT.format(log=machine.log, policy=machine.policy, bin=machine.bin)
    machine.add("apt-get", text=text)
    return machine


def test_nothing_is_missing_where_any_program_of_each_package_is(machine: Machine) -> None:
    machine.add(
        "redis-server", "prometheus", "google-chrome", "mosquitto", "java", "mvn", "openssl"
    )
    assert missing() == []


def test_only_what_is_missing_is_installed_and_no_service_starts(machine: Machine) -> None:
    with_apt(machine).add("redis-server", "chromium", "mosquitto", "java", "openssl")
    assert main() == 0
    update, forbidden, install, forbidden_still = (
        machine.log.read_text().replace("#!/bin/sh\n", "").splitlines()
    )
    assert update.endswith(" update")
    assert install.endswith(" install --no-install-recommends prometheus maven")
    assert (forbidden, forbidden_still) == ("exit 101", "exit 101")
    assert not machine.policy.exists()
    assert missing() == []


def test_a_policy_that_was_there_stays(machine: Machine) -> None:
    with_apt(machine)
    machine.policy.write_text("exit 7\n")
    main()
    assert machine.policy.read_text() == "exit 7\n"


@pytest.mark.parametrize("why", ["no apt", "not root"])
def test_where_nothing_may_be_installed_it_names_what_is_missing_and_goes_on(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], why: str
) -> None:
    if why == "not root":
        with_apt(machine)
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PACKAGES)
    assert lines[1] == (
        "missing: prometheus (Debian: prometheus), for tests of the dashboard's queries; "
        "what needs it is skipped"
    )
    assert not machine.log.exists()


def test_a_failing_apt_is_one_line_and_no_failure(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.add("apt-get", text="#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n")
    assert main() == 0
    assert capsys.readouterr().err == "apt-get update failed: E: Unable to locate package\n"
    assert not machine.policy.exists()
