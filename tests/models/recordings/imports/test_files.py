from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from models.recordings.imports.files import find_files
from models.recordings.imports.importing import open_import
from models.recordings.imports.scratch import Scratch
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.sounds import NOW_NS, motion, sound

if TYPE_CHECKING:
    from pathlib import Path


def pack(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def list_files(root: Path, max_bytes: int | None = None) -> tuple[list[str], dict[str, str]]:
    skipped: list[tuple[str, str]] = []
    scratch = Scratch()
    files = find_files(root, scratch.path, skipped, max_bytes)
    for file in files:
        assert file.path.is_file()
        inside = file.path.is_relative_to(root) or file.path.is_relative_to(scratch.path)
        assert inside
    scratch.remove()
    return [str(file.display_path) for file in files], dict(skipped)


def test_a_folder_is_read_with_its_subfolders_and_zips(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b").write_bytes(b"b")
    (tmp_path / "a").write_bytes(b"a")
    pack(tmp_path / "c.zip", {"d/e": b"e", "f": b"f"})
    assert list_files(tmp_path) == (["a", "c.zip/d/e", "c.zip/f", "sub/b"], {})


def test_a_zip_is_read_as_its_folder(tmp_path: Path) -> None:
    data = {
        "walk/a.wav": sound(tmp_path / "a.wav", 2).read_bytes(),
        "walk/m.csv": motion(tmp_path / "m.csv", 2).read_bytes(),
    }
    found = open_import(pack(tmp_path / "walk.zip", data), now_ns=NOW_NS)
    (recording,) = found.recordings
    assert (recording.device_id, recording.streams) == ("walk", ("audio", "imu"))
    assert not found.skipped
    # What was unpacked lives as long as the recording.
    del found
    assert sum(len(chunk.samples) for chunk in recording.audio()) == 16_000


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/evil", "..\\evil", "C:\\evil", "C:/evil"]
)
def test_names_that_leave_the_zip_are_skipped(tmp_path: Path, name: str) -> None:
    files, skipped = list_files(pack(tmp_path / "a.zip", {name: b"x", "good": b"y"}))
    assert files == ["good"]
    assert list(skipped.values()) == ["its name leaves the zip"]
    assert not (tmp_path.parent / "evil").exists()


@pytest.mark.parametrize("name", ["", "."])
def test_a_member_without_a_name_is_skipped(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        with archive.open(zipfile.ZipInfo(name), "w") as member:
            member.write(b"x")
        archive.writestr("good", b"y")
    files, skipped = list_files(tmp_path / "a.zip")
    assert files == ["good"]
    assert list(skipped.values()) == ["has no name"]


def test_links_in_a_zip_are_skipped(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert list_files(tmp_path / "a.zip") == ([], {"link": "is a link"})


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    pack(tmp_path / "a.zip", {"a": bytes(1_000_000), "b": b"b"})
    files, skipped = list_files(tmp_path / "a.zip", max_bytes=10_000)
    assert files == ["b"]
    assert skipped == {"a": "would unpack to 1000000 bytes; 10000 are left for a zip"}


def test_the_bound_holds_for_all_zips_together(tmp_path: Path) -> None:
    for name in "abc":
        pack(tmp_path / f"{name}.zip", {"x": bytes(4_000)})
    files, skipped = list_files(tmp_path, max_bytes=10_000)
    assert files == ["a.zip/x", "b.zip/x"]
    assert list(skipped) == ["c.zip/x"]


def test_a_zip_inside_of_a_zip_is_named(tmp_path: Path) -> None:
    inner = pack(tmp_path / "inner.zip", {"a.wav": b"x"}).read_bytes()
    found = open_import(pack(tmp_path / "a.zip", {"inner.zip": inner}), now_ns=NOW_NS)
    assert found.skipped == [("inner.zip", "is a zip inside of a zip; unpack it first")]


def test_a_broken_zip_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 no")
    (tmp_path / "b").write_bytes(b"b")
    files, skipped = list_files(tmp_path)
    assert files == ["b"]
    assert "cannot be unpacked" in skipped["a.zip"]


def test_a_damaged_member_costs_that_member(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a": bytes(range(256)) * 40, "b": b"b"})
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(20)
    path.write_bytes(data)
    files, skipped = list_files(path)
    assert files == ["b"]
    assert "cannot be unpacked" in skipped["a"]


def test_links_to_folders_and_to_nothing_are_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    files, skipped = list_files(tmp_path)
    assert files == []
    assert skipped == {"loop": "is a link to a folder", "gone": "is no file, or a link to nothing"}


def test_a_path_that_is_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="expected a file, a folder or a zip"):
        list_files(tmp_path / "none")
