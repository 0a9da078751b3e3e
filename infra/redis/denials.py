"""What Redis' ACL denies our user, with the rule that would allow it."""

from __future__ import annotations

from redis.exceptions import NoPermissionError, RedisError

from infra.redis.outage import server_text

COMMANDS = "+@all -@admin -@dangerous +info"
"""The commands of our user's rule: `docs/KAFKA.md` has them."""

# Of a command inside a script the server says no more than the script's number.
_IN_SCRIPT = "The user executing the script can't"


def denial(error: RedisError, user: str, app_id: str) -> NoPermissionError | None:
    """Return an error that names the rule which `user` lacks; None for any other error."""
    text = server_text(error)
    if not isinstance(error, NoPermissionError) and _IN_SCRIPT not in text:
        return None
    if _IN_SCRIPT in text:
        text = "this user has no permissions to run a command of a script, or for one of its keys"
    return NoPermissionError(f"{text}: expected user {user} to have ~{app_id}:* {COMMANDS}")
