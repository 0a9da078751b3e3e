"""Every way to log in, on a real Kafka; and what is said where it does not let us in."""

from __future__ import annotations

import ast
import asyncio
import os
import ssl
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiokafka.errors import IllegalSaslStateError, NodeNotReadyError, UnsupportedSaslMechanismError

from infra import topics
from infra.broker import broker_topics, topic_creation
from infra.broker.access import _refusal, broker_error, client_arguments
from infra.broker.topic_reader import TopicReader, publish
from infra.errors import BrokerError
from infra.local.probe import free_port
from infra.settings import Settings, load
from tests.certificates import Authority
from tests.infra.broker.web_tokens import jwt
from tests.package_graph import modules
from tests.secure_kafka import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.secure_kafka import SecureKafka

WAYS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "certificate"]
NO_LOGIN = {"broker_sasl": None, "broker_username": None, "broker_password": None}


@pytest.fixture(scope="module")
def prefix(secure_kafka: SecureKafka) -> str:
    """Topics for all ways to log in."""
    name = f"{uuid4().hex[:8]}."
    asyncio.run(topic_creation.create(secure_kafka.settings(topic_prefix=name, topic_partitions=1)))
    return name


def settings(kafka: SecureKafka, way: str, **changes: Any) -> Settings:
    if way == "certificate":
        return kafka.settings_with_certificate("admin", **changes)
    if way == "OAUTHBEARER":
        now = time.time()
        token = jwt(sub="admin", iat=now, exp=now + 600)
        command = f"{sys.executable} -S -c 'print(\"{token}\")'"
        changes |= {**NO_LOGIN, "broker_sasl": way, "broker_token_command": command}
    else:
        changes |= {"broker_sasl": way}
    return kafka.settings(**changes)


@pytest.mark.services
@pytest.mark.parametrize("way", WAYS)
async def test_topics_are_listed_written_and_read_by_each_way_to_log_in(
    secure_kafka: SecureKafka, prefix: str, way: str
) -> None:
    client = settings(secure_kafka, way, topic_prefix=prefix, topic_partitions=1)
    broker_topics.check(await broker_topics.describe(client), client)
    key = uuid4().hex
    await publish(client, topics.LABELS, key, b"value")
    async with TopicReader(client, topics.LABELS) as reader:
        records = await reader.to_the_end()
    assert (key.encode(), b"value") in {(record.key, record.value) for record in records}


@pytest.mark.services
async def test_a_follower_is_closed_before_the_broker_has_answered_its_fetch(
    secure_kafka: SecureKafka, prefix: str
) -> None:
    client = settings(secure_kafka, "PLAIN", topic_prefix=prefix, topic_partitions=1)
    async with asyncio.timeout(60), TopicReader(client, topics.DEVICE_CONTROL) as reader:
        await reader.to_the_end()
        following = asyncio.ensure_future(anext(reader.follow()))
        # By then a fetch waits at the broker, for five seconds.
        await asyncio.sleep(1)
        began = time.monotonic()
    assert time.monotonic() - began < 3
    with suppress(StopAsyncIteration):
        await following


def wrong(kafka: SecureKafka, folder: Path) -> dict[str, tuple[dict[str, Any], str]]:
    """Return by name what does not fit, and how it is named."""
    host, tls = "kafka+ssl://127.0.0.1", f"kafka+ssl://127.0.0.1:{kafka.tls_port}"
    plain = kafka.url.rpartition(":")[2]
    authority = Authority(folder / "other")
    other, stranger = authority.ca, authority.sign("stranger")
    shown = {"broker_certificate": stranger.certificate, "broker_key": stranger.key}
    return {
        "password": ({"broker_password": "wrong"}, "refuses the login (["),
        "authority": (
            {"broker_ca": other},
            "is not trusted (unable to get local issuer certificate): expected one that an "
            "authority of EGOLOG_BROKER_CA has signed",
        ),
        "name": (
            {"broker_url": f"kafka+ssl://localhost:{kafka.sasl_port}"},
            "is not trusted (hostname mismatch, certificate is not valid for 'localhost'): "
            "expected one that names the host",
        ),
        "no TLS there": ({"broker_url": f"{host}:{plain}"}, "closed the connection ("),
        "TLS there": (
            {**NO_LOGIN, "broker_ca": None, "broker_url": f"kafka://127.0.0.1:{kafka.tls_port}"},
            "speaks TLS: expected kafka+ssl:// in EGOLOG_BROKER_URL",
        ),
        "login without TLS": (
            {"broker_ca": None, "broker_url": f"kafka://127.0.0.1:{kafka.sasl_port}"},
            "speaks TLS: expected kafka+ssl:// in EGOLOG_BROKER_URL",
        ),
        "no certificate": ({**NO_LOGIN, "broker_url": tls}, "refuses TLS ("),
        "certificate": ({**NO_LOGIN, **shown, "broker_url": tls}, "refuses TLS ("),
        "nobody there": ({"broker_url": f"{host}:{free_port()}"}, "does not answer: start it"),
        "mechanism": (
            {**NO_LOGIN, "broker_sasl": "OAUTHBEARER", "broker_token_command": "false"},
            "cannot be logged in to (TokenError: EGOLOG_BROKER_TOKEN_COMMAND: false ended with ",
        ),
    }


