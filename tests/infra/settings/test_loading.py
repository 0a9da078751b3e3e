from __future__ import annotations

import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from infra.errors import SettingsError
from infra.settings import Settings, env_name, load, may_be_in_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("nothing_set")

BROKER = "embedded://, kafka://host:port[,host:port] or kafka+ssl://host:port[,host:port]"
REDIS = (
    "embedded://, redis://host:port, rediss://host:port or "
    "redis+sentinel://host:port[,host:port]/SERVICE"
)
TLS = {"broker_url": "kafka+ssl://a:1"}
USER = {"broker_username": "u", "broker_password": "hunter2"}
SECRETS = [name for name, field in Settings.model_fields.items() if "Secret" in str(field)]
IN_FILES = [name for name in Settings.model_fields if may_be_in_file(name)]
PASSWORD = "hunter2"


def everything_shown(make: Callable[[], Settings]) -> str:
    """Return all that is shown of settings, or of the error that they raise."""
    try:
        settings = make()
    except (SettingsError, ValidationError) as error:
        return f"{error} {error!r} {''.join(traceback.format_exception(error))}"
    return f"{settings} {settings!r} {settings.rows()}"


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
        ("BROKER_URL", "kafka://host", BROKER),
        ("BROKER_URL", "kafka://a:1,b", BROKER),
        ("BROKER_URL", "kafka://a:99999", BROKER),
        ("BROKER_URL", "http://a:1", BROKER),
        ("REDIS_URL", "a:1", REDIS),
        ("REDIS_URL", "redis://a:99999", REDIS),
        ("BROKER_URL", "kafka+ssl://a:1,b", BROKER),
        ("REDIS_URL", "redis+sentinel://a:1,b/main", REDIS),
        ("REDIS_URL", "redis+sentinel://a:1,b:2", REDIS),
        ("REDIS_URL", "redis+sentinel://a:1/main/x", REDIS),
        (
            "REDIS_URL",
            "redis+cluster://a:1",
            "one server or Sentinels: a cluster is not supported, because a device's records "
            "change several keys at once",
        ),
        ("BROKER_SASL", "GSSAPI", "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER"),
        ("BROKER_TOKEN_COMMAND", "print 'a", "a command line whose quotes are closed"),
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


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"broker_ca": "ca.pem"}, "BROKER_CA has value 'ca.pem': expected it with kafka+ssl://"),
        ({**TLS, "broker_key": "k.pem"}, "BROKER_KEY has value 'k.pem': expected it with EGOLOG_"),
        ({**USER, "broker_url": "kafka://a:1", "broker_sasl": "PLAIN"}, "expected it with kafka+s"),
        ({**TLS, "broker_sasl": "PLAIN"}, "expected it with EGOLOG_BROKER_USERNAME"),
        ({**TLS, "broker_sasl": "OAUTHBEARER"}, "expected it with EGOLOG_BROKER_TOKEN_COMMAND"),
        ({**TLS, **USER}, "BROKER_USERNAME has value 'u': expected it with EGOLOG_BROKER_SASL"),
        ({**TLS, "broker_password": "hunter2"}, "BROKER_PASSWORD has value '**********': expec"),
        ({"redis_ca": "ca.pem"}, "REDIS_CA has value 'ca.pem': expected it with rediss://"),
        ({"redis_username": "u"}, "expected it with EGOLOG_REDIS_PASSWORD"),
        ({"redis_sentinel_password": "hunter2"}, "expected it with redis+sentinel://"),
    ],
)
def test_a_login_of_which_a_part_would_not_be_used_is_refused(
    fields: dict[str, Any], line: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**fields)
    assert line in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {**TLS, "broker_ca": "ca.pem", "broker_certificate": "both.pem"},
        {**TLS, **USER, "broker_sasl": "plain"},
        {**USER, "broker_url": "kafka://a:1", "broker_sasl": "SCRAM-SHA-256"},
        {**TLS, "broker_sasl": "OAUTHBEARER", "broker_token_command": "print-token --now"},
        {"redis_url": "rediss+sentinel://a:1,b:2/main/3", "redis_ca": "ca.pem"},
    ],
)
def test_whole_logins_are_taken(fields: dict[str, Any]) -> None:
    load(**fields)


def test_a_broker_with_a_user_before_it_is_refused_with_where_the_user_goes() -> None:
    with pytest.raises(SettingsError) as caught:
        load(broker_url="kafka://user:hunter2@broker:9092")
    assert str(caught.value) == (
        "setting EGOLOG_BROKER_URL has value 'kafka://**********@broker:9092': expected host:port "
        "without a user: EGOLOG_BROKER_USERNAME and EGOLOG_BROKER_PASSWORD take it"
    )


