from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from infra.errors import SettingsError
from infra.settings import Settings, env_name, load, mask_url

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith("EGOLOG_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_nothing_set_gives_the_defaults() -> None:
    settings = load()
    assert settings.broker_url == "embedded://"
    assert (settings.llm_confidence_threshold, settings.expert_confidence_threshold) == (0.5, 1.0)
    assert settings.web_host == "127.0.0.1"


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("EGOLOG_WEB_PORT=7001\nEGOLOG_BATCH_MAX=3\n")
    monkeypatch.setenv("EGOLOG_WEB_PORT", "7002")
    settings = load()
    assert (settings.web_port, settings.batch_max, settings.in_flight_max) == (7002, 3, 64)


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOLOG_WEB_PORT", "7002")
    assert load(web_port=7003).web_port == 7003


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("WEB_PORT", "abc", "an integer between 1 and 65535"),
        ("WEB_PORT", "0", "an integer between 1 and 65535"),
        ("FINETUNE_AFTER", "1.5", "an integer of 1 or more"),
        ("FINETUNE_AFTER", "-1", "an integer of 1 or more"),
        ("ALLOWED_LATENESS_S", "nan", "a number of seconds, 0 or more"),
        ("IDLE_TIMEOUT_S", "inf", "a number of seconds greater than 0"),
        ("SESSION_TIMEOUT_S", "3", "a number of seconds between 6 and 1800"),
        ("LLM_CONFIDENCE_THRESHOLD", "1.1", "a number between 0 and 1"),
        ("BROKER_URL", "kafka://host", "embedded:// or kafka://host:port[,host:port]"),
        ("BROKER_URL", "kafka://a:1,b", "embedded:// or kafka://host:port[,host:port]"),
        ("BROKER_URL", "kafka://a:99999", "embedded:// or kafka://host:port[,host:port]"),
        ("BROKER_URL", "http://a:1", "embedded:// or kafka://host:port[,host:port]"),
        ("REDIS_URL", "a:1", "embedded://, redis://host:port or rediss://host:port"),
        ("REDIS_URL", "redis://a:99999", "embedded://, redis://host:port or rediss://host:port"),
        ("LLM_BASE_URL", "localhost:8000", "an http:// or https:// URL"),
        ("LLM_TOKENS_PER_DAY", "0", "an integer of 1 or more"),
        ("LLM_DOLLARS_PER_DAY", "free", "a number of dollars above 0"),
        ("TOPIC_PREFIX", "a b", "at most 64 letters, digits, dots, dashes and underscores"),
        ("LOG_LEVEL", "LOUD", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ],
)
def test_a_wrong_value_is_one_line_naming_setting_value_and_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"EGOLOG_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value) == f"setting EGOLOG_{name} has value '{value}': expected {expected}"


@pytest.mark.parametrize("source", ["environment", "file", "argument"])
def test_an_unknown_setting_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
) -> None:
    overrides = {"wep_port": 1} if source == "argument" else {}
    if source == "environment":
        monkeypatch.setenv("EGOLOG_WEP_PORT", "1")
    if source == "file":
        (tmp_path / ".env").write_text("EGOLOG_WEP_PORT=1\n")
    with pytest.raises(SettingsError) as caught:
        load(**overrides)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "setting EGOLOG_WEP_PORT is unknown: did you mean EGOLOG_WEB_PORT?"
    )


def test_keys_of_other_programs_in_the_file_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTHER_TOKEN=1\nEGOLOG_WEB_PORT=7001\n")
    assert load().web_port == 7001


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOLOG_LLM_API_KEY", "")
    assert load().llm_api_key is None


def test_a_budget_in_dollars_needs_prices() -> None:
    with pytest.raises(SettingsError) as caught:
        load(llm_dollars_per_day=2.5)
    assert str(caught.value) == (
        "setting EGOLOG_LLM_DOLLARS_PER_DAY has value '2.5': expected it with the model's prices, "
        "EGOLOG_LLM_DOLLARS_PER_MILLION_IN and EGOLOG_LLM_DOLLARS_PER_MILLION_OUT"
    )
    assert load(llm_dollars_per_day=2.5, llm_dollars_per_million_in=0.15).llm_dollars_per_day == 2.5


def test_secrets_never_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOLOG_LLM_API_KEY", "sk-very-secret")
    monkeypatch.setenv("EGOLOG_REDIS_URL", "redis://user:hunter2@host:6379/0")
    settings = load()
    shown = f"{settings} {settings!r} {settings.rows()}"
    assert "very-secret" not in shown
    assert "hunter2" not in shown
    assert settings.llm_api_key is not None
    assert settings.llm_api_key.get_secret_value() == "sk-very-secret"


def test_the_error_for_a_wrong_url_hides_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOLOG_REDIS_URL", "http://user:hunter2@host")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "hunter2" not in str(caught.value)
    assert "http://**********@host" in str(caught.value)


def test_settings_are_frozen() -> None:
    settings = load()
    with pytest.raises(ValidationError, match="frozen"):
        settings.web_port = 1  # type: ignore[misc]


def test_every_setting_is_described() -> None:
    rows = load().rows()
    assert [row.name for row in rows] == [env_name(field) for field in Settings.model_fields]
    assert all(row.description for row in rows)


@pytest.mark.parametrize(
    "name", [name for name in Settings.model_fields if name not in {"llm_api_key"}]
)
def test_every_setting_says_what_it_expects(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(SettingsError, match=r": expected (?!a text$)"):
        load(**{name: object()})  # type: ignore[arg-type]


def test_broker_addresses_come_as_a_list() -> None:
    assert load().bootstrap_servers == []
    assert load(broker_url="kafka://a:1,b:2").bootstrap_servers == ["a:1", "b:2"]


def test_topics_carry_the_prefix() -> None:
    assert load(topic_prefix="lab.").topic("windows") == "lab.windows"


def test_masking_touches_nothing_but_credentials() -> None:
    assert mask_url("redis://host:1/0") == "redis://host:1/0"
    assert mask_url("no url with an @ sign") == "no url with an @ sign"
    assert mask_url("redis://:pw@host") == "redis://**********@host"


def test_the_refiner_and_not_its_threshold_alone_decides_what_is_refined() -> None:
    thresholds: dict[str, Any] = {
        "llm_confidence_threshold": 0.4,
        "expert_confidence_threshold": 0.9,
    }
    assert load(**thresholds).refine_threshold == 0.9
    assert load(**thresholds, llm_api_key="sk").refine_threshold == 0.4
