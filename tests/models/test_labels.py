from __future__ import annotations

from models.labels import learnable


def test_a_name_that_the_network_does_not_have_is_no_label() -> None:
    assert learnable(["Eating", "Cooking"]) == ["Eating", "Cooking"]
    assert learnable(["Eating", "Fishing"]) == []
