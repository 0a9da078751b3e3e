from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.probe import free_port
from tests.refused_command import refusal

if TYPE_CHECKING:
    from pathlib import Path


def refused(folder: Path, **variables: str) -> str:
    broker = f"kafka://127.0.0.1:{free_port()}"
    return refusal(folder, ("finetune",), EGOLOG_BROKER_URL=broker, **variables)


def test_a_store_of_revisions_that_nothing_opens_is_refused_before_anything_is_trained(
    tmp_path: Path,
) -> None:
    line = refused(
        tmp_path, EGOLOG_REVISIONS_URL="nosuch://bucket", EGOLOG_REDIS_URL="redis://127.0.0.1:1/0"
    )
    assert "setting EGOLOG_REVISIONS_URL has value 'nosuch://bucket': expected a folder" in line


def test_a_redis_that_does_not_answer_is_refused_before_anything_is_trained(
    tmp_path: Path,
) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    assert f"redis at {url} does not answer" in refused(tmp_path, EGOLOG_REDIS_URL=url)
