"""The figures of one seed: localization and composed days, each in a separate process.

They are not in `__main__`, because a spawned process cannot import functions from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.recordings.datasets import esc50
from models.recordings.datasets import real_motion as motion_windows
from models.recordings.shared_data import CIPIC, ESC50, HRTF, IMU
from models.recordings.unseen import unseen
from models.research.egolog import imu_encoder
from models.research.egolog.audio import categories as sound_categories
from models.research.egolog.days import disturbed as disturbed_days
from models.research.egolog.days import placed as placed_days
from models.research.evaluation import added_labels
from models.research.evaluation.composed_days import abstention, by_class, lengths
from models.research.evaluation.composed_days import scores as composed_life
from models.research.evaluation.interference import activities as interference
from models.research.evaluation.interference import gate
from models.research.evaluation.localization import (
    direction_memory,
    measured_distance,
    measured_rooms,
    placed_events,
    sound_places,
)
from models.research.evaluation.localization import rendered as localization
from models.research.evaluation.motion import real_motion
from models.research.evaluation.sounds import real_sounds
from models.research.lib.metrics import confusion, macro_f1
from models.research.lib.process_pool import process_pool
from models.research.lib.served_registry import ServedRegistry
from models.serving.near_field import NearFieldExtractor
from models.serving.one_thread import pin_one_thread
from models.serving.predict import SoundLocalizer
from models.simulation.sources.head_motion import HeadMotionError, HeadMotions
from models.simulation.sources.material import unseen_material
from models.simulation.sources.measured import SoundBank

if TYPE_CHECKING:
    from pathlib import Path

    from models.egolog.imu_encoder import ImuEncoder
    from models.recordings.datasets.real_motion import MotionWindows
    from models.recordings.splits import Splits
    from models.serving.registry import Precision

Figures = dict[str, Any]


def measure_space(
    weights: Path,
    data: Path | None,
    seed: int,
    cache: Path,
    arrays: bool = False,
    precision: Precision = "float32",
) -> Figures:
    """Return the figures of localization, of real clips and of real users' motion."""
    pin_one_thread()
    registry = ServedRegistry(weights, precision)
    results: Figures = {}
    if data is None:
        return results
    splits = unseen(data)
    encoders = composed_life.Networks.load(registry).encoders
    results |= measure_places(registry, data, splits, seed, cache, arrays)
    clips = esc50.clips(data / ESC50, splits.sounds) if _has_clips(data) else []
    if clips:
        top1 = sound_categories.top1(encoders.audio, clips)
        results["sound_events"] = {"top1": top1, "clips": len(clips)}
    results |= real_sounds.measure(registry, data, splits, seed)
    windows = motion_windows.read(data / IMU, splits.motion)
    if windows is not None:
        results |= measure_motion_class(encoders.imu, windows)
    by_file = real_motion.measure(registry, data / IMU)
    if by_file:
        results["real_motion"] = by_file
    added = added_labels.measure(registry, data / IMU)
    if added:
        results["added_labels"] = added
    return results


def _has_clips(data: Path) -> bool:
    return (data / ESC50 / esc50.TABLE).is_file()


def measure_motion_class(encoder: ImuEncoder, windows: MotionWindows) -> Figures:
    """Return `motion_class`, or nothing where everybody keeps still."""
    predicted, true = imu_encoder.motion_classes(encoder, windows)
    if not len(true):
        print(f"skipped: motion_class: nobody moves in {len(windows)} windows")
        return {}
    return {
        "motion_class": {
            "macro_f1": macro_f1(predicted, true),
            "windows": len(true),
            "confusion": confusion(predicted, true, 4).tolist(),
        }
    }


