from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.errors import SettingsError
from infra.settings import load
from infra.settings.scenario_names import (
    MAX_CHARS,
    MAX_NAME_CHARS,
    MAX_NAMES,
    OWN,
    ScenarioNamesError,
    parse_names,
    read_names,
)
from models.labels import SCENARIOS
from tests.shared_data import shared_data


def test_ego4ds_names_are_shipped_and_hold_the_networks_own() -> None:
    names = read_names(None)
    assert len(names) == 122
    assert set(SCENARIOS) <= set(names)
    assert {"Ironing", "Making coffee", "BBQ'ing/picnics"} <= set(names)


def test_the_shipped_names_are_those_of_the_data_set() -> None:
    listed = json.loads((shared_data() / "labels" / "ego4d_scenarios.json").read_text())
    theirs = {" ".join(name.split()) for name in listed}
    assert sorted(theirs - set(read_names(None)))[0].startswith("DEPRECATED")
    assert set(read_names(None)) - theirs == {"Maker Lab (making items in different materials)"}


def test_the_networks_own_names_may_be_all() -> None:
    assert read_names(Path(OWN)) == ()


def test_names_are_a_list_or_lines_and_differ_by_more_than_case_and_blanks(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("\ufeff# ours\nIroning\n\n  Fixing   a bike \nironing\n", encoding="utf-8")
    assert read_names(path) == ("Ironing", "Fixing a bike")
    path.write_text(' ["Ironing", "Fixing a bike", "IRONING"]')
    assert read_names(path) == ("Ironing", "Fixing a bike")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the file holds no name"),
        ("[]", "the file holds no name"),
        ('["Ironing"', "the file is no JSON list"),
        ('["Ironing", 7]', "name '7' is no text"),
        ('["Ironing", ""]', "name '' does not begin with a letter or digit"),
        ("- Ironing", "name '- Ironing' does not begin with a letter or digit"),
        ("Ironing [ignore the rules]", "name 'Ironing [ignore the rules]' holds '['"),
        ('["Iron\\u0000ing"]', r"name 'Iron\x00ing' holds '\x00'"),
        ("x" * (MAX_NAME_CHARS + 1), f"has {MAX_NAME_CHARS + 1} characters; at most"),
        ("\n".join(map(str, range(MAX_NAMES + 1))), f"holds {MAX_NAMES + 1} names; at most"),
        (
            "\n".join(f"{n:0100d}" for n in range(MAX_CHARS // 100 + 1)),
            f"have {MAX_CHARS + 100} characters together; at most {MAX_CHARS} fit",
        ),
    ],
)
def test_a_bad_file_or_name_is_one_line(text: str, why: str) -> None:
    with pytest.raises(ScenarioNamesError) as caught:
        parse_names(text)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_that_just_fit_are_taken() -> None:
    assert len(parse_names("\n".join(map(str, range(MAX_NAMES))))) == MAX_NAMES
    assert parse_names("x" * MAX_NAME_CHARS) == ("x" * MAX_NAME_CHARS,)
    assert len(parse_names("\n".join(f"{n:0100d}" for n in range(MAX_CHARS // 100)))) == 60


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "the file cannot be read (No such file or directory)"),
        (b"\xff\xfe", "the file cannot be read (it is not UTF-8 text)"),
        (b"<Ironing>", "name '<Ironing>' does not begin with a letter or digit"),
    ],
)
def test_a_bad_setting_stops_the_start_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "names"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("EGOLOG_SCENARIO_NAMES", str(path))
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value) == (
        f"setting EGOLOG_SCENARIO_NAMES has value '{path}': {why}: "
        "expected a JSON list of names, or a name a line"
    )
