"""Certificates that are renewed in place while a program runs."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from infra.errors import BrokerError
from infra.settings import Settings, load
from infra.tls import client_context, not_trusted
from tests.certificates import Authority, Certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def server(own: Certificate, trusted: Path) -> AsyncIterator[int]:
    """Serve the name in each client's certificate on the port that is returned."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=trusted)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(own.certificate, own.key)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ((name,),) = writer.get_extra_info("peercert")["subject"]
        writer.write(f"{name[1]}\n".encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as listening:
        yield listening.sockets[0].getsockname()[1]


async def shown_name(port: int, context: ssl.SSLContext) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        return (await reader.readline()).decode().strip()
    finally:
        writer.close()


def put(made: Certificate, live: Certificate, age_s: int) -> None:
    """Write a certificate and its key over those that a program has open."""
    for source, path in ((made.certificate, live.certificate), (made.key, live.key)):
        shutil.copy(source, path)
        stat = path.stat()
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - age_s * 1_000_000_000))


@pytest.fixture
def live(tmp_path: Path) -> Certificate:
    return Certificate(tmp_path / "live.pem", tmp_path / "live.key")


def settings(ca: Path, live: Certificate) -> Settings:
    return load(
        env_file=None,
        broker_url="kafka+ssl://127.0.0.1:9093",
        broker_ca=ca,
        broker_certificate=live.certificate,
        broker_key=live.key,
    )


async def test_a_certificate_renewed_in_place_is_shown_to_the_next_connection(
    tmp_path: Path, live: Certificate
) -> None:
    authority = Authority(tmp_path / "authority")
    put(authority.sign("of-yesterday"), live, age_s=20)
    context = client_context(settings(authority.ca, live), "broker", BrokerError)
    async with server(authority.sign("server"), authority.ca) as port:
        assert await shown_name(port, context) == "of-yesterday"
        put(authority.sign("of-today"), live, age_s=10)
        assert await shown_name(port, context) == "of-today"


async def test_authorities_exchanged_in_place_are_all_that_is_trusted_from_then_on(
    tmp_path: Path, live: Certificate
) -> None:
    before, after = (Authority(tmp_path / name) for name in ("before", "after"))
    put(before.sign("client"), live, age_s=20)
    ca = tmp_path / "ca.pem"
    shutil.copy(before.ca, ca)
    os.utime(ca, (1, 1))
    context = client_context(settings(ca, live), "broker", BrokerError)
    shutil.copy(after.ca, ca)
    async with server(after.sign("server"), before.ca) as port:
        assert await shown_name(port, context) == "client"
    async with server(before.sign("server"), before.ca) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await shown_name(port, context)


async def test_a_renewal_that_is_half_written_is_said_once_and_waited_for(
    tmp_path: Path, live: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path / "authority")
    put(authority.sign("of-yesterday"), live, age_s=20)
    context = client_context(settings(authority.ca, live), "broker", BrokerError)
    live.key.write_bytes(authority.sign("of-today").key.read_bytes())
    async with server(authority.sign("server"), authority.ca) as port:
        for _ in range(2):
            assert await shown_name(port, context) == "of-yesterday"
        put(authority.sign("of-today"), live, age_s=10)
        assert await shown_name(port, context) == "of-today"
    (line,) = caplog.messages
    assert line.startswith("setting EGOLOG_BROKER_CERTIFICATE has value ")
    assert line.endswith("; what it held before is used")


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (10, "certificate has expired", "one that is valid now"),
        (9, "certificate is not yet valid", "one that is valid now"),
        (62, "Hostname mismatch, certificate is not valid for 'h'.", "one that names the host"),
        (64, "IP address mismatch, certificate is not valid for '::1'.", "one that names the host"),
        (18, "self-signed certificate", "one that an authority of EGOLOG_BROKER_CA has signed"),
        (
            92,
            "CA cert does not include key usage extension",
            "certificates that RFC 5280 allows, which Python insists on from 3.13 on",
        ),
    ],
)
def test_what_would_be_trusted_is_said(code: int, message: str, expected: str) -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    said = not_trusted(error, "EGOLOG_BROKER_CA")
    assert said == f"is not trusted ({message.rstrip('.').lower()}): expected {expected}"


@pytest.mark.skipif(sys.version_info < (3, 13), reason="Python checks it from 3.13 on")
async def test_an_authority_without_key_usage_is_said(tmp_path: Path, live: Certificate) -> None:
    authority = Authority(tmp_path / "authority", key_usage=False)
    put(authority.sign("device"), live, age_s=0)
    async with server(live, authority.ca) as port:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            await shown_name(
                port, client_context(settings(authority.ca, live), "broker", BrokerError)
            )
    assert "that RFC 5280 allows" in not_trusted(caught.value, "EGOLOG_BROKER_CA")
