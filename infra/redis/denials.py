"""What Redis denies our user: a login, or what its ACL does not allow, with what would be right."""

from __future__ import annotations

from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from infra.redis.outage import server_text
from infra.settings import env_name

COMMANDS = "+@all -@admin -@dangerous +info"
"""The commands of our user's rule: `docs/KAFKA.md` has them."""
LOGIN = f"{env_name('redis_username')} and {env_name('redis_password')}"
"""The settings of our login."""

# Of a command inside a script the server says no more than the script's number.
_IN_SCRIPT = "The user executing the script can't"


def denial(error: RedisError, user: str, app_id: str) -> RedisError | None:
    """Return an error that names the rule which `user` lacks, or the settings of a login.

    None for any other error.
    """
    text = server_text(error)
    if isinstance(error, AuthenticationError):
        # A password that was changed there while a program runs.
        return AuthenticationError(f"{text.rstrip('.')}: correct {LOGIN} and start again")
    if not isinstance(error, NoPermissionError) and _IN_SCRIPT not in text:
        return None
    if _IN_SCRIPT in text:
        text = "this user has no permissions to run a command of a script, or for one of its keys"
    return NoPermissionError(f"{text}: expected user {user} to have ~{app_id}:* {COMMANDS}")
