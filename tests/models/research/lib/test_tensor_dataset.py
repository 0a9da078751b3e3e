from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from models.research.lib.tensor_dataset import TensorDataset


@dataclass(frozen=True)
class Pair(TensorDataset):
    one: Tensor
    other: Tensor


def test_items_are_taken_and_joined_column_by_column() -> None:
    pair = Pair(torch.arange(4), torch.arange(8.0).view(4, 2))
    assert len(pair) == 4
    some = pair.take(torch.tensor([2, 0]))
    assert some.one.tolist() == [2, 0]
    assert some.other.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    both = Pair.joined([pair, some])
    assert isinstance(both, Pair)
    assert both.one.tolist() == [0, 1, 2, 3, 2, 0]


def test_items_of_other_widths_do_not_join() -> None:
    one, two = (Pair(torch.arange(2), torch.zeros(2, width)) for width in (1, 2))
    with pytest.raises(RuntimeError, match="Sizes of tensors must match"):
        Pair.joined([one, two])
