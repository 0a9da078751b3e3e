from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from models.serving.registry import Registry
from tests.refused_command import refusal
from tests.streams.fresh_lanhar import save_lanhar

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save_lanhar(Registry(folder))
    return folder


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("ad", "ironing"), "action 'ad' is unknown: expected add, remove or list"),
        (("add",), 'label name is missing: expected `labels add "folding laundry"`'),
        (("list", "ironing"), "labels list takes no name, but got 'ironing': leave it out"),
        (
            ("add", "folding", "laundry"),
            'labels add takes one name, but got 2: put it in quotes, "folding laundry"',
        ),
    ],
)
def test_a_command_that_cannot_be_meant_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    assert refusal(tmp_path, ("labels", *arguments)) == f"error: {line}\n"


def test_without_a_running_broker_the_line_says_what_to_start(
    tmp_path: Path, weights: Path
) -> None:
    line = refusal(tmp_path, ("labels", "list"), EGOLOG_WEIGHTS_DIR=str(weights))
    assert "no embedded services run in" in line


def test_without_weights_the_line_names_them(tmp_path: Path, broker_url: str) -> None:
    line = refusal(
        tmp_path,
        ("labels", "list"),
        EGOLOG_WEIGHTS_DIR=str(tmp_path),
        EGOLOG_BROKER_URL=broker_url,
        EGOLOG_TOPIC_PREFIX=f"{uuid4().hex[:8]}.",
    )
    assert "lanhar_sensor.safetensors do not exist" in line


def test_names_that_cannot_be_added_are_named(
    tmp_path: Path, weights: Path, broker_url: str
) -> None:
    services = {
        "EGOLOG_WEIGHTS_DIR": str(weights),
        "EGOLOG_BROKER_URL": broker_url,
        "EGOLOG_TOPIC_PREFIX": f"{uuid4().hex[:8]}.",
    }
    for name, expected in (
        ("Walking", "label 'Walking' is known already (shipped): choose another name"),
        ("juggling", "no language model is configured (EGOLOG_LLM_API_KEY): say with --describe"),
    ):
        assert expected in refusal(tmp_path, ("labels", "add", name), **services)


def test_without_redis_the_language_model_is_not_asked(
    tmp_path: Path, weights: Path, broker_url: str
) -> None:
    services = {
        "EGOLOG_WEIGHTS_DIR": str(weights),
        "EGOLOG_BROKER_URL": broker_url,
        "EGOLOG_TOPIC_PREFIX": f"{uuid4().hex[:8]}.",
        "EGOLOG_LLM_API_KEY": "key",
        "EGOLOG_LLM_BASE_URL": "http://127.0.0.1:9/v1",
    }
    for redis_url, line in (
        (
            "redis://127.0.0.1:9",
            "not asked: redis at redis://127.0.0.1:9 does not answer: start it",
        ),
        ("embedded://", "no embedded services run in"),
    ):
        refused = refusal(
            tmp_path, ("labels", "add", "juggling"), **services, EGOLOG_REDIS_URL=redis_url
        )
        assert line in refused
        assert refused.count("\n") == 1
