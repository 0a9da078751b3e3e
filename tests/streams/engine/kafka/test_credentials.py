from __future__ import annotations

from typing import Any

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from infra.broker.access import security_arguments
from infra.settings import load
from streams.engine.kafka.credentials import credentials

USER = {"broker_username": "u", "broker_password": "hunter2"}
TLS = {"broker_url": "kafka+ssl://a:1"}


@pytest.mark.parametrize(
    "fields",
    [
        {"broker_url": "kafka://a:1"},
        TLS,
        {**USER, "broker_url": "kafka://a:1", "broker_sasl": "SCRAM-SHA-256"},
        {**USER, **TLS, "broker_sasl": "SCRAM-SHA-512"},
        {**USER, **TLS, "broker_sasl": "PLAIN"},
        {**TLS, "broker_sasl": "OAUTHBEARER", "broker_token_command": "print-token"},
    ],
)
def test_faust_hands_on_what_every_other_client_uses(fields: dict[str, Any]) -> None:
    settings = load(env_file=None, **fields)
    own, fausts = (
        security_arguments(settings),
        dict(credentials_to_aiokafka_auth(credentials(settings))),
    )
    # Each call makes a context of its own; which one there is, is not to be compared.
    assert (own.pop("ssl_context", None) is None) == (fausts.pop("ssl_context", None) is None)
    assert fausts == own
    assert "hunter2" not in repr(credentials(settings))
