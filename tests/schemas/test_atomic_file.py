from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.atomic_file import atomic_path, write_atomically

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("content", "held"), [("grüße\n", "grüße\n".encode()), (b"\0\xff", b"\0\xff")]
)
def test_a_file_takes_the_place_of_the_old_one(
    tmp_path: Path, content: str | bytes, held: bytes
) -> None:
    path = tmp_path / "new" / "folder" / "file"
    write_atomically(path, "old")
    write_atomically(path, content)
    assert path.read_bytes() == held
    assert list(path.parent.iterdir()) == [path]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with atomic_path(path) as draft:
        assert draft.parent == path.parent
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_half() -> None:
        with atomic_path(path) as draft:
            draft.write_text("half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_file_do_not_share_a_draft(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with atomic_path(path) as first, atomic_path(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"


def test_a_file_has_the_mode_that_the_user_asks_for(tmp_path: Path) -> None:
    plain, path = tmp_path / "plain", tmp_path / "file"
    plain.write_text("")
    write_atomically(path, "")
    assert path.stat().st_mode == plain.stat().st_mode
