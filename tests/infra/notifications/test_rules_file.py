from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import SettingsError
from infra.notifications.rules_file import NotificationPlan, read_plan
from schemas.notification import Condition, Rule

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.notification import Kind

NAMES: dict[Kind, tuple[str, ...]] = {
    "sound": ("siren",),
    "activity": ("talking",),
    "scenario": ("Cooking",),
}
TARGETS = """
[targets.phone]
kind = "ntfy"
url = "https://ntfy.example/a-secret-topic"
token_file = "token"

[targets.home]
kind = "mqtt"
url = "mqtts://broker.example"
username = "egolog"
password_file = "password"
ca = "ca.pem"

[targets.hook]
kind = "webhook"
url_file = "hook"
"""
RULE = """
[[rules]]
name = "siren"
when = "far  siren > 0.8"
notify = ["phone", "home", "phone"]
cool_down = "5 min"
not_older_than = "1 d"
device = "glasses-01"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("tk-SECRET\n")
    (tmp_path / "password").write_text("pw-SECRET\n")
    (tmp_path / "hook").write_text("https://hooks.example/services/hook-SECRET?key=hook-SECRET\n")
    return tmp_path


def read_rules(folder: Path, text: str) -> NotificationPlan:
    path = folder / "rules.toml"
    path.write_text(text)
    return read_plan(path, NAMES)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read_rules(folder, text)
    line = str(caught.value)
    start = f"setting EGOLOG_NOTIFICATIONS has value '{folder / 'rules.toml'}': "
    assert line.startswith(start)
    assert "\n" not in line
    assert "SECRET" not in line
    return line.removeprefix(start)


def test_a_file_holds_targets_and_rules(folder: Path) -> None:
    plan = read_rules(folder, TARGETS + RULE)
    assert plan.rules == (
        Rule(
            "siren",
            "far siren > 0.8",
            Condition("sound", "siren", "far", 0.8),
            ("phone", "home"),
            300.0,
            86_400.0,
            "glasses-01",
        ),
    )
    phone, home, hook = (plan.targets[name] for name in ("phone", "home", "hook"))
    assert phone.token is not None
    assert phone.token.get_secret_value() == "tk-SECRET"
    assert home.password is not None
    assert home.password.get_secret_value() == "pw-SECRET"
    assert home.ca == folder / "ca.pem"
    assert hook.url.get_secret_value().endswith("?key=hook-SECRET")


def test_a_rule_needs_no_more_than_what_and_whom(folder: Path) -> None:
    plan = read_rules(
        folder, TARGETS + '[[rules]]\nname="n"\nwhen="no motion 2 h"\nnotify=["hook"]'
    )
    [rule] = plan.rules
    assert (rule.cool_down_s, rule.not_older_than_s, rule.device) == (600.0, 3_600.0, None)


def test_nothing_secret_is_shown(folder: Path) -> None:
    plan = read_rules(folder, TARGETS + RULE)
    assert [target.masked_address for target in plan.targets.values()] == [
        "https://ntfy.example/**********",
        "mqtts://broker.example",
        "https://hooks.example/**********",
    ]
    assert "SECRET" not in repr(plan)
    assert "a-secret-topic" not in repr(plan)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (RULE, "targets: field required"),
        ("targets = 3\nrules = []", "targets: input should be a valid dictionary"),
        ("[targets", "Expected ']'"),
        (TARGETS + RULE.replace("siren >", "sirne >"), "rule 'siren': name 'sirne' is of no sound"),
        (TARGETS + RULE.replace('"home"', '"car"'), "rule 'siren' tells 'car'; expected one of"),
        (TARGETS + RULE.replace("5 min", "soon"), "rule 'siren': duration is 'soon'"),
        (TARGETS + RULE + RULE, "rule 'siren' is there 2 times; expected names of their own"),
        (TARGETS + RULE.replace("cool_down", "cooldown"), "rules.0.cooldown: extra inputs"),
        (TARGETS + RULE.replace("glasses-01", "gläser"), "rules.0.device: string should match"),
        (TARGETS.replace('"ntfy"', '"sms"') + RULE, "targets.phone.kind: input should be"),
        (TARGETS.replace("https://ntfy", "ftp://ntfy") + RULE, "targets.phone: url is no address"),
        (TARGETS.replace("/a-secret-topic", "") + RULE, "targets.phone: url names no topic"),
        (
            TARGETS.replace("mqtts://", "mqtts://u:pw-SECRET@") + RULE,
            "targets.home: url holds a us",
        ),
        (TARGETS.replace('"token"', '"nowhere"') + RULE, "token_file of target 'phone' cannot be"),
        (TARGETS.replace("username", "token") + RULE, "targets.home: token is none of mqtt's"),
        (TARGETS + 'token = "t"\ntoken_file = "token"\n' + RULE, "target 'hook' has token and"),
        (TARGETS + 'username = "me"\n' + RULE, "targets.hook: username is none of webhook's"),
    ],
)
def test_what_is_wrong_stops_the_start_with_one_line(folder: Path, text: str, why: str) -> None:
    assert refusal(folder, text).startswith(why)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere.toml': the file cannot be read \(No such"):
        read_plan(tmp_path / "nowhere.toml", NAMES)


def test_an_empty_secret_is_refused(folder: Path) -> None:
    (folder / "token").write_text("\n")
    assert refusal(folder, TARGETS + RULE) == (
        "token_file of target 'phone' cannot be read (it is empty)"
    )
