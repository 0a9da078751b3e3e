from __future__ import annotations

import pytest

from models.serving.predict import PredictError, detected_scenarios


def test_scenarios_of_a_half_are_detected_and_else_the_likeliest() -> None:
    assert detected_scenarios({"Eating": 0.5, "Cooking": 0.8, "Handyman": 0.4}) == [
        "Cooking",
        "Eating",
    ]
    assert detected_scenarios({"Eating": 0.3, "Cooking": 0.25}) == ["Eating"]
    assert detected_scenarios({"Eating": 0.1}) == []
    with pytest.raises(PredictError, match="'Sleeping' is unknown"):
        detected_scenarios({"Sleeping": 0.9})
