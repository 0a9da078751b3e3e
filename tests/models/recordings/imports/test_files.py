from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from models.recordings.imports.files import find_files
from models.recordings.imports.importing import open_import
from models.recordings.imports.scratch import Scratch
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.sounds import NOW_NS, motion, sound

if TYPE_CHECKING:
    from collections.abc import Callable
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


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_members_of_one_name_in_a_zip_the_first_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for text in ("first", "second"):
            archive.writestr("a/m", text)
    assert list_files(path) == (["a/m"], {"a/m": "is in the zip twice: the first is read"})


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_a_name_that_cannot_be_written_costs_its_member_alone(tmp_path: Path, name: str) -> None:
    long = "n" * 300
    members = {"a": b"a", "a/m": b"m", "b": b"b", long: b"n"}
    archive = name.removeprefix("a.")
    if archive == "zip":
        pack(tmp_path / name, members)
    else:
        pack_tar(tmp_path / name, members, "w")
    both = f"is both a file and a folder in the {archive}: the first is read"
    assert list_files(tmp_path / name) == (
        ["a", "b"],
        {"a/m": both, long: "cannot be unpacked: File name too long"},
    )


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
    (tmp_path / "a.zip").write_bytes(b"no zip")
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


def pack_tar(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.TGZ", "w:gz"), ("a.tar.bz2", "w:bz2"),
     ("a.tar.xz", "w:xz")],
)  # fmt: skip
def test_each_file_of_a_tar_is_a_file_of_its_own(tmp_path: Path, name: str, mode: str) -> None:
    data = {
        "walk/a.wav": sound(tmp_path / "a.wav", 2).read_bytes(),
        "walk/m.csv": motion(tmp_path / "m.csv", 2).read_bytes(),
    }
    found = open_import(pack_tar(tmp_path / name, data, mode), now_ns=NOW_NS)
    (recording,) = found.recordings
    assert (recording.device_id, recording.streams) == ("a", ("audio", "imu"))
    assert {str(path) for path in recording.files} == {"walk/a.wav", "walk/m.csv"}
    assert not found.skipped


def test_what_leaves_a_tar_or_is_no_file_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("../evil", tarfile.REGTYPE), ("/etc/evil", tarfile.REGTYPE),
                           ("link", tarfile.SYMTYPE), ("good", tarfile.REGTYPE),
                           ("good", tarfile.REGTYPE)):  # fmt: skip
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    files, skipped = list_files(path)
    assert files == ["good"]
    assert skipped == {
        "evil": "its name leaves the tar",
        "etc/evil": "its name leaves the tar",
        "link": "is a link or a device",
        "good": "is in the tar twice: the first is read",
    }


def test_a_tar_that_is_cut_is_read_up_to_the_cut(tmp_path: Path) -> None:
    noise = [bytes((i * i * j) % 251 for i in range(40_000)) for j in (3, 7)]
    path = pack_tar(tmp_path / "a.tar", {"one": noise[0], "two": noise[1]}, "w")
    path.write_bytes(path.read_bytes()[:60_000])
    files, skipped = list_files(path)
    assert files == ["one", "two"]
    assert "breaks off" in skipped["a.tar"]
    assert "what is before is read" in skipped["a.tar"]


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)],
)
def test_a_packed_file_is_read_up_to_where_it_is_cut(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    plain = motion(tmp_path / "m.csv", 120).read_bytes()
    (tmp_path / "m.csv").unlink()
    whole = tmp_path / f"m.csv{suffix}"
    whole.write_bytes(compress(plain))
    (recording,) = open_import(whole, now_ns=NOW_NS).recordings
    assert (recording.duration_s, recording.device_id) == (120.0, "m")
    # A block of bzip2 is read as a whole, and holds up to 900 kB.
    if suffix != ".bz2":
        whole.write_bytes(compress(plain)[: len(compress(plain)) * 3 // 4])
        found = open_import(whole, now_ns=NOW_NS)
        assert 60 < found.recordings[0].duration_s < 119
        assert "what is before is read" in dict(found.skipped)[whole.name]


def test_a_zip_that_is_cut_says_so(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"m.csv": bytes(100_000)})
    path.write_bytes(path.read_bytes()[:-30])
    files, skipped = list_files(path)
    assert files == []
    assert skipped["a.zip"] == (
        "is cut: what a zip holds is listed at its end; copy or export it again"
    )


@pytest.mark.parametrize(
    "name", ["walk.csv", "walk.json", "walk.wav", "walk.m4a", "walk.zip", "walk.csv.gz"]
)
def test_a_file_without_a_byte_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as packed:
        packed.writestr("Accelerometer.csv", "")
    reason = "is empty; copy or export it again"
    skipped = open_import(tmp_path, now_ns=NOW_NS).skipped
    assert skipped == [("export.zip/Accelerometer.csv", reason), (name, reason)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("walk.xls", "is a spreadsheet (its name ends in '.xls'); export it as CSV"),
        ("walk.7z", "is an archive that is not read; unpack it first, or pack it as a zip"),
        ("walk.parquet", "write it as CSV with a header, as time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0" * 100)
    assert reason in dict(open_import(tmp_path, now_ns=NOW_NS).skipped)[name]
