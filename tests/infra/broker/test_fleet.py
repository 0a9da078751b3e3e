"""Rules of `infra.broker.fleet`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError

from infra.broker import fleet

_LOADING, _MOVED, _DENIED = 14, 16, 30


class Admin:
    """Answers with one error code after the other, as aiokafka returns them."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)

    async def describe_consumer_groups(self, groups: list[str]) -> list[Any]:
        code = self.codes.pop(0)
        state = "" if code else fleet.STABLE
        return [SimpleNamespace(groups=[(code, groups[0], state, "consumer", "", [])])]


async def test_a_coordinator_that_has_just_begun_is_waited_for() -> None:
    admin: Any = Admin(_LOADING, _MOVED, 0)
    assert (await fleet.described(admin, "egolog"))[2] == fleet.STABLE
    assert admin.codes == []


async def test_a_group_that_is_denied_is_no_group_without_workers() -> None:
    admin: Any = Admin(_DENIED)
    with pytest.raises(GroupAuthorizationFailedError, match="egolog"):
        await fleet.described(admin, "egolog")
