"""What the shipped weights reach on unseen users, clips, ears and rooms, mean of three seeds."""

from __future__ import annotations

from statistics import mean
from typing import Any

import pytest

from models.research.evaluation import measures
from models.research.lib.tables import pick
from models.serving.registry import WEIGHTS_DIR
from tests.shared_data import shared_data

SEEDS = (1, 2, 3)


def missed(reason: str) -> pytest.MarkDecorator:
    """Mark a bar that the shipped weights miss: reaching it must be noticed."""
    return pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True)


MIN = (
    (("localization", "direction_accuracy"), 0.80),
    (("localization", "distance_accuracy"), 0.83),
    (("sound_events", "top1"), 0.75),
    pytest.param(
        ("motion_class", "macro_f1"),
        0.85,
        marks=missed("0.829 on real users, where the truth is that of the middle two seconds"),
    ),
    (("scenario", "f1"), 0.80),
)

# What a part must add: (with it, without it, at least).
GAINS = (
    pytest.param(
        ("localization", "direction_accuracy"),
        ("localization", "direction_accuracy_without_motion"),
        0.08,
        marks=missed("motion adds 3 to 5 points: heads turn too little within a second"),
    ),
    (("scenario", "f1"), ("scenario", "f1_without_contrastive"), 0.08),
    (("scenario", "f1"), ("scenario", "f1_without_sequence"), 0.02),
    (("har", "accuracy"), ("har", "accuracy_without_scenario"), 0.05),
)

pytestmark = [pytest.mark.accuracy, pytest.mark.timeout(3_600)]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    cache, data = tmp_path_factory.mktemp("days"), shared_data()
    return [measures.measure(WEIGHTS_DIR, data, seed, cache) for seed in SEEDS]


def average(figures: list[dict[str, Any]], path: tuple[str, str]) -> float:
    found = [pick(run, path) for run in figures]
    assert None not in found, path
    return mean(value for value in found if value is not None)


@pytest.mark.parametrize(("path", "least"), MIN)
def test_every_network_reaches_its_bar(
    path: tuple[str, str], least: float, figures: list[dict[str, Any]]
) -> None:
    assert average(figures, path) >= least


@pytest.mark.parametrize(("whole", "without", "least"), GAINS)
def test_every_part_adds_what_it_is_there_for(
    whole: tuple[str, str],
    without: tuple[str, str],
    least: float,
    figures: list[dict[str, Any]],
) -> None:
    assert average(figures, whole) - average(figures, without) >= least


@missed("motion takes away 40 % of the front–back errors")
def test_motion_halves_the_front_back_errors(figures: list[dict[str, Any]]) -> None:
    still = average(figures, ("localization", "front_back_error_without_motion"))
    assert average(figures, ("localization", "front_back_error")) <= still / 2


def test_both_modalities_are_better_than_either(figures: list[dict[str, Any]]) -> None:
    both = average(figures, ("har", "accuracy_without_scenario"))
    for alone in ("accuracy_audio", "accuracy_imu"):
        assert average(figures, ("har", alone)) < both


def test_the_gate_wins_back_half_of_what_a_far_loudspeaker_costs(
    figures: list[dict[str, Any]],
) -> None:
    clean, interfered, gated = (
        average(figures, ("har", f"accuracy_{name}"))
        for name in ("clean", "interfered", "interfered_gated")
    )
    assert interfered < clean
    assert gated - interfered >= (clean - interfered) / 2