@pytest.mark.services
async def test_who_is_not_let_in_gets_one_line_without_a_secret(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    for changes, expected in wrong(secure_kafka, tmp_path).values():
        client = secure_kafka.settings(**changes)
        with pytest.raises(BrokerError) as caught:
            await broker_topics.describe(client)
        line = str(caught.value)
        assert line.startswith(f"broker at {client.broker_url} {expected}")
        assert "\n" not in line
        assert PASSWORD not in line


def test_a_port_without_this_login_is_told_from_a_wrong_user() -> None:
    assert _refusal(IllegalSaslStateError("<AIOKafkaConnection host=a port=1>")) == (
        "takes no login at this port: unset EGOLOG_BROKER_SASL, or correct the port"
    )
    line = _refusal(UnsupportedSaslMechanismError("Enabled mechanisms are: PLAIN"))
    assert line.startswith("takes no such login (")
    assert line.endswith("Enabled mechanisms are: PLAIN): correct EGOLOG_BROKER_SASL")


def test_a_node_of_a_cluster_that_is_gone_is_said_without_the_clients_class() -> None:
    settings = load(env_file=None, broker_url="kafka://a:1,b:2")
    assert str(broker_error(settings, NodeNotReadyError("node 3 is not ready"))) == (
        "broker at kafka://a:1,b:2 does not answer (node 3 is not ready): start those of its "
        "brokers that are away, or correct EGOLOG_BROKER_URL"
    )


def test_every_client_of_the_pipeline_is_made_with_these_arguments() -> None:
    clients = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient"}
    made = 0
    for name, path in modules().items():
        text = path.read_text()
        if name.partition(".")[0] not in ("infra", "streams") or "AIOKafka" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in clients:
                spread = [ast.unparse(word.value) for word in node.keywords if word.arg is None]
                assert any(one.startswith("client_arguments(") for one in spread), (
                    f"{name}:{node.lineno} connects without TLS and login"
                )
                made += 1
    assert made >= 6


def test_without_tls_and_login_nothing_is_added() -> None:
    assert client_arguments(load(env_file=None, broker_url="kafka://a:1,b:2")) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"broker_ca": "missing.pem"}, "BROKER_CA"),
        ({"broker_ca": "empty.pem"}, "BROKER_CA"),
        ({"broker_certificate": "missing.pem"}, "BROKER_CERTIFICATE"),
        ({"broker_certificate": "client.pem", "broker_key": "other.key"}, "BROKER_CERTIFICATE"),
        ({"broker_certificate": "client.pem", "broker_key": "locked.key"}, "BROKER_CERTIFICATE"),
        ({"broker_certificate": "client.pem", "broker_key": "missing.key"}, "BROKER_KEY"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_named(
    tmp_path: Path, changes: dict[str, str], name: str
) -> None:
    authority = Authority(tmp_path)
    authority.sign("client")
    authority.sign("other")
    (tmp_path / "empty.pem").touch()
    lock(tmp_path / "client.key", tmp_path / "locked.key")
    files = {field: tmp_path / file for field, file in changes.items()}
    client = load(env_file=None, broker_url="kafka+ssl://a:1", **files)
    with pytest.raises(BrokerError) as caught:
        client_arguments(client)
    [value] = [str(path) for field, path in files.items() if f"EGOLOG_{name}" == env(field)]
    expected = f"setting EGOLOG_{name} has value '{value}': expected a PEM file "
    assert str(caught.value).startswith(expected)


def test_the_password_of_a_key_opens_it(tmp_path: Path) -> None:
    made = Authority(tmp_path).sign("client")
    lock(made.key, tmp_path / "locked.key")
    client = load(
        env_file=None,
        broker_url="kafka+ssl://a:1",
        broker_certificate=made.certificate,
        broker_key=tmp_path / "locked.key",
        broker_key_password=PASSWORD,
    )
    assert client_arguments(client)["security_protocol"] == "SSL"


def test_files_are_read_anew_only_where_one_was_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    create = ssl.create_default_context

    def counted(cafile: Path) -> ssl.SSLContext:
        read.append(cafile)
        return create(cafile=cafile)

    monkeypatch.setattr(ssl, "create_default_context", counted)
    ca = Authority(tmp_path / "first").ca
    client = load(env_file=None, broker_url="kafka+ssl://a:1", broker_ca=ca)
    for _ in range(2):
        client_arguments(client)
    assert read == [ca]
    os.utime(ca, ns=(1, 1))
    for _ in range(2):
        client_arguments(client)
    assert read == [ca, ca]


def env(field: str) -> str:
    return f"EGOLOG_{field.upper()}"


def lock(key: Path, locked: Path) -> None:
    """Write a private key that has `PASSWORD`."""
    files = ("-in", str(key), "-out", str(locked))
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", *files, "-passout", f"pass:{PASSWORD}"],
        check=True,
        capture_output=True,
    )
