from __future__ import annotations

from functools import partial

import pytest
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from infra.redis.denials import denial
from infra.redis.outage import OutageRetry

RULE = "expected user ann to have ~lab:* +@all -@admin -@dangerous +info"
COMMAND = "this user has no permissions to run the 'eval' command"
# As Redis 7 says it, which names the script by its hash.
SCRIPT = "The user executing the script can't run this command or subcommand script: 18111f, on @1."


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NoPermissionError(COMMAND), f"{COMMAND}: {RULE}"),
        (
            NoPermissionError(f"Command # 1 (ZCARD a) of pipeline caused error: {(COMMAND,)}"),
            f"{COMMAND}: {RULE}",
        ),
        (
            ResponseError(SCRIPT),
            "this user has no permissions to run a command of a script, or for one of its keys: "
            f"{RULE}",
        ),
    ],
)
async def test_what_the_acl_denies_names_the_users_rule(error: RedisError, expected: str) -> None:
    async def denied() -> None:
        raise error

    async def fail(_: object) -> None:
        raise AssertionError("retried")

    retry = OutageRetry("redis", explain=partial(denial, user="ann", app_id="lab"))
    with pytest.raises(NoPermissionError) as caught:
        await retry.call_with_retry(denied, fail)
    assert str(caught.value) == expected


async def test_a_password_that_was_changed_names_the_settings_that_have_it() -> None:
    async def denied() -> None:
        raise AuthenticationError("invalid username-password pair or user is disabled.")

    async def fail(_: object) -> None:
        raise AssertionError("retried")

    retry = OutageRetry("redis", explain=partial(denial, user="ann", app_id="lab"))
    with pytest.raises(AuthenticationError) as caught:
        await retry.call_with_retry(denied, fail)
    assert str(caught.value) == (
        "invalid username-password pair or user is disabled: correct EGOLOG_REDIS_USERNAME and "
        "EGOLOG_REDIS_PASSWORD and start again"
    )


def test_another_refusal_is_no_denial() -> None:
    assert denial(ResponseError("WRONGTYPE Operation"), "ann", "lab") is None
