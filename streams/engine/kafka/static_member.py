"""A static member of a consumer group that leaves it when it stops, and takes nobody's place.

Kafka keeps the place of a static member that was killed until its session is over. Who joins by the
same `group.instance.id` meanwhile has its partitions at once, without a rebalance (KIP-345).
aiokafka 0.14 lacks three things:

- A static member that stops does not leave, so that nobody had its partitions before its session is
  over.
- A member that the broker no longer knows joins anew by its instance id alone. After its place was
  taken it would take that back from its successor, and that one from it.
- A leader that has come back by its instance id is not told that it leads, and nobody would watch
  for partitions that are there again.

What the group assigned is for the same topics and, as Faust checks, for the same address of the
worker's page. So the instance id is of these, too: who starts with others is another member.
"""

from __future__ import annotations

import asyncio
import logging
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from aiokafka.errors import InvalidRequestError, KafkaError, UnsupportedVersionError
from aiokafka.protocol.group import JoinGroupRequest, LeaveGroupRequest

from streams.engine.crash_loop import stays_out

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.engine.crash_loop import CrashLoop

log = logging.getLogger(__name__)

# A broker that knows no static members answers by one of these.
_UNKNOWN = (UnsupportedVersionError.errno, InvalidRequestError.errno)
# Of a member whose id is another's by now; aiokafka has no name for this code of Kafka's.
_FENCED_INSTANCE_ID = 82


class StaticMember:
    """Makes aiokafka's `GroupCoordinator` a static member, `name` at the address `url`.

    A member whose place was taken goes on as a dynamic one, with a line of log, and so does one
    whose broker knows no static members. One in a crash loop joins later.
    """

    def __init__(
        self, coordinator: Any, name: str, url: str, crash_loop: CrashLoop | None = None
    ) -> None:
        self._coordinator = coordinator
        self._name, self._url = name, url
        self._is_static = True
        # None once the first join is noted.
        self._crash_loop = crash_loop
        self._send, self._join = coordinator._send_req, coordinator._do_rejoin_group
        self._reset = coordinator.reset_generation
        coordinator._send_req, coordinator._do_rejoin_group = self.send, self.join
        coordinator.reset_generation = self.reset_generation
        coordinator._maybe_leave_group = self.leave
        # The member id that the broker no longer knew, and the one that it was asked about.
        self._lost = self._asked = ""
        # The member id of the group's leader, as the last join had it.
        self._leader = ""

    async def leave(self) -> None:
        """Leave the group by member id, which any broker takes; the partitions are free at once."""
        coordinator = self._coordinator
        if coordinator.generation > 0:
            try:
                await coordinator._send_req(
                    LeaveGroupRequest(coordinator.group_id, coordinator.member_id)
                )
            except KafkaError as error:
                log.warning("the broker was not told that this member leaves: %s", error)
        self._reset()

    def reset_generation(self) -> None:
        """Note which member the broker does not know."""
        unknown = self._coordinator.member_id
        self._reset()
        # A commit resets it once for each partition.
        if unknown:
            self._lost = "" if unknown == self._asked else unknown

    async def join(self, subscription: Any) -> bool:
        """Join the group, at first as the member that was lost.

        The broker's refusal tells whether the session is over or the place is another's.
        """
        coordinator = self._coordinator
        if self._crash_loop is not None:
            crash_loop, self._crash_loop = self._crash_loop, None
            await self._back_off(crash_loop)
            if coordinator._closing.done():
                return False
            crash_loop.note_join()
        coordinator._group_instance_id = self._instance_id(subscription.topics)
        if self._lost:
            self._asked, self._lost = self._lost, ""
            if self._is_static:
                coordinator.member_id = self._asked
        joined = bool(await self._join(subscription))
        if joined:
            self._asked = ""
            if self._leads_untold():
                coordinator._group_subscription = set(subscription.topics)
                coordinator._metadata_snapshot = coordinator._get_metadata_snapshot()
        return joined

    async def _back_off(self, crash_loop: CrashLoop) -> None:
        """Let the others have the partitions for a while; a worker that stops waits no longer."""
        seconds = crash_loop.backoff_s(self._coordinator._session_timeout_ms / 1_000)
        if seconds:
            log.warning("%s", stays_out(f"{seconds:g} s"))
            with crash_loop.staying_out(seconds):
                await asyncio.wait([self._coordinator._closing], timeout=seconds)

    def _instance_id(self, topics: Iterable[str]) -> str | None:
        if not self._is_static:
            return None
        of = blake2s(repr((self._url, sorted(topics))).encode(), digest_size=4)
        return f"{self._name}-{of.hexdigest()}"

    def _leads_untold(self) -> bool:
        """Return whether the broker named as the leader who had this place before."""
        coordinator = self._coordinator
        # Member ids of static members begin with their instance ids.
        mine = self._leader.startswith(f"{coordinator._group_instance_id}-")
        return mine and self._leader != coordinator.member_id

    async def send(self, request: Any) -> Any:
        """Send a request of the group's protocol; raises `KafkaError`, also for a taken place."""
        response = await self._send(request)
        code, place = getattr(response, "error_code", 0), self._coordinator._group_instance_id
        joining = isinstance(request, JoinGroupRequest)
        if code == _FENCED_INSTANCE_ID:
            log.warning(
                "another worker, with this run folder or a copy of it, has the place %s in the "
                "group: joining as a new member",
                place,
            )
            self._join_anew_without_place()
        if joining and place is not None and code in _UNKNOWN:
            log.info("the broker knows no static members: joining as a dynamic one")
            self._join_anew_without_place()
        if joining:
            self._leader = response.leader_id or ""
        return response

    def _join_anew_without_place(self) -> None:
        self._is_static, self._coordinator._group_instance_id = False, None
        self._reset()
        raise KafkaError("joining as a new member")
