from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from models.egolog.har import Har, HarConfig
from models.egolog.scenario_text import ScenarioText
from models.labels import ACTIVITIES
from models.research.egolog import har as of_har
from models.research.egolog import motion_alone
from models.research.egolog.context import TrainingContext
from models.research.egolog.motion_alone import ComposedWindows, RealWindows
from models.research.egolog.recipes import TrainingError
from models.research.egolog.recipes import motion_alone as step
from models.research.lib.fit import Fit
from tests.models import fresh
from tests.models.research.egolog import synthetic


def text() -> ScenarioText:
    table = fresh.networks()["scenario_text"]
    assert isinstance(table, ScenarioText)
    return table


def test_training_on_makes_unsure_of_what_is_outside_of_the_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("models.research.lib.fit.WARM_UP_STEPS", 2)
    for name in ("BATCH", "REAL_BATCH", "OUTSIDE_BATCH"):
        monkeypatch.setattr(motion_alone, name, 16)
    monkeypatch.setattr(motion_alone, "SHARES", (1.0,))
    monkeypatch.setattr(motion_alone, "MOST_LOST", 1.0)
    torch.manual_seed(0)
    names, before = text(), Har(HarConfig(width=32, layers=1)).eval()
    # A network that nobody trained is sure of nothing; this one is, whatever it is shown.
    before.out.weight.data *= 8
    examples = of_har.of_days(synthetic.encoded(8, 60))
    composed = ComposedWindows(examples, examples, torch.zeros(HarConfig().audio))
    targets = np.eye(len(ACTIVITIES), dtype=np.float32)[examples.activity.numpy()]
    even = np.full(len(targets), 1 / len(targets))
    real = RealWindows(examples.imu, targets, even, torch.randn(64, HarConfig().imu) * 2)
    settings = Fit(minutes=1, steps=30, rate=5e-3)
    network = motion_alone.train(before, names, composed, real, settings, 0)

    def confidence(one: Har, features: torch.Tensor) -> float:
        rows = of_har.of_motion(features, np.zeros(len(features), np.int64))
        with torch.inference_mode():
            return float(torch.softmax(of_har.scores(one, names, rows), 1).amax(1).mean())

    others = torch.randn(64, HarConfig().imu) * 2
    assert confidence(network, others) < 0.93 * confidence(before, others)


def test_mixing_goes_from_one_network_to_the_other() -> None:
    torch.manual_seed(0)
    before, after = Har().eval(), Har().eval()
    half = motion_alone.blend_networks(before, after, 0.5).out.weight
    torch.testing.assert_close(half, (before.out.weight + after.out.weight) / 2)
    assert torch.equal(motion_alone.blend_networks(before, after, 1.0).out.weight, after.out.weight)


@pytest.mark.parametrize(("most_lost", "share"), [(0.0, 0.0), (0.4, 0.5), (1.0, 1.0)])
def test_no_more_is_mixed_in_than_composed_days_bear(
    monkeypatch: pytest.MonkeyPatch, most_lost: float, share: float
) -> None:
    monkeypatch.setattr(motion_alone, "MOST_LOST", most_lost)
    before, after = object(), object()
    # What each share of the new weights is right in, with the scenario told and without.
    right = {0.0: (0.9, 0.8), 0.5: (0.95, 0.5), 0.7: (0.8, 0.3), 0.85: (0.4, 0.7), 1.0: (0.2, 0.2)}
    monkeypatch.setattr(
        motion_alone,
        "blend_networks",
        lambda *args: SimpleNamespace(share=args[2]) if args[2] else before,
    )
    monkeypatch.setattr(
        of_har, "predict", lambda one, _text, shown: right[getattr(one, "share", 0.0)][shown.told]
    )
    monkeypatch.setattr(of_har, "without", lambda shown, _name: SimpleNamespace(told=1))
    monkeypatch.setattr(motion_alone, "accuracy", lambda predicted, _truth: predicted)
    check: Any = SimpleNamespace(told=0, activity=torch.zeros(1))
    chosen: Any = motion_alone.largest_share(before, after, None, check)  # type: ignore[arg-type]
    assert getattr(chosen, "share", 0.0) == share


def test_without_real_wearers_there_is_nothing_to_learn() -> None:
    with pytest.raises(TrainingError, match="expected EGOLOG_SHARED_DATA set"):
        step(TrainingContext(None, None, None), 1.0)  # type: ignore[arg-type]
