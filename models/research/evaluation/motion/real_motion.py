"""Evaluation of the shipped networks on real motion only, by file, for unseen users.

There is no sound, and as in the stream no scenario that was read from motion alone, so activities
that motion cannot distinguish should be unknown or have low confidence. For a label outside of the
closed set only *unknown* is right. The networks get the device's body position, as from its frames.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm import tqdm

from models.egolog.contrastive import ENCODERS
from models.egolog.imu_encoder import MIDDLE_ROWS
from models.egolog.tilt import probability_seated
from models.labels import ACTIVITIES, MOTIONS
from models.lanhar.upright import uprights
from models.network.rotation import has_rotation
from models.recordings.datasets.labelled_windows import (
    ON_STAIRS,
    LabelledWindows,
    read,
    right_activities,
)
from models.research.lanhar.evaluation.live_ranking import f1, ranked
from models.research.lanhar.training.scores import SURE
from models.research.lib.measured_motion import (
    motion_files,
    print_other_files,
    windows_to_measure,
)
from models.research.lib.metrics import macro_f1
from models.research.without_gyroscope.derived import for_acceleration
from models.research.without_gyroscope.motion import without_gyroscope
from models.serving.activity_memory import activities_after, remembered_activities
from models.serving.lanhar_loading import open_lanhar
from models.serving.predict import ActivityRecognizer, HarInput
from models.serving.served import ENCODERS as SERVED_ENCODERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.egolog.imu_encoder import ImuEncoder
    from models.serving.open_vocabulary import Lanhar
    from models.serving.registry import Registry

Figures = dict[str, Any]

STILL = "still"
MOTION_CLASSES = (*MOTIONS, STILL)
MOTION_ABOVE = 0.5
"""Threshold of the motion classes: below it for all of them the wearer is still."""

_CLOSED = {*ACTIVITIES, *ON_STAIRS}
_STILL = ("sitting", "standing", "lying", "typing on a keyboard", "writing", "watching TV")
_MOTION = {
    "walking": "walking",
    "going upstairs": "walking",
    "going downstairs": "walking",
    "running": "moving",
    "turning": "moving",
    "standing up": "standing up",
    "sitting down": "sitting down",
    **dict.fromkeys(_STILL, STILL),
}


def measure(registry: Registry, folder: Path) -> Figures:
    """Return the figures of every `NAME_50hz.npz` and `NAME_20hz.npz` in `folder`, by NAME.

    `without_gyroscope` has those of the same windows without their rotation.
    """
    recognizer = ActivityRecognizer(registry)
    encoder = registry.load(ENCODERS).module.imu
    alone = for_acceleration(registry, SERVED_ENCODERS, encoder, "imu")
    lanhar = open_lanhar(registry)
    figures: Figures = {}
    print_other_files(folder)
    for name, path in motion_files(folder).items():
        windows = windows_to_measure(path)
        if windows is None:
            continue
        segments = read(path, MIDDLE_ROWS)
        figures[name] = of_windows(windows, segments, recognizer, (encoder, alone), lanhar)
        figures[name]["without_gyroscope"] = of_windows(
            without_gyroscope(windows),
            without_gyroscope(segments),
            recognizer,
            (encoder, alone),
            lanhar,
        )
    return figures


def of_windows(
    windows: LabelledWindows,
    segments: LabelledWindows,
    recognizer: ActivityRecognizer,
    encoders: tuple[ImuEncoder, ImuEncoder],
    lanhar: Lanhar | None,
) -> Figures:
    """Return the figures of one file's windows, and of the motion class of its 2 s segments.

    As in the stream, a wearer's windows are processed in order, with upright and memory; `encoders`
    are those of devices with and without a gyroscope.
    """
    estimates = [
        recognizer.estimate([item])[0]
        for item in tqdm(motion_inputs(windows), desc="real motion", mininterval=5, disable=None)
    ]
    activities = _smooth(windows, [estimate.activities for estimate in estimates])
    likeliest = [max(each, key=each.__getitem__) for each in activities]
    confidence = np.array([max(each.values()) for each in activities])
    unknown = np.array([estimate.unknown for estimate in estimates])
    return {
        **activity_figures(windows, likeliest, confidence, unknown),
        "motion_class_macro_f1": motion_class_f1(*encoders, segments),
        "lanhar": {"macro_f1": None if lanhar is None else lanhar_f1(lanhar, windows)},
    }


def motion_inputs(windows: LabelledWindows) -> list[HarInput]:
    """Return the activity network's inputs, with what each wearer's earlier windows tell."""
    return [
        HarInput(
            mel=None,
            imu=imu,
            scenarios={},
            lies=upright.lies(imu, position),
            seated=probability_seated(upright, imu, position),
            position=position,
        )
        for imu, position, upright in zip(
            windows.imu, windows.positions, uprights(windows.imu, windows.wearers), strict=True
        )
    ]


def activity_figures(
    windows: LabelledWindows,
    likeliest: Sequence[str],
    confidence: NDArray[np.float64],
    unknown: NDArray[np.bool_],
) -> Figures:
    """Score the likeliest activities (N,), their probabilities (N,) and what is unknown (N,).

    `coverage` is the share of the closed set's windows that are not unknown, `accuracy` is over
    those and all windows outside of the set, `confidently_wrong` over all windows. A window with
    an alternative outside of the set is outside of it; the alternatives within are right too.
    """
    names = right_activities(windows)
    closed = np.array([right <= _CLOSED for right in names])
    hit = np.array([name in right for name, right in zip(likeliest, names, strict=True)])
    correct = np.where(unknown, ~closed, hit)
    judged = ~(unknown & closed)
    wrong = (confidence >= SURE) & ~unknown & ~hit
    labels = np.array(windows.labels)
    return {
        "windows": len(windows),
        "left_out": windows.left_out,
        "accuracy": _share(correct[judged]),
        "coverage": _share(~unknown[closed]),
        "confidently_wrong": _share(wrong),
        "per_class": {
            label: {
                "windows": int((labels == label).sum()),
                "accuracy": _share(hit[labels == label]),
                "unknown": _share(unknown[labels == label]),
                "confidently_wrong": _share(wrong[labels == label]),
            }
            for label in sorted(set(windows.labels))
        },
    }


def motion_class_f1(
    encoder: ImuEncoder, alone: ImuEncoder, windows: LabelledWindows
) -> float | None:
    """Return the macro-F1 of the motion class, including still; None without known classes.

    It is computed on segments of the stream's length, because five seconds of somebody who stands
    up and walks away contain three classes. As in the stream, `alone` is the encoder of those
    without rotation. Segments with an alternative of another or of no class are not scored.
    """
    truth = [{_MOTION.get(name) for name in right} for right in windows.names]
    kept = [at for at, right in enumerate(truth) if len(right) == 1 and None not in right]
    if not kept:
        return None
    imu = windows.imu[kept]
    rotates = np.array([has_rotation(each) for each in imu])
    probability = np.empty((len(kept), len(MOTIONS)))
    for network, rows in ((encoder, rotates), (alone, ~rotates)):
        if rows.any():
            probability[rows] = _motions(network, imu[rows])
    predicted = np.where(
        probability.max(axis=1) >= MOTION_ABOVE,
        probability.argmax(axis=1),
        MOTION_CLASSES.index(STILL),
    )
    true = np.array([MOTION_CLASSES.index(next(iter(truth[at]))) for at in kept])
    return macro_f1(predicted, true)


def _motions(encoder: ImuEncoder, imu: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.inference_mode():
        parts = torch.split(torch.from_numpy(imu), 256)
        out: NDArray[np.float32] = torch.sigmoid(
            torch.cat([encoder(part).logits for part in parts])
        ).numpy()
    return out


def lanhar_f1(lanhar: Lanhar, windows: LabelledWindows) -> float | None:
    """Return the macro-F1 of the ranking's first label over the active labels that occur.

    As in the stream, a wearer's windows are ranked in order, with upright and memory.
    """
    found = ranked(lanhar, windows, compared=False)
    return f1(found.first, found.true(found.first))


def _smooth(
    windows: LabelledWindows, activities: Sequence[Mapping[str, float]]
) -> list[dict[str, float]]:
    memory: defaultdict[str, Sequence[float]] = defaultdict(tuple)
    smoothed = []
    for own, wearer, start_s, position in zip(
        activities, windows.wearers, windows.starts_s, windows.positions, strict=True
    ):
        memory[wearer] = activities_after(memory[wearer], start_s, own, position)
        smoothed.append(remembered_activities(memory[wearer], position))
    return smoothed


def _share(rows: NDArray[np.bool_]) -> float | None:
    return float(rows.mean()) if len(rows) else None
