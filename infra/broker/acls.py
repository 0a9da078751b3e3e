"""Kafka ACLs: one principal per role, and the rules that the broker's authorizer enforces.

| role | may write | may read |
|---|---|---|
| device | the topics of frames | nothing |
| worker | its results, dead letters, the page's decisions | its input, as its group |
| finetuner | model updates, dead letters | its queue, model updates, decisions about devices |
| operator | everything, and create, alter and delete topics | everything |
| reader | nothing | the log: scenarios, activities, refinements |

Topics that are not named below are written and read by workers alone, so a new topic is closed to
everybody else by default. Workers delete processed frames; Kafka's permission for this also allows
deleting the topic. Kafka has no notion of devices: `infra.broker.device_keys` restricts a producer
to its own.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from aiokafka.errors import ClusterAuthorizationFailedError, for_code
from aiokafka.protocol.admin import CreateAclsRequest

from infra import topics
from infra.broker.admin import admin_client
from infra.broker.denials import principal
from infra.errors import SettingsError, TopicsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.settings import Settings

Role = Literal["device", "worker", "finetuner", "operator", "reader"]
Operation = Literal["Read", "Write", "Delete", "Describe", "All"]
ROLES: tuple[Role, ...] = get_args(Role)

_WORKER: frozenset[Role] = frozenset({"worker"})
_FRAMES: frozenset[Role] = frozenset({"device"})
_NOBODY: frozenset[Role] = frozenset()
# The operator may read and write everywhere, so it is not listed.
_WRITERS: Mapping[str, frozenset[Role]] = {
    topics.AUDIO_FRAMES: _FRAMES,
    topics.IMU_FRAMES: _FRAMES,
    topics.LABELS: _NOBODY,
    # Workers serve the page, where a wearer pauses a device.
    topics.DEVICE_CONTROL: _WORKER,
    topics.MODEL_UPDATES: frozenset({"finetuner"}),
    topics.DEAD_LETTER: frozenset({"worker", "finetuner"}),
}
_READERS: Mapping[str, frozenset[Role]] = {
    # Written for whoever looks into them, and to fill a log anew.
    topics.WINDOWS: _NOBODY,
    topics.SPATIAL: _NOBODY,
    topics.SCENARIO_ESTIMATE: _NOBODY,
    topics.ACTIVITY: frozenset({"worker", "reader"}),
    topics.SCENARIO: frozenset({"worker", "reader"}),
    topics.SCENARIO_REFINED: frozenset({"worker", "reader"}),
    topics.MODEL_UPDATES: frozenset({"worker", "finetuner"}),
    # The fine-tuner keeps nothing of erased devices.
    topics.DEVICE_CONTROL: frozenset({"worker", "finetuner"}),
    topics.FINETUNE_QUEUE: frozenset({"finetuner"}),
    topics.DEAD_LETTER: _NOBODY,
}
# Before they start, these compare the broker's topics with the table.
_DESCRIBE_ALL: frozenset[Role] = frozenset({"worker", "finetuner"})

_RESOURCES = {"topic": 2, "group": 3}
_PATTERNS = {"literal": 3, "prefixed": 4}
OPERATIONS: Mapping[Operation, int] = {"All": 2, "Read": 3, "Write": 4, "Delete": 6, "Describe": 8}
_ALLOW = 3


@dataclass(frozen=True)
class Acl:
    """`principal` may do `operation` on the resource `name`, from any host."""

    principal: str
    operation: Operation
    resource: Literal["topic", "group"]
    name: str
    pattern: Literal["literal", "prefixed"] = "literal"

    def command(self, server: str) -> str:
        """Return the `kafka-acls` command line that adds this rule."""
        words = [
            *("kafka-acls.sh", "--bootstrap-server", server, "--command-config"),
            *("admin.properties", "--add", "--allow-principal", self.principal),
            *("--operation", self.operation, f"--{self.resource}", self.name),
        ]
        if self.pattern != "literal":
            words += ["--resource-pattern-type", self.pattern]
        return shlex.join(words)


def principals(settings: Settings, named: Sequence[str] = ()) -> dict[Role, str]:
    """Return each role's principal, by default `User:<app_id>-<role>`.

    named: overrides as `ROLE=NAME`. Raises `SettingsError` for anything else.
    """
    chosen: dict[Role, str] = {role: f"User:{settings.app_id}-{role}" for role in ROLES}
    for text in named:
        name, mark, principal = text.partition("=")
        role = next((role for role in ROLES if role == name), None)
        if role is None or not mark or not principal:
            raise SettingsError(
                f"principal {text!r} is not understood: expected ROLE=NAME with a role of "
                f"{', '.join(ROLES)}"
            )
        chosen[role] = principal if ":" in principal else f"User:{principal}"
    return chosen


def of_role(settings: Settings, role: Role) -> list[Acl]:
    """Return the rules of one role for the topics that are in use."""
    who = principals(settings)
    used = {settings.topic(topic.name) for topic in topics.used_topics(settings)}
    return [
        rule
        for rule in acls(settings, who)
        if rule.principal == who[role] and (rule.resource == "group" or rule.name in used)
    ]


def acls(settings: Settings, who: Mapping[Role, str]) -> list[Acl]:
    """Return every rule, in the order of the topics."""
    return [*_of_topics(settings, who), *_of_groups(settings, who)]


def _of_topics(settings: Settings, who: Mapping[Role, str]) -> Iterator[Acl]:
    for topic in topics.TOPICS:
        writers = _WRITERS.get(topic.name, _WORKER)
        readers = _READERS.get(topic.name, _WORKER)
        on_broker = settings.topic(topic.name)
        for role in ROLES:
            if role in writers:
                yield Acl(who[role], "Write", "topic", on_broker)
            if role in readers:
                yield Acl(who[role], "Read", "topic", on_broker)
            # Write and Read imply Describe.
            if role in _DESCRIBE_ALL - writers - readers:
                yield Acl(who[role], "Describe", "topic", on_broker)
            if role in _WORKER and topic.name in topics.RAW:
                yield Acl(who[role], "Delete", "topic", on_broker)
        yield Acl(who["operator"], "All", "topic", on_broker)


def _of_groups(settings: Settings, who: Mapping[Role, str]) -> Iterator[Acl]:
    worker, finetuner = settings.app_id, f"{settings.app_id}-finetune"
    yield Acl(who["worker"], "Read", "group", worker)
    yield Acl(who["finetuner"], "Read", "group", finetuner)
    for group in (worker, finetuner):
        yield Acl(who["operator"], "All", "group", group)
    yield Acl(who["reader"], "Read", "group", f"{settings.app_id}-reader", "prefixed")


async def apply(settings: Settings, rules: Sequence[Acl]) -> None:
    """Add the rules on the broker; existing ones stay.

    Raises `TopicsError` if the broker refuses a rule, and `BrokerError`.
    """
    async with admin_client(settings) as admin:
        for rule in rules:
            reply = await admin._send_to_controller(
                CreateAclsRequest(
                    _RESOURCES[rule.resource],
                    rule.name,
                    _PATTERNS[rule.pattern],
                    rule.principal,
                    "*",
                    OPERATIONS[rule.operation],
                    _ALLOW,
                )
            )
            for code, text in reply.creation_responses:
                if code:
                    raise TopicsError(
                        f"{rule.operation} on {rule.resource} {rule.name} cannot be allowed to "
                        f"{rule.principal}: {_reason(settings, code, text)}"
                    )


def _reason(settings: Settings, code: int, text: str | None) -> str:
    error = for_code(code)
    if error is ClusterAuthorizationFailedError:
        # The broker's own text is the request as Java prints it.
        return f"that needs Alter on the cluster, which {principal(settings)} has not"
    return text or str(error.description)
