from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import SettingsError
from infra.settings import Settings, env_name, load
from infra.settings.deprecated import FIXED_S, REMOVED, RENAMED
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SEGMENT_S, SPATIAL_WINDOW_S

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("nothing_set")

OLD, NEW = "EGOLOG_REFINE_BELOW", "EGOLOG_LLM_CONFIDENCE_THRESHOLD"


def test_every_new_name_is_a_setting_and_no_old_one_is() -> None:
    names = {env_name(field) for field in Settings.model_fields}
    assert set(RENAMED.values()) <= names
    assert not names & {*RENAMED, *FIXED_S, *REMOVED}


def test_new_names_and_nothing_set_warn_of_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    load()
    monkeypatch.setenv(NEW, "0.25")
    load()
    assert not caplog.messages


@pytest.mark.parametrize("old", RENAMED)
@pytest.mark.parametrize("source", ["environment", "file"])
def test_an_old_name_sets_the_new_setting_with_one_warning(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    old: str,
    source: str,
) -> None:
    if source == "environment":
        monkeypatch.setenv(old, "0.25")
    else:
        (tmp_path / ".env").write_text(f"{old}=0.25\n")
    settings = load()
    field = RENAMED[old].removeprefix("EGOLOG_").lower()
    assert getattr(settings, field) == 0.25
    assert caplog.messages == [f"setting {old} is deprecated: use {RENAMED[old]} instead"]


def test_an_old_name_in_the_environment_wins_over_the_same_in_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{OLD}=0.25\n")
    monkeypatch.setenv(OLD, "0.75")
    assert load().llm_confidence_threshold == 0.75


def test_an_empty_old_name_counts_as_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(OLD, "")
    assert load().llm_confidence_threshold == 0.5
    assert not caplog.messages
    (tmp_path / ".env").write_text(f"{OLD}=0.25\n")
    assert load().llm_confidence_threshold == 0.25


def test_arguments_win_over_an_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OLD, "0.25")
    assert load(llm_confidence_threshold=0.75).llm_confidence_threshold == 0.75


def test_both_names_may_say_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(OLD, "0.5")
    monkeypatch.setenv(NEW, "0.50")
    assert load().llm_confidence_threshold == 0.5
    assert len(caplog.messages) == 1


def test_both_names_with_different_values_are_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{OLD}=0.25\n")
    monkeypatch.setenv(NEW, "0.5")
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value) == (
        f"setting {OLD} has value '0.25', but {NEW} has value '0.5': remove {OLD}, which is "
        "deprecated"
    )


def test_a_wrong_value_of_an_old_name_is_named_by_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(OLD, "half")
    with pytest.raises(SettingsError, match=f"setting {NEW} has value 'half': expected a number"):
        load()


@pytest.mark.parametrize("old", REMOVED)
def test_a_setting_without_a_successor_changes_nothing_and_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, old: str
) -> None:
    before = load()
    monkeypatch.setenv(old, "30")
    assert load() == before
    assert caplog.messages == [f"setting {old} is deprecated: remove it, {REMOVED[old]}"]


def test_fixed_lengths_are_those_of_the_networks() -> None:
    assert FIXED_S == {
        "EGOLOG_SPATIAL_WINDOW_S": SPATIAL_WINDOW_S,
        "EGOLOG_HAR_WINDOW_S": HAR_WINDOW_S,
        "EGOLOG_SCENARIO_WINDOW_S": SCENARIO_WINDOW_S,
        "EGOLOG_SEGMENT_S": SEGMENT_S,
    }


@pytest.mark.parametrize("name", FIXED_S)
def test_a_fixed_length_that_is_set_to_its_only_value_warns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    monkeypatch.setenv(name, str(FIXED_S[name]))
    load()
    assert caplog.messages == [
        f"setting {name} is deprecated: remove it, the length is always {FIXED_S[name]} s"
    ]


@pytest.mark.parametrize("source", ["environment", "file"])
def test_another_scenario_window_is_refused_before_it_makes_dead_letters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
) -> None:
    if source == "environment":
        monkeypatch.setenv("EGOLOG_SCENARIO_WINDOW_S", "60")
    else:
        (tmp_path / ".env").write_text("EGOLOG_SCENARIO_WINDOW_S=60\n")
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value) == (
        "setting EGOLOG_SCENARIO_WINDOW_S has value '60', but the networks were trained on 30 s: "
        "remove it, the length is no longer a setting"
    )
