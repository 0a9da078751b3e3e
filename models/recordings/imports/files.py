"""Every file below a path: of a folder, its subfolders and the archives in them, or one file.

Zips, tars and single files packed by gzip, bzip2 or xz are unpacked.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase
    from typing import IO, BinaryIO

# Well above a day of four channels at 48 kHz, and below a zip bomb.
MAX_UNPACKED_BYTES = 64 * 2**30
MAX_MEMBERS = 100_000
_COPY_BYTES = 1 << 14  # what a broken stream holds in its last block is not returned
_ENCRYPTED = 0x1
_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OPENERS: dict[str, type[gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
    ".gz": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
ARCHIVES = (".zip", *_TAR_SUFFIXES, *_OPENERS)
EMPTY = "is empty; copy or export it again"
_BROKEN = (OSError, zlib.error, lzma.LZMAError, EOFError)


@dataclass(frozen=True)
class FoundFile:
    """A file: `path` on disk, and `display_path`, that below PATH (or in a zip below it)."""

    path: Path
    display_path: PurePosixPath


def unpacked_name(name: str) -> str:
    """Return the name of what a file holds: `m.csv` of `m.csv.gz`, `walk` of `walk.tar.gz`."""
    lower = name.lower()
    for suffix in ARCHIVES:
        if lower.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def find_files(
    root: Path, scratch: Path, skipped: list[tuple[str, str]], max_bytes: int | None = None
) -> list[FoundFile]:
    """Return the files by name; archives are unpacked below `scratch`.

    Those that cannot be unpacked are added to `skipped`. Raises `RecordingError` if `root` does not
    exist.
    """
    unpacker = _Unpacker(scratch, skipped, max_bytes)
    if root.is_dir():
        top = list(_walk(root, PurePosixPath(), skipped))
    elif root.is_file():
        top = [FoundFile(root, PurePosixPath(root.name))]
    else:
        raise RecordingError(f"{str(root)!r} does not exist; expected a file, a folder or a zip")
    files: list[FoundFile] = []
    for file in top:
        # If PATH itself is an archive, its members need no prefix.
        display_path = PurePosixPath() if file.path == root else file.display_path
        if file.path.name.lower().endswith(ARCHIVES) and is_empty(file):
            skipped.append((str(file.display_path), EMPTY))
        elif file.path.name.lower().endswith(".zip"):
            files += unpacker.unpack_zip(file, display_path)
        elif file.path.name.lower().endswith(_TAR_SUFFIXES):
            files += unpacker.unpack_tar(file, display_path)
        else:
            files.append(file)
    opened = []
    for file in files:
        plain = file if file.path.suffix.lower() not in _OPENERS else unpacker.unpack_single(file)
        opened += [] if plain is None else [plain]
    return opened


def is_empty(file: FoundFile) -> bool:
    """Return whether the file has no byte at all, as a copy that failed."""
    return file.path.stat().st_size == 0


def _walk(
    folder: Path, display_path: PurePosixPath, skipped: list[tuple[str, str]]
) -> Iterator[FoundFile]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        skipped.append((str(display_path), f"cannot be listed: {error.strerror}"))
        return
    for path in entries:
        name = display_path / path.name
        if path.is_dir():
            if path.is_symlink():
                skipped.append((str(name), "is a link to a folder"))
            else:
                yield from _walk(path, name, skipped)
        elif path.is_file():
            yield FoundFile(path, name)
        else:
            skipped.append((str(name), "is no file, or a link to nothing"))


class _Unpacker:
    """Unpacks archives below one folder, at most `max_bytes` in total."""

    def __init__(
        self, scratch: Path, skipped: list[tuple[str, str]], max_bytes: int | None
    ) -> None:
        self._scratch, self._skipped = scratch, skipped
        free = shutil.disk_usage(scratch).free // 2
        self._left = min(MAX_UNPACKED_BYTES, free) if max_bytes is None else max_bytes
        self._archives = 0

    def unpack_zip(self, file: FoundFile, display_path: PurePosixPath) -> list[FoundFile]:
        """Return the files of one zip; nested zips are not unpacked."""
        target, files = self._target(), []
        try:
            with zipfile.ZipFile(file.path) as archive:
                members = archive.infolist()
                if len(members) > MAX_MEMBERS:
                    raise RecordingError(f"holds {len(members)} files; at most {MAX_MEMBERS}")
                for member in sorted(members, key=lambda m: m.filename):
                    name = PurePosixPath(member.filename.replace("\\", "/"))
                    if member.filename.endswith("/"):
                        continue
                    reason = _refusal(member, name) or _taken(target, name, "zip")
                    if reason is None:
                        reason = self._extract(archive, member, target / name)
                    if reason is not None:
                        self._skipped.append((str(display_path / _plain(name)), reason))
                    else:
                        files.append(FoundFile(target / name, display_path / name))
        except (zipfile.BadZipFile, OSError, RecordingError, NotImplementedError) as error:
            reason = _CUT_ZIP if _is_cut_zip(file.path) else f"cannot be unpacked: {error}"
            self._skipped.append((str(file.display_path), reason))
        return files

    def unpack_tar(self, file: FoundFile, display_path: PurePosixPath) -> list[FoundFile]:
        """Return the files of one tar; what lies before a break is kept."""
        target, files = self._target(), []
        count = 0
        try:
            with tarfile.open(file.path, "r|*") as archive:
                for member in archive:
                    count += 1
                    if count > MAX_MEMBERS:
                        raise RecordingError(f"holds more than {MAX_MEMBERS} files")
                    name = PurePosixPath(member.name)
                    if member.isdir():
                        continue
                    packed = archive.extractfile(member) if member.isfile() else None
                    reason = _outside(name, "tar")
                    if reason is None and packed is None:
                        reason = "is a link or a device"
                    reason = reason or _taken(target, name, "tar")
                    if reason is not None or packed is None:
                        self._skipped.append((str(display_path / _plain(name)), reason or ""))
                        continue
                    (target / name).parent.mkdir(parents=True, exist_ok=True)
                    files.append(FoundFile(target / name, display_path / name))
                    with (target / name).open("xb") as plain:
                        self._copy(packed, plain)
        except (tarfile.TarError, RecordingError, *_BROKEN) as error:
            self._skipped.append((str(file.display_path), _broken(error, bool(files))))
        return files

    def unpack_single(self, file: FoundFile) -> FoundFile | None:
        """Return one gzip, bzip2 or xz file decompressed, up to a break.

        None if nothing of it can be read; either is said in `skipped`. Files of a folder stay in
        one folder.
        """
        path = self._scratch / "single" / file.display_path.parent / file.path.stem
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with (
                _OPENERS[file.path.suffix.lower()](file.path) as packed,
                path.open("xb", buffering=0) as plain,
            ):
                self._copy(packed, plain)
        except (RecordingError, *_BROKEN) as error:
            there = not isinstance(error, RecordingError) and path.is_file() and path.stat().st_size
            self._skipped.append((str(file.display_path), _broken(error, bool(there))))
            if not there:
                path.unlink(missing_ok=True)
                return None
        return FoundFile(path, file.display_path)

    def _target(self) -> Path:
        self._archives += 1
        return self._scratch / str(self._archives)

    def _copy(self, packed: IO[bytes] | BufferedIOBase, plain: BinaryIO) -> None:
        """Copy until the end or a break; raises `RecordingError` if there is no room for it."""
        while block := packed.read(_COPY_BYTES):
            self._left -= len(block)
            if self._left < 0:
                raise RecordingError("unpacks to more bytes than there is room for")
            plain.write(block)

    def _extract(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> str | None:
        if member.file_size > self._left:
            return f"would unpack to {member.file_size} bytes; {self._left} are left for a zip"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as packed, path.open("xb") as file:
                # The size in the directory may be false, so the unpacked bytes are counted.
                while block := packed.read(_COPY_BYTES):
                    self._left -= len(block)
                    if self._left < 0:
                        raise RecordingError("unpacks to more bytes than its directory says")
                    file.write(block)
        except RecordingError:
            path.unlink(missing_ok=True)
            raise
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            path.unlink(missing_ok=True)
            return f"cannot be unpacked: {error}"
        except RuntimeError as error:  # a wrong password
            return f"cannot be unpacked: {error}"
        return None


_CUT_ZIP = "is cut: what a zip holds is listed at its end; copy or export it again"


def _is_cut_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04" and not zipfile.is_zipfile(path)
    except OSError:
        return False


def _broken(error: Exception, some: bool) -> str:
    return (
        f"breaks off ({error}); what is before is read" if some else f"cannot be unpacked: {error}"
    )


def _outside(name: PurePosixPath, archive: str) -> str | None:
    if not name.parts:
        return "has no name"
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0][:2]:
        return f"its name leaves the {archive}"
    return None


def _taken(target: Path, name: PurePosixPath, archive: str) -> str | None:
    """Return why `name` cannot be written below `target`, None if nothing is in its place."""
    path = target / name
    try:
        # `is_file` says False of a name that is too long, from Python 3.14 on.
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        return f"cannot be unpacked: {error.strerror}"
    if path.is_file():
        return f"is in the {archive} twice: the first is read"
    if path.is_dir() or any((target / folder).is_file() for folder in name.parents):
        return f"is both a file and a folder in the {archive}: the first is read"
    return None


def _refusal(member: zipfile.ZipInfo, name: PurePosixPath) -> str | None:
    outside = _outside(name, "zip")
    if outside is not None:
        return outside
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    return None


def _plain(name: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*(part for part in name.parts if part not in ("/", "..")))
