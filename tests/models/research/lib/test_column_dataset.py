from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.research.lib.column_dataset import ColumnDataset


@dataclass(frozen=True)
class Pair(ColumnDataset):
    one: Tensor
    other: Tensor


def test_items_are_taken_and_joined_column_by_column() -> None:
    pair = Pair(torch.arange(4), torch.arange(8.0).view(4, 2))
    assert len(pair) == 4
    some = pair.take(torch.tensor([2, 0]))
    assert some.one.tolist() == [2, 0]
    assert some.other.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    both = Pair.concatenate([pair, some])
    assert isinstance(both, Pair)
    assert both.one.tolist() == [0, 1, 2, 3, 2, 0]


@dataclass(frozen=True)
class Labelled(ColumnDataset):
    value: Tensor
    name: NDArray[np.str_]


def test_a_mask_takes_items_of_tensors_and_arrays_alike() -> None:
    items = Labelled(torch.arange(3), np.array(["a", "b", "c"]))
    some = items.take(np.array([True, False, True]))
    assert (some.value.tolist(), some.name.tolist()) == ([0, 2], ["a", "c"])
    both = Labelled.concatenate([items, some])
    assert (both.value.tolist(), both.name.tolist()) == ([0, 1, 2, 0, 2], list("abcac"))


def test_items_of_other_widths_do_not_join() -> None:
    one, two = (Pair(torch.arange(2), torch.zeros(2, width)) for width in (1, 2))
    with pytest.raises(RuntimeError, match="Sizes of tensors must match"):
        Pair.concatenate([one, two])
