"""Every file below a path: of a folder, its subfolders and the zips in them, or one file.

Gzip files are unpacked.
"""

from __future__ import annotations

import gzip
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Well above a day of four channels at 48 kHz, and below a zip bomb.
MAX_UNPACKED_BYTES = 64 * 2**30
MAX_MEMBERS = 100_000
# Silence is compressed a thousandfold, a bomb's layers ten thousandfold.
_COPY_BYTES = 1 << 20
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class FoundFile:
    """A file: `path` on disk, and `display_path`, that below PATH (or in a zip below it)."""

    path: Path
    display_path: PurePosixPath


def find_files(
    root: Path, scratch: Path, skipped: list[tuple[str, str]], max_bytes: int | None = None
) -> list[FoundFile]:
    """Return the files by name; zips and gzips are unpacked below `scratch`.

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
        if file.path.suffix.lower() != ".zip":
            files.append(file)
        else:
            # If PATH itself is a zip, its members need no prefix.
            display_path = PurePosixPath() if file.path == root else file.display_path
            files += unpacker.unpack(file, display_path)
    opened = []
    for file in files:
        plain = file if file.path.suffix.lower() != ".gz" else unpacker.unpack_gzip(file)
        opened += [] if plain is None else [plain]
    return opened


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
    """Unpacks zips below one folder, at most `max_bytes` in total."""

    def __init__(
        self, scratch: Path, skipped: list[tuple[str, str]], max_bytes: int | None
    ) -> None:
        self._scratch, self._skipped = scratch, skipped
        free = shutil.disk_usage(scratch).free // 2
        self._left = min(MAX_UNPACKED_BYTES, free) if max_bytes is None else max_bytes
        self._zips = 0

    def unpack(self, file: FoundFile, display_path: PurePosixPath) -> list[FoundFile]:
        """Return the files of one zip; nested zips are not unpacked."""
        target = self._scratch / str(self._zips)
        self._zips += 1
        files = []
        try:
            with zipfile.ZipFile(file.path) as archive:
                members = archive.infolist()
                if len(members) > MAX_MEMBERS:
                    raise RecordingError(f"holds {len(members)} files; at most {MAX_MEMBERS}")
                for member in sorted(members, key=lambda m: m.filename):
                    name = PurePosixPath(member.filename.replace("\\", "/"))
                    if member.filename.endswith("/"):
                        continue
                    reason = _refusal(member, name)
                    if reason is None:
                        reason = self._extract(archive, member, target / name)
                    if reason is not None:
                        self._skipped.append((str(display_path / _plain(name)), reason))
                    else:
                        files.append(FoundFile(target / name, display_path / name))
        except (zipfile.BadZipFile, OSError, RecordingError, NotImplementedError) as error:
            self._skipped.append((str(file.display_path), f"cannot be unpacked: {error}"))
        return files

    def unpack_gzip(self, file: FoundFile) -> FoundFile | None:
        """Return one gzip file decompressed; None if it is broken, with the reason in `skipped`.

        Files of a folder stay in one folder.
        """
        path = self._scratch / "gzip" / file.display_path.parent / file.path.stem
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with gzip.open(file.path) as packed, path.open("xb") as plain:
                while block := packed.read(_COPY_BYTES):
                    self._left -= len(block)
                    if self._left < 0:
                        raise OSError("unpacks to more bytes than there is room for")
                    plain.write(block)
        except (OSError, zlib.error, EOFError) as error:
            path.unlink(missing_ok=True)
            self._skipped.append((str(file.display_path), f"cannot be unpacked: {error}"))
            return None
        return FoundFile(path, file.display_path)

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


def _refusal(member: zipfile.ZipInfo, name: PurePosixPath) -> str | None:
    if not name.parts:
        return "has no name"
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0][:2]:
        return "its name leaves the zip"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    return None


def _plain(name: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*(part for part in name.parts if part not in ("/", "..")))
