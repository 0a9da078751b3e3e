from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.lanhar.vocabulary import LabelEmbeddings
from models.research.lanhar.interpretation.windows import WindowsError
from models.research.lanhar.training import withheld
from models.research.lanhar.training.sensor import SensorSettings
from models.research.lanhar.training.transfer import interpret
from tests.models.research.lanhar.motion import data_set

if TYPE_CHECKING:
    from numpy.typing import NDArray

EYE = np.eye(128, dtype=np.float32)
LABELS = LabelEmbeddings(("walking", "sitting", "ironing"), EYE[:3])


def about(axis: int, count: int, towards: int | None = None) -> NDArray[np.float32]:
    """Return unit vectors about an axis, half way to another where one is named."""
    rng = np.random.default_rng(axis)
    middle = EYE[axis] if towards is None else EYE[axis] + 0.9 * EYE[towards]
    rows = middle + rng.normal(0, 0.02, (count, 128)).astype(np.float32)
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def test_every_activity_is_withheld_once_and_what_is_listed_together_apart() -> None:
    names = [str(number) for number in range(15)]
    parts = withheld.folds(names)
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert parts[0] == ("0", "5", "10")
    assert [len(part) for part in withheld.folds(names[:4])] == [2, 2]


def test_an_added_label_is_scored_against_what_was_learned_alone() -> None:
    label = np.array(["walking"] * 60 + ["sitting"] * 60)
    vectors = torch.from_numpy(np.concatenate([about(0, 60), about(1, 60)]))
    taught = np.arange(120) % 2 == 0
    kept = withheld.kept_of(vectors, label, taught, LABELS)
    assert kept.config.learned == ("sitting", "walking")
    assert len(kept.readings) == 60
    # Its windows lie nearer to walking than to their own label; those of dancing are nobody's.
    own, strangers = about(0, 20, towards=2), about(2, 10)
    row = withheld.added(
        kept,
        LABELS,
        torch.cat([vectors, torch.from_numpy(np.concatenate([own, strangers]))]),
        np.array([*label, *["ironing"] * 20, *["dancing"] * 10]),
    )
    assert row["windows"] == 20
    assert row["recall"] == 1
    assert row["recall_without_margin"] < 0.5
    assert row["claimed"] <= 0.06


def test_too_few_windows_to_score_are_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withheld, "in_split", lambda *_: False)
    readings = interpret(data_set("hapt", 0, each=1))
    with pytest.raises(WindowsError, match="hapt: validation users have fewer than 5 windows of"):
        withheld.measure(readings, torch.zeros(5, 128), LABELS, SensorSettings(steps=1), 0)
