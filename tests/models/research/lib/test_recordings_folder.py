from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

import pytest

from models.recordings.shared_data import ENVIRONMENT
from models.research.lib.errors import ResearchError
from models.research.lib.recordings_folder import (
    given_or_shared,
    needed_recordings,
    recordings_or_simulated,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_the_named_folder_comes_before_the_shared_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "own").mkdir()
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    parser = ArgumentParser()
    assert needed_recordings(parser, Namespace()) == recordings_or_simulated() == tmp_path
    assert needed_recordings(parser, Namespace(data=None)) == tmp_path
    assert needed_recordings(parser, Namespace(data=tmp_path / "own")) == tmp_path / "own"


def test_a_named_folder_that_does_not_exist_ends_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        given_or_shared(ArgumentParser(), Namespace(data=tmp_path / "absent"))
    assert f"--data '{tmp_path / 'absent'}' is not a folder" in capsys.readouterr().err


def test_without_recordings_the_program_ends_or_days_are_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    for options, ways in (
        (Namespace(), ENVIRONMENT),
        (Namespace(data=None), f"--data or {ENVIRONMENT}"),
    ):
        with pytest.raises(SystemExit):
            needed_recordings(ArgumentParser(), options)
        assert f"expected {ways} to name their folder" in capsys.readouterr().err
    assert recordings_or_simulated() is None
    assert f"({ENVIRONMENT}): days are simulated" in capsys.readouterr().out


def test_a_misspelt_shared_folder_is_no_reason_to_simulate_for_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tmp_path / "absent"
    monkeypatch.setenv(ENVIRONMENT, str(absent))
    for read in (
        recordings_or_simulated,
        lambda: given_or_shared(ArgumentParser(), Namespace(data=None)),
    ):
        with pytest.raises(ResearchError) as refused:
            read()
        assert str(refused.value) == (
            f"EGOLOG_SHARED_DATA is '{absent}', which is not a folder; expected one of recordings, "
            "or none, for simulated life"
        )