def measure_places(
    registry: ServedRegistry, data: Path, splits: Splits, seed: int, cache: Path, arrays: bool
) -> Figures:
    """Return the figures of localization, whose sources sound like the clips of `data`."""
    results: Figures = {}
    bank = SoundBank.read(data / ESC50, splits.sounds, share=1.0) if _has_clips(data) else None
    if bank is None or not bank.labels:
        if (data / HRTF).is_dir():
            print(f"skipped: {HRTF}: its sources need clips of our sound events in {ESC50}")
        return results
    if (data / CIPIC).is_file() and _has_head_motion(data, splits):
        results["localization"] = localization.measure(
            registry, data, seed, cache, split=splits, arrays=arrays
        )
        if arrays:
            measured = measured_rooms.measure(registry, data / HRTF, bank, seed)
            results["localization"]["measured_rooms"] = measured
    measured = measured_distance.measure(registry, data / HRTF, bank, seed)
    if "ece" in measured:
        results["measured"] = measured
    return results


def _has_head_motion(data: Path, splits: Splits) -> bool:
    path = data / IMU / "classyglass_50hz.npz"
    if not path.is_file():
        return False
    try:
        HeadMotions.read(path, splits.motion)
    except HeadMotionError as error:
        print(f"skipped: localization: {error}")
        return False
    return True


def measure_life(
    weights: Path, data: Path | None, seed: int, cache: Path, precision: Precision = "float32"
) -> Figures:
    """Return the figures of composed days: scenarios, activities, gate, sounds and directions."""
    pin_one_thread()
    registry = ServedRegistry(weights, precision)
    networks = composed_life.Networks.load(registry)
    material = unseen_material(data)
    life = composed_life.unseen_life(networks, material, seed, cache)
    scenario: Figures = dict(composed_life.measure_scenario(registry, networks, life))
    scenario["by_length"] = lengths.scenario_by_length(networks, life)
    har: Figures = dict(composed_life.measure_har(networks, life))
    har["by_length"] = lengths.har_by_length(networks, life)
    har |= by_class.measure(registry, networks, life)
    disturbed_windows = interference.windows(
        networks,
        SoundLocalizer(registry),
        NearFieldExtractor(registry),
        disturbed_days.compose(seed, material, cache),
    )
    disturbed = interference.measure(networks, disturbed_windows)
    har |= {
        "accuracy_clean": disturbed["clean"],
        "accuracy_interfered": disturbed["interfered"],
        # The pipeline's gate drops the audio.
        "accuracy_interfered_gated": disturbed["dropped"],
        "accuracy_interfered_near_kept": disturbed["near"],
    }
    placed = placed_days.compose(seed, material, cache)
    in_order = direction_memory.measure(SoundLocalizer(registry), placed)
    return {
        # First what the stream publishes.
        "localization_in_order": {**in_order["with_motion"]["remembered"], **in_order},
        "scenario": scenario,
        "har": har,
        "events": sound_places.measure(placed_events.EventPlacer(registry).place_events(placed)),
        "abstention": abstention.measure(registry, networks, life),
        "gate": gate.measure(disturbed_windows, disturbed),
    }


def measure(
    weights: Path,
    data: Path | None,
    seed: int,
    cache: Path,
    arrays: bool = False,
    precision: Precision = "float32",
) -> Figures:
    """Return every figure of one seed, by two processes; `arrays` adds the four-microphone ones.

    Scenarios, activities and named sounds are those of a worker of this `precision`.
    """
    with process_pool(2) as pool:
        jobs = [
            pool.submit(measure_life, weights, data, seed, cache, precision),
            pool.submit(measure_space, weights, data, seed, cache, arrays, precision),
        ]
        results: Figures = {}
        for job in jobs:
            results |= job.result()
    return with_contract(results)


def with_contract(results: Figures) -> Figures:
    """Copy localization's headline figures to the keys that readers of the JSON expect."""
    if "localization" in results:
        space = results["localization"]
        with_motion, still = space["with_motion"], space["without_motion"]
        space |= {
            "direction_accuracy": with_motion["direction_accuracy"],
            "distance_accuracy": with_motion["distance_accuracy"],
            "front_back_error": with_motion["front_back_error"],
            "direction_accuracy_without_motion": still["direction_accuracy"],
            "front_back_error_without_motion": still["front_back_error"],
        }
    return results
