from __future__ import annotations

from streams.commands.log.corrections import unknown_names
from tests.infra.daily_log.corrected_log import correction, named_span


def test_names_that_no_network_can_say_are_listed() -> None:
    after = named_span(0, 30, "Cookin", "Eating")
    assert unknown_names(correction(1, after)) == ["Cookin"]
    assert unknown_names(correction(1, after, row="activity")) == ["Cookin", "Eating"]
    note = correction(1, named_span(0, 30), action="note", note="at home")
    assert unknown_names(note) == []
