from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measuring.observer import window_of
from schemas import Activity, ImuFrame, Scenario, Spatial
from tests.schemas.messages import MESSAGES


@pytest.mark.parametrize("kind", [Activity, Scenario, Spatial])
@given(data=st.data())
def test_the_window_of_a_record_is_read_without_its_schema(kind: Any, data: st.DataObject) -> None:
    message = data.draw(MESSAGES[kind])
    assert window_of(message.encode()) == message.window_id


@given(frame=MESSAGES[ImuFrame])
def test_a_message_without_a_window_has_none(frame: Any) -> None:
    assert window_of(frame.encode()) is None
    assert window_of(b"") is None
