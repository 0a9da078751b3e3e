from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from models.lanhar.descriptions import MIN_DESCRIPTIONS, describe_by_aspect, labels
from models.research.lanhar.interpretation import describe
from tests.models.research.lanhar.scripted import describing
from tests.pipeline.llm_endpoint import LlmEndpoint, completion

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def run(url: str, out: Path, *names: str) -> int:
    return describe.main([*names, "--endpoint", url, "--model", "m", "--out", str(out), "--yes"])


def test_a_label_gets_five_different_descriptions(tmp_path: Path) -> None:
    with LlmEndpoint(describing) as server:
        assert run(server.url, tmp_path, "fly fishing", "rowing") == 0
        assert len(server.requests) == 2 * MIN_DESCRIPTIONS
        assert run(server.url, tmp_path, "fly fishing", "rowing") == 0
        assert len(server.requests) == 2 * MIN_DESCRIPTIONS
    assert labels(tmp_path) == ("fly fishing", "rowing")
    found = describe_by_aspect("fly fishing", tmp_path)
    assert len(set(found)) == MIN_DESCRIPTIONS
    assert all("fly fishing" in one.sensors for one in found)


def test_a_label_that_cannot_be_described_keeps_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with LlmEndpoint(describing) as server:
        run(server.url, tmp_path, "rowing")
    before = describe_by_aspect("rowing", tmp_path)
    same = json.dumps(dict.fromkeys(("general", "sensors", "body"), "The same sentence each time."))

    def lazy(body: dict[str, Any]) -> tuple[int, bytes]:
        return 200, completion(same)

    for path in (tmp_path / "answers").rglob("*.json"):
        path.unlink()
    with LlmEndpoint(lazy) as server:
        assert run(server.url, tmp_path, "rowing") == 1
    assert "rowing: only 1 of 5 answers differ" in capsys.readouterr().err
    assert describe_by_aspect("rowing", tmp_path) == before


def test_all_described_activities_are_asked_about_without_a_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with LlmEndpoint(describing) as server:
        arguments = ["--endpoint", server.url, "--out", str(tmp_path), "--count", "1", "--yes"]
        assert describe.main(arguments) == 0
        assert len(server.requests) == len(labels())
    assert labels(tmp_path) == labels()


def test_a_name_without_letters_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("http://127.0.0.1:9/v1", tmp_path, "..") == 2
    assert "holds no letter" in capsys.readouterr().err
