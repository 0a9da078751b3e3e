from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from infra.broker import topic_creation
from infra.local.probe import free_port
from infra.settings import Settings
from models.serving.registry import WEIGHTS_DIR
from tests.refused_command import refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORKER = ("worker",)


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("EGOLOG_WEB_PORT", "http", "expected an integer between 1 and 65535"),
        ("EGOLOG_WEB_PROT", "6066", "did you mean EGOLOG_WEB_PORT?"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    tmp_path: Path, variable: str, value: str, remedy: str
) -> None:
    line = refusal(tmp_path, WORKER, **{variable: value})
    assert variable in line
    assert remedy in line


@pytest.mark.usefixtures("real_redis")
def test_a_broker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    url = f"kafka://127.0.0.1:{free_port()}"
    line = refusal(tmp_path, WORKER, EGOLOG_BROKER_URL=url, EGOLOG_WEB_PORT=str(free_port()))
    assert f"broker at {url} does not answer" in line
    assert "start it, or correct EGOLOG_BROKER_URL" in line


def test_a_store_that_does_not_answer_is_named(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    line = refusal(tmp_path, ("log", "glasses"), EGOLOG_REDIS_URL=url)
    assert f"redis at {url} does not answer" in line
    assert "start it, or correct EGOLOG_REDIS_URL" in line


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refusal(tmp_path, WORKER, EGOLOG_WEB_PORT=port)
    assert f"port {port} on 127.0.0.1 cannot be used for the page" in line
    assert "set EGOLOG_WEB_PORT to another port" in line


def empty_weights(weights: Path) -> None:
    shutil.rmtree(weights)
    weights.mkdir()


def cut_short(weights: Path) -> None:
    file = weights / "localization.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (empty_weights, ("do not exist", "expected a safetensors file of model 'localization'")),
        (cut_short, ("cannot be read", "expected an undamaged copy")),
    ],
)
def test_weights_that_cannot_be_used_are_named(
    tmp_path: Path, harm: Callable[[Path], None], expected: tuple[str, ...]
) -> None:
    weights = shutil.copytree(WEIGHTS_DIR, tmp_path / "weights")
    harm(weights)
    line = refusal(
        tmp_path, WORKER, EGOLOG_WEIGHTS_DIR=str(weights), EGOLOG_WEB_PORT=str(free_port())
    )
    assert str(weights / "localization.safetensors") in line
    assert all(part in line for part in expected)


@pytest.mark.usefixtures("real_redis")
async def test_topics_that_are_missing_or_differ_are_named(tmp_path: Path, broker_url: str) -> None:
    prefix = f"errors-{uuid4().hex[:8]}."
    settings = {
        "EGOLOG_BROKER_URL": broker_url,
        "EGOLOG_TOPIC_PREFIX": prefix,
        "EGOLOG_TOPIC_PARTITIONS": "3",
        "EGOLOG_WEB_PORT": str(free_port()),
    }
    line = refusal(tmp_path, WORKER, **settings)
    assert f"topic {prefix}audio.frames is missing" in line
    assert "create it with `faust -A streams.app topics --create`" in line
    await topic_creation.create(
        Settings(_env_file=None, broker_url=broker_url, topic_prefix=prefix, topic_partitions=2)
    )
    line = refusal(tmp_path, WORKER, **settings)
    assert f"topic {prefix}audio.frames has 2 partitions" in line
    assert "EGOLOG_TOPIC_PARTITIONS is 3: set it to 2" in line


def test_a_recording_without_a_readable_file_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "garbage"
    folder.mkdir()
    (folder / "sound.wav").write_bytes(b"\x00garbage" * 99)
    (folder / "motion.csv").write_text("t,x,y\n1,2,3\n")
    line = refusal(tmp_path, ("replay", f"folder:{folder}"))
    assert f"recording folder {str(folder)!r} has no readable .wav, .flac or .csv file" in line
    assert "sound.wav: " in line
    assert "motion.csv: has no header with time and motion" in line


def test_a_recording_of_an_unknown_kind_is_named(tmp_path: Path) -> None:
    line = refusal(tmp_path, ("replay", "walkman:u01"))
    assert "recording 'walkman:u01' is unknown; expected one of folder:PATH, " in line


def test_a_replay_needs_a_worker_or_a_broker(tmp_path: Path) -> None:
    line = refusal(tmp_path, ("replay", "simulated:1:1"))
    assert "no embedded services run in .run" in line
    assert "start `faust -A streams.app worker` first, or set EGOLOG_BROKER_URL" in line
