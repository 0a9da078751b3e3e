from __future__ import annotations

from schemas import NamedSpan
from streams.commands.log.corrections import unknown_names
from tests.schemas.test_correction import correction


def test_names_that_no_network_can_say_are_listed() -> None:
    after = [NamedSpan(start_ns=0, end_ns=30, labels=["Cookin", "Eating"])]
    assert unknown_names(correction(after=after)) == ["Cookin"]
    assert unknown_names(correction(after=after, row="activity")) == ["Cookin", "Eating"]
    note = correction(after=[NamedSpan(start_ns=0, end_ns=30)], action="note", note="at home")
    assert unknown_names(note) == []
