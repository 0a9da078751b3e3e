"""The settings of the broker and of Redis: addresses, TLS and logins."""

from __future__ import annotations

from pydantic import Field, model_validator

from infra.settings.presentation import MaskedSettings
from infra.settings.types import (
    EMBEDDED,
    BrokerUrl,
    Folder,
    RedisUrl,
    Sasl,
    Secret,
    Text,
    TokenCommand,
)
from infra.settings.variables import env_name


class ServiceSettings(MaskedSettings):
    """How to reach the brokers and Redis; a setting that would have no effect is refused."""

    broker_url: BrokerUrl = Field(
        EMBEDDED,
        description="Kafka bootstrap servers, with TLS as kafka+ssl://; embedded:// starts a "
        "broker with the worker that keeps topics in memory until it ends and ignores retention",
    )
    broker_ca: Folder | None = Field(
        None,
        description="PEM file of the authorities that the brokers' certificates come from; unset: "
        "the machine's own",
    )
    broker_certificate: Folder | None = Field(
        None, description="PEM file of this client's certificate; unset: none is shown"
    )
    broker_key: Folder | None = Field(
        None,
        description="PEM file of the client certificate's private key; unset: it is in the "
        "certificate's file",
    )
    broker_key_password: Secret | None = Field(
        None, description="password of the private key; unset: it has none"
    )
    broker_sasl: Sasl | None = Field(
        None, description="SASL mechanism; unset: no login, or that by the client's certificate"
    )
    broker_username: Text | None = Field(None, description="user of PLAIN and SCRAM")
    broker_password: Secret | None = Field(None, description="password of PLAIN and SCRAM")
    broker_token_command: TokenCommand | None = Field(
        None, description="command that prints a token for OAUTHBEARER; no shell reads it"
    )
    redis_url: RedisUrl = Field(
        EMBEDDED,
        description="Redis URL, with TLS as rediss://, of Sentinels as "
        "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE; embedded:// starts a Redis server with the "
        "worker that keeps the log in the run folder",
    )
    redis_username: Text | None = Field(
        None, description="Redis user; unset: the URL's, or the default one"
    )
    redis_password: Secret | None = Field(None, description="Redis password; unset: the URL's")
    redis_ca: Folder | None = Field(
        None,
        description="PEM file of the authorities that Redis' certificate comes from; unset: the "
        "machine's own",
    )
    redis_certificate: Folder | None = Field(
        None, description="PEM file of this client's certificate for Redis; unset: none is shown"
    )
    redis_key: Folder | None = Field(
        None, description="PEM file of that certificate's private key; unset: it is in its file"
    )
    redis_sentinel_password: Secret | None = Field(
        None, description="password of the Sentinels; unset: they ask for none"
    )

    @model_validator(mode="after")
    def _broker_login_is_complete(self) -> ServiceSettings:
        """Refuse what would not be used, and what would be sent where others can read it."""
        tls, sasl = self.broker_tls, self.broker_sasl
        for name in ("broker_ca", "broker_certificate"):
            if getattr(self, name) is not None and not tls:
                raise self._needs(name, f"it with kafka+ssl:// in {env_name('broker_url')}")
        for name in ("broker_key", "broker_key_password"):
            if getattr(self, name) is not None and self.broker_certificate is None:
                raise self._needs(name, f"it with {env_name('broker_certificate')}")
        if sasl in ("PLAIN", "OAUTHBEARER") and not tls:
            raise self._needs("broker_sasl", f"it with kafka+ssl:// in {env_name('broker_url')}")
        wanted = {
            None: (),
            "OAUTHBEARER": ("broker_token_command",),
        }.get(sasl, ("broker_username", "broker_password"))
        for name in wanted:
            if getattr(self, name) is None:
                raise self._needs("broker_sasl", f"it with {env_name(name)}")
        for name in ("broker_username", "broker_password", "broker_token_command"):
            if getattr(self, name) is not None and name not in wanted:
                raise self._needs(name, f"it with {env_name('broker_sasl')} for which it is meant")
        return self

    @model_validator(mode="after")
    def _redis_login_is_complete(self) -> ServiceSettings:
        scheme = self.redis_url.partition("://")[0]
        for name in ("redis_ca", "redis_certificate"):
            if getattr(self, name) is not None and not scheme.startswith("rediss"):
                raise self._needs(name, f"it with rediss:// in {env_name('redis_url')}")
        if self.redis_key is not None and self.redis_certificate is None:
            raise self._needs("redis_key", f"it with {env_name('redis_certificate')}")
        if self.redis_username is not None and self.redis_password is None:
            raise self._needs("redis_username", f"it with {env_name('redis_password')}")
        if self.redis_sentinel_password is not None and not scheme.endswith("+sentinel"):
            raise self._needs(
                "redis_sentinel_password", f"it with redis+sentinel:// in {env_name('redis_url')}"
            )
        return self

    def _needs(self, name: str, expected: str) -> ValueError:
        value = self._text(name)
        return ValueError(f"setting {env_name(name)} has value '{value}': expected {expected}")

    @property
    def broker_tls(self) -> bool:
        """Whether connections to the brokers are encrypted."""
        return self.broker_url.startswith("kafka+ssl://")

    @property
    def bootstrap_servers(self) -> list[str]:
        """`host:port` of each broker; empty while `broker_url` is embedded."""
        if self.broker_url == EMBEDDED:
            return []
        return self.broker_url.partition("://")[2].split(",")
