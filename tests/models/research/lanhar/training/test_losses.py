import torch

from models.research.lanhar.training.losses import alignment, comparison

A, B = torch.eye(4)[:2]


def test_matching_pairs_lose_less_than_crossed_ones() -> None:
    left = torch.stack([A, B])
    assert alignment(left, left, None, 0.1) < alignment(left, left.flip(0), None, 0.1)


def test_rows_of_a_group_do_not_push_each_other_away() -> None:
    rows = torch.stack([A, A])
    group = torch.tensor([0, 0])
    apart = torch.stack([A, B])
    assert alignment(rows, rows, group, 0.1) < alignment(apart, apart, group, 0.1)
    assert alignment(rows, rows, None, 0.1) > alignment(apart, apart, None, 0.1)


def test_likeness_within_a_category_is_ranked_over_likeness_across() -> None:
    near = torch.stack([A, A, B])
    group = torch.tensor([0, 0, 1])
    far = torch.stack([A, B, A])
    assert comparison(near, group, 0.1) < comparison(far, group, 0.1)


def test_what_has_no_category_is_left_out() -> None:
    rows = torch.stack([A, A, B, B])
    assert comparison(rows, torch.tensor([0, 0, -1, -1]), 0.1) == 0
    assert comparison(rows, torch.tensor([0, 0, 1, -1]), 0.1) > 0
