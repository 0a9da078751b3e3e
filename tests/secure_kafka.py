"""Apache Kafka with TLS, SASL or client certificates, and an authorizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.local.kafka import ApacheKafka
from infra.local.kafka.server import property_value
from infra.local.probe import LOOPBACK, free_port
from infra.settings import Settings, load
from tests.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PASSWORD = "hunter2-and-more"
# One per role, and one without any rights.
PRINCIPALS = ("device", "worker", "finetuner", "operator", "reader", "stranger")
_MODULES = "org.apache.kafka.common.security"


class SecureKafka(ApacheKafka):
    """A node that also listens with SASL over TLS and with client certificates.

    `users` have the SCRAM and PLAIN password `PASSWORD`. The first of them is a super user, as are
    clients of the plaintext listener, through which the node itself is probed.
    """

    def __init__(self, folder: Path, users: Sequence[str] = ("admin", *PRINCIPALS)) -> None:
        super().__init__(folder)
        self.users = users
        self.sasl_port, self.tls_port = free_port(), free_port()
        self.authority = Authority(folder / "certificates")

    def settings(self, **changes: Any) -> Settings:
        """Return settings of a client that trusts the node, by default the first user's."""
        login = {
            "broker_url": f"kafka+ssl://{LOOPBACK}:{self.sasl_port}",
            "broker_ca": self.authority.ca,
            "broker_sasl": "SCRAM-SHA-512",
            "broker_username": self.users[0],
            "broker_password": PASSWORD,
        }
        return load(env_file=None, **{**login, **changes})

    def settings_with_certificate(self, name: str, **changes: Any) -> Settings:
        """Return settings of a client with the certificate of CN=`name`."""
        shown = self.authority.sign(name)
        return load(
            env_file=None,
            broker_url=f"kafka+ssl://{LOOPBACK}:{self.tls_port}",
            broker_ca=self.authority.ca,
            broker_certificate=shown.certificate,
            broker_key=shown.key,
            **changes,
        )

    def _configure(self, port: int) -> Path:
        path = super()._configure(port)
        own = self.authority.sign("broker")
        store = self.folder / "broker.pem"
        store.write_bytes(own.key.read_bytes() + own.certificate.read_bytes())
        lines = dict(line.split("=", 1) for line in path.read_text().splitlines())
        added = f"SASL_SSL://{LOOPBACK}:{self.sasl_port},SSL://{LOOPBACK}:{self.tls_port}"
        for name in ("listeners", "advertised.listeners"):
            lines[name] += f",{added}"
        lines["listener.security.protocol.map"] += ",SASL_SSL:SASL_SSL,SSL:SSL"
        passwords = " ".join(f'user_{user}="{PASSWORD}"' for user in self.users)
        sasl = "listener.name.sasl_ssl"
        lines |= {
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
            **{
                f"{sasl}.scram-sha-{bits}.sasl.jaas.config": (
                    f"{_MODULES}.scram.ScramLoginModule required;"
                )
                for bits in (256, 512)
            },
            f"{sasl}.plain.sasl.jaas.config": (
                f"{_MODULES}.plain.PlainLoginModule required {passwords};"
            ),
            # Kafka's validator of unsigned tokens, which is for tests only.
            f"{sasl}.oauthbearer.sasl.jaas.config": (
                f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required "
                'unsecuredLoginStringClaim_sub="broker";'
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": property_value(store),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": property_value(self.authority.ca),
            "listener.name.ssl.ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]*).*$/$1/",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{self.users[0]}",
        }
        path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        return path

    def _format(self, command: list[str], properties: Path) -> None:
        scram = [
            f"SCRAM-SHA-{bits}=[name={user},password={PASSWORD}]"
            for user in self.users
            for bits in (256, 512)
        ]
        options = [part for value in scram for part in ("--add-scram", value)]
        super()._format([*command, *options], properties)
