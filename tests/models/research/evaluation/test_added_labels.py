from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.lanhar.label_table import LANHAR_LABELS
from models.research.evaluation import added_labels
from models.serving.lanhar_loading import require_lanhar
from models.serving.registry import Registry
from tests.streams.fresh_lanhar import save_lanhar

if TYPE_CHECKING:
    from pathlib import Path


def test_each_activity_that_occurs_often_enough_is_added_in_its_turn(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    save_lanhar(registry)
    lanhar = require_lanhar(registry)
    table = registry.load(LANHAR_LABELS).module.labels()
    counts = {"walking": 12, "ironing": 15, "sitting": 9, "smoking": 20}
    names = [frozenset({name}) for name, count in counts.items() for _ in range(count)]
    # Windows lie on their label; those of what nobody described lie on another's.
    on = {**{name: name for name in counts}, "smoking": "standing"}
    vectors = np.concatenate(
        [table.only([on[name]]).vectors for name, count in counts.items() for _ in range(count)]
    )
    scored = added_labels.figures(registry, lanhar, added_labels.EmbeddedWindows(vectors, names))
    assert set(scored["labels"]) == {"walking", "ironing"}
    for name, row in scored["labels"].items():
        assert row["windows"] == counts[name]
        assert (row["recall"], row["claimed"]) == (1, 0)
        assert not row["trained"]
    assert (scored["recall"], scored["claimed_most"]) == (1, 0)


def test_nothing_is_scored_without_described_activities_or_weights(tmp_path: Path) -> None:
    assert added_labels.measure(Registry(tmp_path), tmp_path) == {}
    registry = Registry(tmp_path)
    save_lanhar(registry)
    lanhar = require_lanhar(registry)
    windows = added_labels.EmbeddedWindows(
        np.zeros((30, 128), np.float32), [frozenset({"smoking"})] * 30
    )
    assert added_labels.figures(registry, lanhar, windows) == {}
    assert added_labels.measure(registry, tmp_path) == {}


@pytest.mark.parametrize(("count", "taken"), [(3, 3), (200, added_labels.MOST)])
def test_windows_of_a_label_are_taken_from_all_of_its_file(count: int, taken: int) -> None:
    from models.recordings.datasets.labelled_windows import LabelledWindows

    windows = LabelledWindows(
        np.zeros((count + 1, 250, 6), np.float32),
        ("sitting",) + ("walking",) * count,
        (frozenset({"sitting"}),) + (frozenset({"walking"}),) * count,
    )
    places = added_labels._spread(windows)
    assert len(places) == taken + 1
    assert (places[0], places[1], places[-1]) == (0, 1, count)
