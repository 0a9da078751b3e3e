from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

from infra.settings import Settings, env_name

FOLDER = Path(__file__).parents[2] / "infra" / "systemd"
COMMANDS = {"egolog-worker@.service": "worker", "egolog-finetune.service": "finetune"}


class Repeated(dict[str, str]):
    """Joins the values of a key that a unit has several times, such as Environment."""

    def __setitem__(self, key: str, value: str | list[str]) -> None:
        if isinstance(value, list) and key in self and isinstance(self[key], list):
            value = [*self[key], *value]
        super().__setitem__(key, value)  # type: ignore[assignment]


def unit_of(name: str) -> ConfigParser:
    unit = ConfigParser(dict_type=Repeated, interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read(FOLDER / name)
    return unit


def environment(name: str) -> dict[str, str]:
    return dict(each.split("=", 1) for each in unit_of(name)["Service"]["Environment"].split())


def test_every_unit_is_tested() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_unit_starts_its_command_again_and_sets_settings_that_there_are(name: str) -> None:
    unit = unit_of(name)
    assert unit["Service"]["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Service"]["ExecStart"].endswith(f"faust -A streams.app {COMMANDS[name]}")
    known = {env_name(field) for field in Settings.model_fields} | {"PYTHONUNBUFFERED"}
    assert set(environment(name)) <= known


def test_workers_find_the_revisions_of_the_fine_tuner_though_their_run_folders_differ() -> None:
    worker, finetuner = (environment(name) for name in COMMANDS)
    assert worker["EGOLOG_RUN_DIR"] != finetuner["EGOLOG_RUN_DIR"]
    assert worker["EGOLOG_REVISIONS_URL"] == finetuner["EGOLOG_REVISIONS_URL"]
