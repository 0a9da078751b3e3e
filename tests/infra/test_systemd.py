from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

from infra.settings import Settings, env_name

UNIT = Path(__file__).parents[2] / "infra" / "systemd" / "egolog-worker@.service"


def test_the_unit_starts_a_worker_again_and_sets_settings_that_there_are() -> None:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read(UNIT)
    service = unit["Service"]
    assert service["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert service["ExecStart"].endswith("faust -A streams.app worker")
    names = [each.partition("=")[0] for each in service["Environment"].split()]
    known = {env_name(name) for name in Settings.model_fields} | {"PYTHONUNBUFFERED"}
    assert set(names) <= known
