"""Checks at a program's start that its login may do all that its work needs.

A worker that may read but not write would take frames before it found out, and one that may write
no dead letters would only find out months later.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from infra import topics
from infra.broker import acls, authorized_operations
from infra.broker.admin import admin_client
from infra.broker.denials import ACLS_HINT, denies
from infra.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from aiokafka.admin import AIOKafkaAdminClient

    from infra.broker.acls import Acl, Role
    from infra.broker.authorized_operations import Allowed
    from infra.settings import Settings


async def require(settings: Settings, role: Role) -> list[str]:
    """Raise `BrokerError` if this login lacks what a role's work needs, in one line for all of it.

    Returns a line for what is lacking and the work can do without. Topics that are missing are left
    out. A broker without an authorizer allows everything; one that does not say is trusted.
    """
    async with admin_client(settings) as admin:
        lacking = await _lacking(admin, acls.of_role(settings, role))
    spared = {rule: why for rule in lacking if (why := _spared(settings, rule))}
    needed = [rule for rule in lacking if rule not in spared]
    if needed:
        raise BrokerError(_denied(settings, needed))
    reasons: dict[str, list[Acl]] = defaultdict(list)
    for rule, why in spared.items():
        reasons[why].append(rule)
    return [f"{_denied(settings, rules)}; until then {why}" for why, rules in reasons.items()]


async def _lacking(admin: AIOKafkaAdminClient, rules: Collection[Acl]) -> list[Acl]:
    allowed: dict[tuple[str, str], Allowed] = {}
    names = sorted({rule.name for rule in rules if rule.resource == "topic"})
    for name, operations in (await authorized_operations.of_topics(admin, names)).items():
        allowed["topic", name] = operations
    for group in {rule.name for rule in rules if rule.resource == "group"}:
        allowed["group", group] = await _of_group(admin, group)

    def is_lacking(rule: Acl) -> bool:
        operations = allowed.get((rule.resource, rule.name))
        return operations is not None and rule.operation not in operations

    return [rule for rule in rules if rule.pattern == "literal" and is_lacking(rule)]


async def _of_group(admin: AIOKafkaAdminClient, group: str) -> Allowed:
    try:
        return await authorized_operations.of_group(admin, group)
    except GroupAuthorizationFailedError:
        return frozenset()
    except KafkaError:
        # A new cluster elects the group's coordinator only after the first request.
        return None


def _spared(settings: Settings, rule: Acl) -> str:
    """Return what does not work without a rule that a worker can do without, else nothing."""
    if rule.operation == "Delete":
        return "processed sound and motion stay until the topic's own retention ends"
    # Only somebody at the page makes a worker write there.
    if rule.operation == "Write" and rule.name in map(
        settings.topic, (topics.CORRECTIONS, topics.DEVICE_CONTROL)
    ):
        return "the page cannot save what it writes there"
    return ""


def _denied(settings: Settings, rules: Iterable[Acl]) -> str:
    by_operation: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        by_operation[rule.operation].append(f"{rule.resource} {rule.name}")
    what = "; ".join(f"{name} on {', '.join(on)}" for name, on in by_operation.items())
    return f"{denies(settings, what)}: {ACLS_HINT}"
