from __future__ import annotations

import numpy as np
import pytest

from models.finetuning.examples import Examples, ExamplesError
from models.labels import SCENARIOS
from schemas import Vector
from tests.models.finetuning.windows import items, queue


def test_items_become_their_rows_and_what_they_were_called() -> None:
    windows = queue().take(np.arange(3))
    found = Examples.of_items(items(windows))
    # On the wire a number is off by half a step of its scale.
    largest = np.abs(windows.rows).max(axis=2, keepdims=True)
    assert (np.abs(found.rows - windows.rows) <= largest / 254 + 1e-3).all()
    np.testing.assert_array_equal(found.labels, windows.labels)


def test_a_window_may_be_called_several_scenarios_and_one_that_nobody_named_is_left_out() -> None:
    first, second = items(queue().take(np.arange(2)))
    both = first.model_copy(update={"pseudo_labels": ["Eating", "Watching tv"]})
    unnamed = second.model_copy(update={"pseudo_labels": []})
    found = Examples.of_items([unnamed, both])
    assert len(found) == 1
    assert [SCENARIOS[at] for at in np.flatnonzero(found.labels[0])] == ["Eating", "Watching tv"]
    assert len(Examples.of_items([unnamed])) == 0


def test_unknown_labels_and_rows_of_another_shape_are_refused() -> None:
    [item] = items(queue().take(np.arange(1)))
    with pytest.raises(ExamplesError, match="labelled 'Flying'; expected names of SCENARIOS"):
        Examples.of_items([item.model_copy(update={"pseudo_labels": ["Flying"]})])
    short = Vector.of(np.zeros((14, 644)), "<f2")
    with pytest.raises(ExamplesError, match=r"shape \(14, 644\); expected \(15, 644\), all finite"):
        Examples.of_items([item.model_copy(update={"embeddings": short})])
    endless = Vector.of(np.full((15, 644), np.inf), "<f2")
    with pytest.raises(ExamplesError, match="all finite"):
        Examples.of_items([item.model_copy(update={"embeddings": endless})])


def test_windows_are_joined_and_taken() -> None:
    windows = queue()
    parts = [windows.take(np.arange(5)), Examples.empty(), windows.take(np.arange(5, 9))]
    joined = Examples.concatenate(parts)
    np.testing.assert_array_equal(joined.rows, windows.rows[:9])
    assert len(Examples.concatenate([])) == 0
    with pytest.raises(ExamplesError, match="expected"):
        Examples(windows.rows, windows.labels[:3])
