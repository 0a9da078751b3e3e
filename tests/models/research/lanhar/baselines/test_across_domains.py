import pytest
import torch
from torch import Generator, nn

from models.research.lanhar.baselines.across_domains import (
    DomainJudge,
    margin_loss,
    mixed,
    semantic_ranges,
)


def test_a_class_that_spreads_wider_has_a_larger_range_and_one_without_readings_the_mean() -> None:
    features = torch.tensor([[0.0, 0], [2, 0], [10, 0], [16, 0]])
    ranges = semantic_ranges(features, torch.tensor([0, 0, 1, 1]), 3)
    assert ranges.tolist() == pytest.approx([1, 3, 2])


def test_mixed_windows_lie_between_two_and_their_shares_count_by_range() -> None:
    imu = torch.stack([torch.zeros(120, 6), torch.ones(120, 6)]).repeat(32, 1, 1)
    label = torch.tensor([0, 1]).repeat(32)
    windows, shares = mixed(imu, label, torch.tensor([1.0, 3.0]), Generator().manual_seed(0))
    assert shares.sum(dim=1).tolist() == pytest.approx([1] * 64)
    ones = windows[:, 0, 0].double()
    wanted = 3 * ones / (3 * ones + (1 - ones))
    # A window that was mixed with one of its own class is of that class alone.
    assert shares[:, 1].double().tolist() == pytest.approx(wanted.tolist(), abs=1e-5)


def test_a_margin_costs_nothing_where_the_right_class_is_far_ahead() -> None:
    shares = torch.tensor([[0.7, 0.3, 0.0]])
    assert float(margin_loss(torch.tensor([[5.0, 1.0, 0.0]]), shares)) == 0
    assert float(margin_loss(torch.tensor([[1.0, 1.5, 0.0]]), shares)) == pytest.approx(1.5)


def test_what_a_judge_learns_is_turned_around_for_what_it_judges() -> None:
    judge, features = DomainJudge(4), nn.Parameter(torch.randn(3, 4))
    judge(features, 1.0).sum().backward()
    turned = features.grad.clone() if features.grad is not None else None
    features.grad = None
    judge.layers(features).sum().backward()
    assert turned is not None
    assert features.grad is not None
    assert torch.allclose(turned, -features.grad)
