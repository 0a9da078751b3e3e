import pytest
import torch

from models.egolog.scenario_text import ScenarioText


def test_an_unknown_scenario_has_no_text() -> None:
    text = ScenarioText(torch.arange(16 * 384.0).view(16, 384))
    assert text.lookup([]).shape == (0, 384)
    assert torch.equal(text.lookup(["Eating", "Cooking"]), text.table[[1, 0]])
    with pytest.raises(ValueError, match="'Sleeping' has no text embedding"):
        text.lookup(["Sleeping"])
