from __future__ import annotations

import asyncio
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.errors import KafkaError

from infra.broker.tokens import TokenCommand
from tests.infra.broker.web_tokens import jwt

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    now = 1_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("infra.clock.now_s", made.time)
    return made


def counting(folder: Path, token: str) -> tuple[str, Path]:
    """Return a command that prints `token`, and the file that it grows by a letter each time."""
    runs = folder / "runs"
    runs.touch()
    code = f"open({str(runs)!r}, 'a').write('x'); print({token!r})"
    return shlex.join([sys.executable, "-S", "-c", code]), runs


@pytest.mark.parametrize(
    ("claims", "good_until"),
    [({"exp": 1_300}, 1_270), ({"exp": 1_040}, 1_020), ({"exp": "soon"}, 1_060), ({}, 1_060)],
)
async def test_a_token_is_asked_for_again_before_it_expires(
    tmp_path: Path, clock: Clock, claims: dict[str, Any], good_until: float
) -> None:
    command, runs = counting(tmp_path, jwt(**claims))
    source = TokenCommand(command)
    assert await source.token() == jwt(**claims)
    clock.now = good_until - 1
    await source.token()
    assert runs.read_text() == "x"
    clock.now = good_until
    await source.token()
    assert runs.read_text() == "xx"


async def test_clients_that_ask_together_share_one_run(tmp_path: Path) -> None:
    command, runs = counting(tmp_path, "opaque-token")
    source = TokenCommand(command)
    assert set(await asyncio.gather(*(source.token() for _ in range(4)))) == {"opaque-token"}
    assert runs.read_text() == "x"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("print('half-a-token'); raise SystemExit(3)", "ended with status 3"),
        ("print('half-a-token and more')", "printed no single token"),
        ("", "printed no single token"),
    ],
)
async def test_a_command_without_a_token_is_named_and_what_it_printed_is_not(
    code: str, expected: str
) -> None:
    source = TokenCommand(shlex.join([sys.executable, "-S", "-c", code]))
    with pytest.raises(KafkaError) as caught:
        await source.token()
    assert expected in str(caught.value)
    assert "EGOLOG_BROKER_TOKEN_COMMAND" in str(caught.value)
    assert "half-a-token" not in str(caught.value)


async def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(KafkaError, match="no-such-program cannot be run"):
        await TokenCommand("no-such-program --token").token()
