"""The store of fine-tuned weights: a folder, or any URL that fsspec can open.

A message names the URL of a revision's weights, and anybody with access to the broker may write
one. So that URL is never opened: only its last part is used, which must be a name that `file_name`
makes, and it is looked up in the configured store. The file is used only if its hash matches the
announced one.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from infra.errors import RevisionError
from infra.secrets import mask_url, mask_urls
from infra.settings import Settings, env_name
from schemas.atomic_file import write_atomically

MAX_BYTES = 64_000_000
# Local copies for starting while the store is unavailable; older ones are fetched again if needed.
_COPIES_MAX = 8
_CHUNK = 1 << 20
_NAME = re.compile(r"\A[a-z][a-z0-9_]{0,63}-[0-9a-f]{12}\.safetensors\Z")


@dataclass(frozen=True)
class StoredFile:
    """A stored file's URL without passwords, and its SHA-256, 64 hexadecimal digits."""

    url: str
    sha256: str


def file_name(model: str, revision: str) -> str:
    """Return the name of a revision's file; raises `RevisionError` for an invalid name."""
    name = f"{model}-{revision}.safetensors"
    if not _NAME.match(name):
        raise RevisionError(
            f"revision {revision[:64]!r} of model {model[:64]!r} makes no file name: expected a "
            "model's name and 12 hexadecimal digits"
        )
    return name


class WeightsStore:
    """Puts and gets files of at most 64 MB; blocking, so not for the event loop.

    `url` is a folder or an fsspec URL such as `s3://bucket/path`, whose package (`s3fs`) must be
    installed. `copies` is a folder for verified copies, of which the newest eight are kept.
    """

    def __init__(self, url: str, copies: Path) -> None:
        self.url = url.rstrip("/") or "/"
        self._copies = Path(copies)

    @classmethod
    def of(cls, settings: Settings) -> WeightsStore:
        """Return the configured store."""
        folder = settings.run_dir.absolute()
        return cls(settings.revisions_url or str(folder / "revisions"), folder / "revision-copies")

    def check(self) -> None:
        """Raise `RevisionError` where fsspec opens no such URL; the store itself is not asked."""
        if "://" in self.url:
            self._open()

    def put(self, path: Path, model: str, revision: str) -> StoredFile:
        """Copy the file at `path` into the store; raises `RevisionError`.

        Putting the same revision again replaces it.
        """
        name = file_name(model, revision)
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise RevisionError(f"weights {path} have {size} bytes: expected at most {MAX_BYTES}")
        data = path.read_bytes()
        files, root = self._open()
        try:
            files.makedirs(root, exist_ok=True)
            target = f"{root}/{name}"
            if "file" in _protocols(files):
                # So that readers never see a partial file; object stores guarantee this anyway.
                write_atomically(Path(target), data)
            else:
                files.pipe_file(target, data)
        except Exception as error:  # each kind of store raises its own errors
            raise self._revision_error(name, "written", error) from error
        return StoredFile(f"{mask_url(self.url)}/{name}", sha256(data).hexdigest())

    def get(self, url: str, digest: str) -> Path:
        """Return a local copy of the file that `url` names, with SHA-256 `digest`.

        Raises `RevisionError` for a foreign name, a missing or too large file, a failing store, and
        a wrong hash.
        """
        name = url.replace("\\", "/").rsplit("/", 1)[-1]
        if not _NAME.match(name):
            raise RevisionError(
                f"weights {mask_url(url)[:200]!r} are not named as a revision's are: expected "
                "MODEL-REVISION.safetensors"
            )
        copy = self._copies / name
        with suppress(OSError):
            if sha256(copy.read_bytes()).hexdigest() == digest:
                os.utime(copy)
                return copy
        data = self._fetch(name)
        actual = sha256(data).hexdigest()
        if actual != digest:
            raise RevisionError(
                f"weights {name} in {mask_url(self.url)} have sha256 {actual[:12]}..., but the "
                f"update says {digest[:12]}...: expected the file that was announced"
            )
        try:
            self._copies.mkdir(parents=True, exist_ok=True)
            write_atomically(copy, data)
            self._forget_oldest()
        except OSError as error:
            raise RevisionError(
                f"copy of weights {name} cannot be written to {self._copies}: {error}"
            ) from error
        return copy

    def remove(self, model: str, revision: str) -> None:
        """Remove a revision's file if it is there; raises `RevisionError`."""
        name = file_name(model, revision)
        files, root = self._open()
        try:
            if files.exists(f"{root}/{name}"):
                files.rm_file(f"{root}/{name}")
        except Exception as error:  # each kind of store raises its own errors
            raise self._revision_error(name, "removed", error) from error

    def _fetch(self, name: str) -> bytes:
        files, root = self._open()
        try:
            with files.open(f"{root}/{name}", "rb") as file:
                data = bytearray()
                # Bounded while reading, because the size that a store reports is not trusted.
                while len(data) <= MAX_BYTES and (chunk := file.read(_CHUNK)):
                    data += chunk
        except FileNotFoundError as error:
            raise RevisionError(
                f"weights {name} are not in {mask_url(self.url)}: expected the store that they "
                f"were put into ({env_name('revisions_url')})"
            ) from error
        except Exception as error:  # each kind of store raises its own errors
            raise self._revision_error(name, "read", error) from error
        if len(data) > MAX_BYTES:
            raise RevisionError(
                f"weights {name} in {mask_url(self.url)} have more than {MAX_BYTES} bytes"
            )
        return bytes(data)

    def _open(self) -> tuple[Any, str]:
        # Imported late: a worker without a revision to fetch does not need it.
        import fsspec

        try:
            files, root = fsspec.core.url_to_fs(self.url)
        except Exception as error:  # an unknown protocol, or one whose package is missing
            raise RevisionError(
                f"setting {env_name('revisions_url')} has value '{mask_url(self.url)}': expected a "
                f"folder or a URL that fsspec opens ({_brief(error)})"
            ) from error
        return files, str(root).rstrip("/")

    def _revision_error(self, name: str, done: str, error: Exception) -> RevisionError:
        return RevisionError(
            f"weights {name} cannot be {done} in {mask_url(self.url)}: {_brief(error)}"
        )

    def _forget_oldest(self) -> None:
        copies = [path for path in self._copies.iterdir() if _NAME.match(path.name)]
        copies.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in copies[_COPIES_MAX:]:
            path.unlink(missing_ok=True)


def _protocols(files: Any) -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)


def _brief(error: Exception) -> str:
    first = str(error).splitlines()[:1]
    if not first:
        return type(error).__name__
    # The store's error may contain the URL.
    return f"{type(error).__name__}: {mask_urls(first[0])[:150]}"
