from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from infra.broker.denials import denial, principal
from infra.settings import load


def settings(**fields: Any) -> Any:
    return load(env_file=None, broker_url="kafka+ssl://k:1", **fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "User:ANONYMOUS"),
        (
            {"broker_sasl": "PLAIN", "broker_username": "ann", "broker_password": "secret"},
            "User:ann",
        ),
        (
            {"broker_sasl": "OAUTHBEARER", "broker_token_command": "token"},
            "the token's user (EGOLOG_BROKER_TOKEN_COMMAND)",
        ),
        (
            {"broker_certificate": Path("a.pem"), "broker_key": Path("a.key")},
            "the certificate a.pem",
        ),
    ],
)
def test_who_is_denied_is_said_as_far_as_it_is_known(fields: dict[str, Any], expected: str) -> None:
    assert principal(settings(**fields)) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TopicAuthorizationFailedError("spatial"), "Write on topic spatial"),
        (TopicAuthorizationFailedError({"b", "a"}), "Write on topics a, b"),
        (TopicAuthorizationFailedError(), "Write on a topic"),
        (GroupAuthorizationFailedError("egolog"), "Write on group egolog"),
        (ClusterAuthorizationFailedError("x"), "Write on the cluster"),
    ],
)
def test_a_denial_names_who_may_not_do_what_on_what(error: KafkaError, expected: str) -> None:
    assert str(denial(settings(), error, "Write")) == (
        f"broker at kafka+ssl://k:1 denies User:ANONYMOUS {expected}: "
        "`faust -A streams.app topics --acls` prints the rules that each role needs"
    )


def test_another_error_is_no_denial() -> None:
    assert denial(settings(), KafkaError("x"), "Write") is None
