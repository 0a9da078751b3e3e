"""Rules of the trial, which hold whatever the weights are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from models.egolog.scenario import ScenarioConfig, ScenarioNet, Segments
from models.labels import SCENARIOS
from models.serving.candidate_check import require_replaceable, trial_rows
from models.serving.predict import PredictError
from models.serving.registry import Opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

USUAL = ScenarioConfig()


@dataclass
class Running:
    """Answers as a session of the network's graph does."""

    network: ScenarioNet

    def run(self, rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        return [self.network(torch.from_numpy(rows)).numpy()]


def opened(config: ScenarioConfig = USUAL, seed: int = 0) -> Opened:
    torch.manual_seed(seed)
    network = ScenarioNet(config).eval().requires_grad_(False)
    return Opened(
        "scenario",
        f"{seed:012x}",
        f"{seed:064x}",
        {"scenarios": SCENARIOS},
        asdict(config),
        {"scenario": Running(network)},  # type: ignore[dict-item]
    )


def test_a_network_that_learned_something_else_may_take_over() -> None:
    require_replaceable(opened(seed=1), opened(seed=2))
    require_replaceable(opened(ScenarioConfig(dropout=0.5, hidden=64)), opened())


def test_the_trial_has_an_empty_window_as_the_join_makes_it() -> None:
    network = ScenarioNet().eval().requires_grad_(False)
    nothing = torch.zeros(1, 15, dtype=torch.bool)
    features = torch.randn(1, 15, 256), torch.randn(1, 15, 128)
    rows, _ = network.join(
        Segments(
            features[0],
            torch.randn(1, 15, 128),
            nothing,
            features[1],
            torch.randn(1, 15, 128),
            nothing,
        )
    )
    np.testing.assert_allclose(trial_rows(network.config.row_width)[-1], rows[0].numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"audio": 300}, "has joined 688; expected 644"),
        ({"key_frames": False}, "has key_frames False; expected True"),
        ({"sharpness": 2.0}, r"has sharpness 2\.0; expected 4\.0"),
        ({"scenarios": 15}, "has scenarios 15; expected 16"),
        ({"max_segments": 15}, "takes 15 segments at most; expected 64"),
    ],
)
def test_a_network_that_reads_other_rows_is_refused(change: dict[str, Any], expected: str) -> None:
    candidate = opened(replace(ScenarioConfig(), **change))
    with pytest.raises(PredictError, match=expected):
        require_replaceable(candidate, opened())


def spoil_everything(network: ScenarioNet) -> None:
    network.out.bias.fill_(float("nan"))


def spoil_the_empty_window(network: ScenarioNet) -> None:
    """A bias that only a window without any data brings out."""
    network.forward = lambda rows: (
        ScenarioNet.forward(network, rows) / rows[..., -2:].amax((1, 2))[:, None]
    )


@pytest.mark.parametrize("spoil", [spoil_everything, spoil_the_empty_window])
def test_an_answer_that_is_no_number_is_refused(spoil: Callable[[ScenarioNet], None]) -> None:
    candidate = opened()
    spoil(candidate.sessions["scenario"].network)  # type: ignore[attr-defined]
    with pytest.raises(
        PredictError, match="with 16 that are not finite; expected 16 finite numbers"
    ):
        require_replaceable(candidate, opened())


def test_another_model_is_refused() -> None:
    other = replace(opened(), name="har")
    with pytest.raises(PredictError, match="model 'har' is no scenario network"):
        require_replaceable(other, opened())
