from __future__ import annotations

import multiprocessing
import os
import socket
from typing import TYPE_CHECKING

import pytest

from infra.settings import Settings
from streams.engine import guarded_app
from streams.engine.app import EgoLogApp
from streams.engine.member_id import MemberId

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ids() -> Iterator[list[MemberId]]:
    made: list[MemberId] = []
    yield made
    for each in made:
        each.close()


NAME = "member-6066"


def take(folder: Path, ids: list[MemberId]) -> str:
    ids.append(MemberId(folder / NAME))
    value = ids[-1].value
    assert value is not None
    return value


def test_a_worker_that_starts_again_has_its_id_again(tmp_path: Path) -> None:
    first = MemberId(tmp_path / NAME)
    value = first.value
    first.close()
    assert value is not None
    assert first.value is None
    again = MemberId(tmp_path / NAME)
    assert again.value == value
    again.close()


def test_no_two_processes_have_an_id(
    tmp_path: Path, ids: list[MemberId], caplog: pytest.LogCaptureFixture
) -> None:
    context = multiprocessing.get_context("fork")
    there, here = context.Pipe()

    def hold() -> None:
        there.send(MemberId(tmp_path / NAME).value)
        there.recv()

    process = context.Process(target=hold)
    process.start()
    value = here.recv()
    assert MemberId(tmp_path / NAME).value is None
    assert caplog.messages == [
        f"{tmp_path / NAME} is another worker's place in the group: joining as a new member"
    ]
    process.kill()
    process.join()
    assert take(tmp_path, ids) == value


def test_each_file_has_an_id_of_its_own(tmp_path: Path, ids: list[MemberId]) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert take(tmp_path, ids) != take(other, ids)
    ids.append(MemberId(tmp_path / "member-6067"))
    assert len({each.value for each in ids}) == 3


def test_another_host_with_a_copy_of_the_folder_has_another_id(
    tmp_path: Path, ids: list[MemberId], monkeypatch: pytest.MonkeyPatch
) -> None:
    value = take(tmp_path, ids)
    ids.pop().close()
    monkeypatch.setattr(socket, "gethostname", lambda: "ä" * 300)
    other = take(tmp_path, ids)
    assert other != value
    assert other.isascii()
    assert len(other) < 249


@pytest.mark.parametrize(
    "content", [b"", b"0123", b"\xff" * 16, b"0123456789abcdef0", b"ABCDEF0123456789"]
)
def test_what_is_no_id_is_replaced(tmp_path: Path, ids: list[MemberId], content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    value = take(tmp_path, ids)
    assert value.endswith((tmp_path / NAME).read_text())
    assert len((tmp_path / NAME).read_bytes()) == 16


def test_where_nothing_can_be_written_there_is_no_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert MemberId(tmp_path / "gone" / NAME).value is None
    assert caplog.messages == [
        f"{tmp_path / 'gone' / NAME} keeps no place in the group (no such file or directory): "
        "joining as a new member, which is missed for its session if it is killed"
    ]

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert MemberId(tmp_path / NAME).value is None


@pytest.mark.parametrize("life", [None, "embedded"])
def test_a_worker_is_a_static_member_of_a_group_that_outlives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, life: str | None
) -> None:
    monkeypatch.setattr(guarded_app, "broker_life", lambda _: life)
    app = EgoLogApp(Settings(_env_file=None, run_dir=tmp_path, app_id="member-id"))
    assert (app.member_id is None) == (life is not None)
