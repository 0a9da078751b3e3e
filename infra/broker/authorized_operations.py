"""What the broker lets this login do, asked and not tried (KIP-430, since Kafka 2.3).

aiokafka does not speak these versions of the two requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.errors import (
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.admin import DescribeGroupsRequest_v3, DescribeGroupsResponse_v3
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from infra.broker.acls import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiokafka.admin import AIOKafkaAdminClient

    from infra.broker.acls import Operation

Allowed = frozenset["Operation"] | None
"""The operations that are allowed; None where the broker does not say."""

# Kafka's value for operations that were not asked for; others answer so who do not know them.
_NOT_TOLD = -(2**31)
# aiokafka's errors for a broker without that version of a request, as the embedded one.
_UNKNOWN = (NotImplementedError, IncompatibleBrokerVersion)


class _MetadataResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(
                ("node_id", Int32),
                ("host", String("utf-8")),
                ("port", Int32),
                ("rack", String("utf-8")),
            ),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _Metadata(Request[_MetadataStruct]):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = [*topics]

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class(self._topics, False, False, True)


class _DescribeGroupsStruct(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 15
    API_VERSION = 3
    RESPONSE_TYPE = DescribeGroupsResponse_v3
    SCHEMA = DescribeGroupsRequest_v3.SCHEMA


class _DescribeGroups(Request[_DescribeGroupsStruct]):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 15

    def __init__(self, groups: Sequence[str]) -> None:
        self._groups = [*groups]

    def build(self, request_struct_class: type[_DescribeGroupsStruct]) -> _DescribeGroupsStruct:
        return request_struct_class(self._groups, True)


async def of_topics(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, Allowed]:
    """Return what is allowed on each of these topics, nothing on one that may not be seen."""
    try:
        response = await admin._send_request(_Metadata(names))
    except _UNKNOWN:
        return dict.fromkeys(names)
    return {name: _of_topic(code, mask) for code, name, _, _, mask in response.topics}


async def of_group(admin: AIOKafkaAdminClient, group: str) -> Allowed:
    """Return what is allowed on a group; raises `KafkaError`, as where it may not be seen."""
    node = await admin.find_coordinator(group)
    try:
        response = await admin._send_request(_DescribeGroups([group]), node)
    except _UNKNOWN:
        return None
    [(code, *_, mask)] = response.groups
    if code:
        error: type[KafkaError] = for_code(code)
        raise error(group)
    return _operations(mask)


def _of_topic(code: int, mask: int) -> Allowed:
    if for_code(code) is TopicAuthorizationFailedError:
        return frozenset()
    return None if code else _operations(mask)


def _operations(mask: int) -> Allowed:
    if mask == _NOT_TOLD:
        return None
    return frozenset(name for name, number in OPERATIONS.items() if mask >> number & 1)
