"""What a role may do is asked of the broker; here, of answers that it could give."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError

from infra import topics
from infra.broker import acls, authorized_operations, permissions
from infra.errors import BrokerError
from infra.settings import load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from infra.broker.authorized_operations import Allowed

SETTINGS = load(
    env_file=None,
    broker_url="kafka+ssl://k:1",
    broker_sasl="PLAIN",
    broker_username="ann",
    broker_password="secret",
)
EVERYTHING = frozenset(acls.OPERATIONS)
HINT = "`faust -A streams.app topics --acls` prints the rules that each role needs"
DENIES = "broker at kafka+ssl://k:1 denies User:ann"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let the broker answer by topic; what is not named is allowed. "group" is the group's."""
    by_name: dict[str, Any] = {}

    async def of_topics(admin: object, names: Sequence[str]) -> dict[str, Allowed]:
        return {name: by_name.get(name, EVERYTHING) for name in names}

    async def of_group(admin: object, group: str) -> Allowed:
        answer: Any = by_name.get("group", EVERYTHING)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @asynccontextmanager
    async def admin_client(settings: object) -> AsyncIterator[None]:
        yield None

    monkeypatch.setattr(authorized_operations, "of_topics", of_topics)
    monkeypatch.setattr(authorized_operations, "of_group", of_group)
    monkeypatch.setattr(permissions, "admin_client", admin_client)
    return by_name


@pytest.mark.parametrize("role", ["worker", "finetuner", "device"])
async def test_who_may_do_all_that_is_needed_is_told_nothing(
    answers: dict[str, Any], role: acls.Role
) -> None:
    assert await permissions.require(SETTINGS, role) == []


async def test_all_that_is_lacking_is_one_line_by_operation(answers: dict[str, Any]) -> None:
    answers |= {
        topics.SPATIAL: frozenset({"Describe"}),
        topics.ACTIVITY: frozenset({"Read"}),
        topics.LABELS: frozenset(),
        "group": GroupAuthorizationFailedError("egolog"),
    }
    with pytest.raises(BrokerError) as caught:
        await permissions.require(SETTINGS, "worker")
    assert str(caught.value) == (
        f"{DENIES} Write on topic spatial, topic activity; Read on topic labels, group egolog: "
        f"{HINT}"
    )


async def test_what_a_worker_can_do_without_is_named_with_what_then_fails(
    answers: dict[str, Any],
) -> None:
    for name in topics.RAW:
        answers[name] = EVERYTHING - {"Delete"}
    answers[topics.CORRECTIONS] = answers[topics.DEVICE_CONTROL] = EVERYTHING - {"Write"}
    raw = "topic audio.frames, topic imu.frames"
    decided = "topic device.control, topic corrections"
    assert await permissions.require(SETTINGS, "worker") == [
        f"{DENIES} Delete on {raw}: {HINT}; until then processed sound and motion stay until the "
        "topic's own retention ends",
        f"{DENIES} Write on {decided}: {HINT}; until then the page cannot save what it writes "
        "there",
    ]


@pytest.mark.parametrize("answer", [None, GroupCoordinatorNotAvailableError()])
async def test_a_broker_that_does_not_say_is_trusted(
    answers: dict[str, Any], answer: object
) -> None:
    answers |= {**dict.fromkeys((topics.SPATIAL, topics.LABELS)), "group": answer}
    assert await permissions.require(SETTINGS, "worker") == []


class _Admin:
    """Answers one request as a broker would, or not at all."""

    def __init__(self, response: object) -> None:
        self._response = response

    async def find_coordinator(self, group: str) -> int:
        return 1

    async def _send_request(self, request: object, node: int = 0) -> Any:
        if isinstance(self._response, Exception):
            raise self._response
        return self._response


async def test_the_operations_of_an_answer_are_its_bits() -> None:
    class Metadata:
        # Error code, name, whether internal, partitions, operations.
        topics: tuple[Any, ...] = (
            (0, "seen", False, [], 1 << 3 | 1 << 8),
            (29, "hidden", False, [], 0),
            (3, "missing", False, [], 0),
            (0, "untold", False, [], -(2**31)),
        )

    admin: Any = _Admin(Metadata)
    assert await authorized_operations.of_topics(admin, []) == {
        "seen": {"Read", "Describe"},
        "hidden": frozenset(),
        "missing": None,
        "untold": None,
    }


async def test_an_older_broker_says_nothing() -> None:
    admin: Any = _Admin(NotImplementedError("Support for _Metadata v5"))
    assert await authorized_operations.of_topics(admin, ["a"]) == {"a": None}
    assert await authorized_operations.of_group(admin, "g") is None


def test_only_topics_in_use_are_asked_for() -> None:
    names = {rule.name for rule in acls.of_role(SETTINGS, "worker")}
    assert topics.WINDOWS not in names
    with_debugging = SETTINGS.model_copy(update={"debug_topics": True})
    assert topics.WINDOWS in {rule.name for rule in acls.of_role(with_debugging, "worker")}
