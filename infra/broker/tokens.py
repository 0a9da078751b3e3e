"""Tokens for OAUTHBEARER, printed by a configured command."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import shlex
import subprocess
import threading
from functools import lru_cache

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError

from infra import clock
from infra.settings import env_name

_TIMEOUT_S = 20.0
# How long a token without an expiry is reused, and how long before its expiry another is renewed.
_KEPT_S = 60.0
_RENEWED_S = 30.0


@lru_cache(maxsize=8)
def token_provider(command: str) -> TokenCommand:
    """Return the token provider shared by all clients with this command."""
    return TokenCommand(command)


class TokenCommand(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
    """Runs a command that prints a token, and caches the token until shortly before it expires.

    Clients on several event loops share it, so the command runs in a thread.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    async def token(self) -> str:
        """Return a valid token; raises `TokenError` with the reason if there is none."""
        return await asyncio.to_thread(self._current)

    def _current(self) -> str:
        with self._lock:
            if clock.now_s() >= self._until:
                self._token = self._run()
                self._until = _kept_until(self._token, clock.now_s())
            return self._token

    def _run(self) -> str:
        words = shlex.split(self._command)
        name = env_name("broker_token_command")
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TokenError(f"{name}: no token within {_TIMEOUT_S:g} s") from None
        except (OSError, UnicodeDecodeError) as error:
            raise TokenError(f"{name}: {words[0]} cannot be run: {error}") from None
        token = done.stdout.strip()
        # Neither output is logged: a failing command may still print part of a token.
        if done.returncode != 0:
            raise TokenError(f"{name}: {words[0]} ended with status {done.returncode}")
        if not token or any(character.isspace() for character in token):
            raise TokenError(f"{name}: {words[0]} printed no single token")
        return token


class TokenError(KafkaError):  # type: ignore[misc]  # aiokafka has no types
    """There is no token to log in with."""


def _kept_until(token: str, now: float) -> float:
    """Return when to renew a token: shortly before a JWT expires, after a minute for any other."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        expires = float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return now + _KEPT_S
    # A token with a shorter lifetime is used for half of it.
    return max(expires - _RENEWED_S, (now + expires) / 2)
