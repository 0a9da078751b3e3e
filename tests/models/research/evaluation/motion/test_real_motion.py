from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from models.egolog.contrastive import ENCODERS
from models.recordings.datasets.labelled_windows import LabelledWindows, names_of, read
from models.research.evaluation.motion import real_motion
from models.research.evaluation.motion.real_motion import activity_figures, motion_class_f1
from models.serving.predict import ActivityRecognizer, HarInput
from models.serving.registry import Registry
from tests.models import fresh
from tests.models.recordings.small_sets import labelled_recording
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path


def windows(*labels: str) -> LabelledWindows:
    imu = np.zeros((len(labels), 250, 6), np.float32)
    return LabelledWindows(imu, labels, tuple(map(names_of, labels)))


def test_an_activity_outside_of_the_set_is_right_only_as_unknown() -> None:
    shown = windows("walking", "sitting", "smoking", "smoking", "eating or smoking", "stairs")
    figures = activity_figures(
        shown,
        ["walking", "talking", "talking", "talking", "eating", "walking"],
        np.array([0.9, 0.8, 0.7, 0.4, 0.3, 0.9]),
        np.array([False, False, False, True, True, False]),
    )
    assert figures["windows"] == 6
    # Right: walking, stairs, and what is unknown of smoking, or of eating or smoking.
    assert figures["accuracy"] == pytest.approx(4 / 6)
    assert figures["coverage"] == 1
    assert figures["confidently_wrong"] == pytest.approx(2 / 6)
    assert figures["per_class"]["smoking"] == {
        "windows": 2,
        "accuracy": 0.0,
        "unknown": 0.5,
        "confidently_wrong": 0.5,
    }


def test_every_alternative_is_right_whether_in_the_set_or_outside_of_it() -> None:
    shown = windows(*["eating or smoking"] * 3, "sitting or standing", "sitting or standing")
    figures = activity_figures(
        shown,
        ["eating", "eating", "talking", "standing", "standing"],
        np.full(5, 0.9),
        np.array([False, True, False, False, True]),
    )
    assert figures["accuracy"] == pytest.approx(3 / 4)
    assert figures["coverage"] == pytest.approx(1 / 2)
    assert figures["confidently_wrong"] == pytest.approx(1 / 5)


@pytest.mark.parametrize(
    ("name", "labels", "least"),
    [
        # Compared with heads and trunks alone, 0.52 of a wrist's walking and running were known.
        ("wisdm19_watch_20hz", ("walking", "jogging"), 0.85),
        ("wisdm19_phone_20hz", ("walking", "jogging"), 0.85),
        # Who learned from heads and waists alone never named it.
        ("wisdm19_watch_20hz", ("typing",), 0.5),
    ],
)
def test_what_a_wrist_or_a_pocket_shows_is_known_of_users_never_met(
    name: str, labels: tuple[str, ...], least: float
) -> None:
    shown = read(shared_data() / "imu" / f"{name}.npz")
    places = [at for at, label in enumerate(shown.labels) if label in labels][::4]
    recognizer = ActivityRecognizer(Registry())
    found = recognizer.estimate([HarInput(None, shown.imu[at]) for at in places])
    right = [
        not each.unknown
        and max(each.activities, key=each.activities.__getitem__) in shown.names[at]
        for at, each in zip(places, found, strict=True)
    ]
    assert len(right) > 50
    assert np.mean(right) > least


class SaidMotion(nn.Module):
    """Says the class whose number stands in a window's first sample; -1 is none."""

    def forward(self, imu: torch.Tensor) -> SaidMotion:
        self.logits = torch.full((len(imu), 4), -3.0)
        for at, window in enumerate(imu):
            if window[0, 0] >= 0:
                self.logits[at, int(window[0, 0])] = 3.0
        return self


def test_no_motion_class_is_keeping_still() -> None:
    shown = windows(
        "walking", "sitting", "lying", "standing up", "smoking", "walking or smoking", "stairs"
    )
    shown.imu[:, 0, 0] = [0, -1, -1, 3, 0, -1, 0]
    said = SaidMotion()
    # Standing up was called sitting down: still and walking are right, standing up is missed.
    assert motion_class_f1(said, said, shown) == pytest.approx((1 + 1 + 0) / 3)  # type: ignore[arg-type]


def test_the_motion_class_without_rotation_is_that_of_the_encoder_for_it() -> None:
    shown = windows("walking", "walking", "sitting", "sitting")
    shown.imu[:, 0, 0] = [0, 0, -1, -1]
    shown.imu[::2, 0, 4] = 1.0

    class Walking(SaidMotion):
        def forward(self, imu: torch.Tensor) -> SaidMotion:
            return super().forward(torch.zeros_like(imu))

    whole, alone = SaidMotion(), Walking()
    # Of the two without rotation, which `alone` hears, the one who sits is said to walk.
    assert motion_class_f1(whole, alone, shown) == pytest.approx((4 / 5 + 2 / 3) / 2)  # type: ignore[arg-type]
    assert motion_class_f1(whole, whole, shown) == 1  # type: ignore[arg-type]


def test_every_file_of_labelled_motion_is_measured_and_a_strange_one_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = fresh.registry(tmp_path / "weights")
    registry.load(ENCODERS)
    folder = tmp_path / "imu"
    folder.mkdir()
    labelled_recording(folder / "belt_50hz.npz", "s05", [(0, 500, "walking")])
    np.savez(folder / "odd_50hz.npz", signal=np.zeros(3))
    np.savez(folder / "table.npz", signal=np.zeros(3))
    figures = real_motion.measure(registry, folder)
    assert set(figures) == {"belt"}
    assert figures["belt"]["windows"] == 2
    assert figures["belt"]["accuracy"] in (None, 0.0, 0.5, 1.0)
    assert "odd_50hz.npz' lacks scale, recording_start" in capsys.readouterr().out
