"""A certificate authority for one test, made by openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.needed import need

if TYPE_CHECKING:
    from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")


@dataclass(frozen=True)
class Certificate:
    """Two PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; `ca` is the PEM file that clients must trust.

    Without `key_usage` it lacks what RFC 5280 asks of an authority, as many companies' do.
    """

    def __init__(self, folder: Path, *, key_usage: bool = True) -> None:
        self._folder = folder
        self._openssl = need("openssl", "openssl")
        folder.mkdir(parents=True, exist_ok=True)
        self._own = Certificate(folder / "ca.pem", folder / "ca.key")
        usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign") if key_usage else ()
        self._request(self._own, "/CN=authority", *usage)

    @property
    def ca(self) -> Path:
        return self._own.certificate

    def sign(self, name: str, hosts: str = "IP:127.0.0.1") -> Certificate:
        """Return the certificate of CN=`name` for the hosts."""
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        own = self._own
        self._request(
            made,
            f"/CN={name}",
            *("-CA", str(own.certificate), "-CAkey", str(own.key)),
            *("-addext", f"subjectAltName={hosts}", "-addext", "basicConstraints=CA:FALSE"),
        )
        return made

    def _request(self, made: Certificate, subject: str, *options: str) -> None:
        files = ("-out", str(made.certificate), "-keyout", str(made.key))
        subprocess.run(
            [
                *(self._openssl, "req", "-x509", *_NEW_KEY, "-subj", subject, "-days", "2"),
                *(*files, *options),
            ],
            check=True,
            capture_output=True,
        )