URLS = (
    f"redis://u:{PASSWORD}@h:1/0",
    f"https://h:1/v1?key={PASSWORD}#{PASSWORD}",
    f"rediss://h:1/0?password={PASSWORD}",
    f"redis+sentinel://u:{PASSWORD}@h:1/main",
    f"kafka://u:{PASSWORD}@h:1,g:2",
    f"https://u:a@{PASSWORD}@h:1/v1",
)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_no_setting_shows_the_password_of_a_url(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # A setting that holds no URL refuses all of them alike.
    for value in URLS if name in IN_FILES or "url" in name else URLS[:2]:
        monkeypatch.setenv(env_name(name), value)
        assert PASSWORD not in everything_shown(load), value


@pytest.mark.parametrize("name", IN_FILES)
def test_what_is_no_url_shows_no_password_either(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for value in ("u:{}@h:6379", "{}@h", "http//:{}@h:1"):
        monkeypatch.setenv(env_name(name), value.format(PASSWORD))
        assert PASSWORD not in everything_shown(load), value


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_shows(name: str) -> None:
    fields: dict[str, Any] = {name: PASSWORD}
    assert PASSWORD not in everything_shown(partial(load, **fields))
    fields = {name: [PASSWORD], "redis_url": f"x://u:{PASSWORD}@h", "_env_file": None}
    assert PASSWORD not in everything_shown(partial(Settings, **fields))


@pytest.mark.parametrize("name", IN_FILES)
def test_a_secret_may_be_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    alone: dict[str, Any] = {}
    value, together = {
        "broker_url": ("kafka://a:1", alone),
        "broker_password": (PASSWORD, {**TLS, "broker_username": "u", "broker_sasl": "PLAIN"}),
        "broker_key_password": (PASSWORD, {**TLS, "broker_certificate": "c.pem"}),
        "redis_url": (f"redis://u:{PASSWORD}@a:1", alone),
        "signing_key": (f"{PASSWORD}-of-more-than-32-characters", alone),
        "device_keys": (f"lab- {PASSWORD}-of-more-than-32-characters", alone),
        "redis_sentinel_password": (PASSWORD, {"redis_url": "redis+sentinel://a:1/main"}),
    }.get(name, (f"https://u:{PASSWORD}@host", alone))
    (tmp_path / "secret").write_text(f"{value}\n")
    monkeypatch.setenv(env_name(name) + "_FILE", str(tmp_path / "secret"))
    read = getattr(load(**together), name)
    assert value == (read.get_secret_value() if name in SECRETS else read)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "no such file"), (b"\n", "it is empty"), (b"\xff", "it is not text")],
)
def test_a_file_without_a_secret_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("EGOLOG_LLM_API_KEY_FILE", str(path))
    with pytest.raises(SettingsError) as caught:
        load()
    expected = f"setting EGOLOG_LLM_API_KEY_FILE has value '{path}': expected a file that holds "
    assert str(caught.value).startswith(f"{expected}EGOLOG_LLM_API_KEY ({reason}")


def test_a_secret_and_its_file_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("EGOLOG_LLM_API_KEY=hunter2\n")
    monkeypatch.setenv("EGOLOG_LLM_API_KEY_FILE", "/run/secrets/key")
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value) == (
        "settings EGOLOG_LLM_API_KEY and EGOLOG_LLM_API_KEY_FILE are both set: expected one"
    )


def test_settings_are_frozen() -> None:
    settings = load()
    with pytest.raises(ValidationError, match="frozen"):
        settings.web_port = 1  # type: ignore[misc]


def test_every_setting_is_described() -> None:
    rows = load().rows()
    assert [row.name for row in rows] == [env_name(field) for field in Settings.model_fields]
    assert all(row.description for row in rows)


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name not in SECRETS])
def test_every_setting_says_what_it_expects(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(SettingsError, match=r": expected (?!a text$)"):
        load(**{name: object()})  # type: ignore[arg-type]


def test_broker_addresses_come_as_a_list() -> None:
    assert load().bootstrap_servers == []
    assert load(broker_url="kafka://a:1,b:2").bootstrap_servers == ["a:1", "b:2"]


def test_topics_carry_the_prefix() -> None:
    assert load(topic_prefix="lab.").topic("windows") == "lab.windows"


@pytest.mark.parametrize("key", [{}, {"llm_api_key": "sk"}])
def test_what_either_refiner_looks_at_is_refined(key: dict[str, Any]) -> None:
    for model, expert in ((0.4, 0.9), (0.4, 0.0)):
        settings = load(llm_confidence_threshold=model, expert_confidence_threshold=expert, **key)
        assert settings.refine_threshold == max(model, expert)
