"""SECURITY.md and docs/KAFKA.md speak of settings, roles and topics that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra import topics
from infra.redis.denials import COMMANDS
from infra.settings import Settings, env_name, load, may_be_in_file
from tests.infra.broker.role_access import READS, WRITES

if TYPE_CHECKING:
    from infra.broker import acls

ROOT = Path(__file__).parents[2]
PAGES = ["SECURITY.md", "docs/KAFKA.md"]
KAFKA = (ROOT / "docs/KAFKA.md").read_text()


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_on_the_page_is_one(page: str) -> None:
    known = {env_name(field) for field in Settings.model_fields}
    files = {f"{env_name(field)}_FILE" for field in filter(may_be_in_file, Settings.model_fields)}
    named = set(re.findall(r"EGOLOG_[A-Z0-9_]+", (ROOT / page).read_text())) - {"EGOLOG_"}
    assert named
    assert named <= known | files


def test_every_link_leads_to_a_file() -> None:
    links = [
        (ROOT / page).parent / link
        for page in PAGES
        for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text())
    ]
    assert links
    assert [link for link in links if not link.exists()] == []


def test_the_five_lines_are_settings_that_are_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = KAFKA.split("```")[1].removeprefix("sh\n").strip().splitlines()
    assert len(lines) == 5
    (tmp_path / "secret").write_text("secret\n")
    for line in lines:
        name, value = line.removeprefix("export ").split("=", 1)
        monkeypatch.setenv(name, str(tmp_path / "secret") if name.endswith("_FILE") else value)
    settings = load(env_file=None)
    assert settings.broker_tls
    assert settings.broker_password is not None


@pytest.mark.parametrize("role", ["device", "finetuner", "reader"])
def test_the_table_of_roles_is_the_one_that_is_enforced(role: acls.Role) -> None:
    [row] = [line for line in KAFKA.splitlines() if line.startswith(f"| `{role}` |")]
    known = {topic.name for topic in topics.TOPICS}
    _, _, writes, reads, *_ = row.split("|")
    assert set(re.findall(r"`([^`]+)`", writes)) & known == WRITES[role]
    assert set(re.findall(r"`([^`]+)`", reads)) & known == READS[role]


def test_the_rule_for_redis_is_the_one_that_is_tested() -> None:
    assert f"user egolog on >PASSWORD ~egolog:* {COMMANDS}\n" in KAFKA
