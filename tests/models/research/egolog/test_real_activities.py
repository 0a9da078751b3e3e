from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.labels import ACTIVITIES
from models.research.egolog import real_activities
from tests.models.recordings import small_sets

if TYPE_CHECKING:
    from pathlib import Path


def named(row: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> dict[str, float]:
    return {name: float(row[at]) for at, name in enumerate(ACTIVITIES) if row[at] > 0}


def test_each_right_activity_of_a_window_is_as_likely(tmp_path: Path) -> None:
    small_sets.classyglass(tmp_path / "classyglass_50hz.npz")
    found = real_activities.read(tmp_path, "train")
    assert found is not None
    assert found.imu.shape[1:] == (250, 6)
    np.testing.assert_allclose(found.targets.sum(axis=1), 1)
    assert named(found.targets[0]) == {"standing": 1.0}
    both = real_activities.read(tmp_path, "validation")
    assert both is not None
    assert {"typing on a keyboard": 0.5, "sitting": 0.5} in [named(row) for row in both.targets]
    assert {"walking": 1.0} in [named(row) for row in both.targets]


def test_positions_are_drawn_alike_however_many_windows_they_have(tmp_path: Path) -> None:
    # The names of these users, 1601 and u01, are of validation.
    small_sets.classyglass(tmp_path / "classyglass_50hz.npz")
    small_sets.wisdm(tmp_path / "wisdm19_phone_20hz.npz")
    found = real_activities.read(tmp_path, "validation")
    assert found is not None
    teeth = found.targets[:, ACTIVITIES.index("brushing teeth")] > 0
    assert teeth.sum() == 1 < len(teeth) - 1
    assert found.sampling.sum() == pytest.approx(1)
    assert found.sampling[teeth].sum() == pytest.approx(0.5)


def test_a_pocket_shows_the_posture_of_what_the_hands_do(tmp_path: Path) -> None:
    up = {"sitting": (0, 9.81, 0), "standing": (0, 0, 9.81), "chips": (0, 9, 3), "teeth": (0, 3, 9)}
    data = np.zeros((4, 120, 6), np.float16)
    for row, direction in zip(data, up.values(), strict=True):
        row[:, :3] = direction
    for place in ("phone", "watch"):
        np.savez(
            tmp_path / f"wisdm19_{place}_20hz.npz",
            data=data,
            label=np.array(list(up)),
            user=np.array(["1602"] * 4),
            position=np.array(["pocket" if place == "phone" else "wrist"] * 4),
        )
    found = real_activities.read(tmp_path, "train")
    assert found is not None
    *postures, eating, brushing = (named(row) for row in found.targets[:4])
    assert postures == [{"sitting": 1.0}, {"standing": 1.0}]
    assert max(eating, key=eating.__getitem__) == "sitting"
    assert max(brushing, key=brushing.__getitem__) == "standing"
    # Without its wearer's postures it is the one in which an activity is done as a rule.
    np.savez(
        tmp_path / "wisdm19_phone_20hz.npz",
        data=data[:3:2],
        label=np.array(["chips", "chips"]),
        user=np.array(["1602"] * 2),
        position=np.array(["pocket"] * 2),
    )
    alone = real_activities.read(tmp_path, "train")
    assert alone is not None
    assert named(alone.targets[0]) == eating
    # A wrist shows the hands.
    assert {"eating": 1.0} in [named(row) for row in found.targets[4:]]


def test_what_is_no_activity_of_the_set_is_left_out(tmp_path: Path) -> None:
    small_sets.hapt(tmp_path / "hapt_50hz.npz")
    assert real_activities.read(tmp_path, "train") is None
    assert real_activities.read(tmp_path / "nothing", "train") is None
