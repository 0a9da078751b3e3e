"""Measure the shipped weights on what they have never seen: `python -m models.research.evaluation`.

`--data DIR` names a folder laid out like the shared recordings (`audio/esc50_16k/esc50.csv` with
.flac or .ogg clips, `hrtf/cipic_16khz.npz`, `imu/classyglass_50hz.npz` and `_windows.npz`); what
is absent is skipped and named. Of a folder that holds recordings the weights were trained on, the
test part is measured; of any other, everything. `--results FILE` measures several seeds and writes
the tables and plots of docs/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.egolog.contrastive import ENCODERS
from models.egolog.localization import LOCALIZATION
from models.egolog.near_field import NEAR_FIELD
from models.recordings.datasets import esc50, real_motion
from models.recordings.shared_data import CIPIC, ESC50, IMU
from models.recordings.splits import unseen
from models.research.egolog import imu_encoder, sound_categories
from models.research.evaluation import (
    composed_life,
    interference,
    lengths,
    localization,
    measured_rooms,
)
from models.research.evaluation.options import measured_data
from models.research.lib.metrics import confusion, macro_f1
from models.serving.one_thread import pin_one_thread
from models.serving.predict import SoundLocalizer
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import unseen_material
from models.simulation.sources.measured import SoundBank

if TYPE_CHECKING:
    from collections.abc import Sequence


Figures = dict[str, Any]


def measure_space(
    weights: Path, data: Path | None, seed: int, cache: Path, arrays: bool = False
) -> Figures:
    """Return localization's figures, and those of ESC-50's clips and real users' motion."""
    pin_one_thread()
    registry = Registry(weights)
    results: Figures = {}
    if data is None:
        return results
    splits = unseen(data)
    encoders = composed_life.Networks.load(registry).encoders
    heads = data / IMU / "classyglass_50hz.npz"
    if all(path.is_file() for path in (data / CIPIC, data / ESC50 / "esc50.csv", heads)):
        results["localization"] = localization.measure(
            registry, data, seed, cache, split=splits, arrays=arrays
        )
        if arrays:
            sounds = SoundBank.read(data / ESC50, splits.sounds, share=1.0)
            measured = measured_rooms.measure(registry, (data / CIPIC).parent, sounds, seed)
            results["localization"]["measured_rooms"] = measured
    if (data / ESC50 / "esc50.csv").is_file():
        clips = esc50.clips(data / ESC50, splits.sounds)
        categories = sound_categories.predicted(encoders.audio, clips)
        hits = [at == clip.category for at, clip in zip(categories, clips, strict=True)]
        results["sound_events"] = {"top1": sum(hits) / len(hits), "clips": len(hits)}
    windows = real_motion.read(data / IMU, splits.motion)
    if windows is not None:
        said_motion, true_motion = imu_encoder.motion_classes(encoders.imu, windows)
        results["motion_class"] = {
            "macro_f1": macro_f1(said_motion, true_motion),
            "windows": len(true_motion),
            "confusion": confusion(said_motion, true_motion, 4).tolist(),
        }
    return results


def measure_life(weights: Path, data: Path | None, seed: int, cache: Path) -> Figures:
    """Return the figures of scenarios and activities in composed life."""
    pin_one_thread()
    registry = Registry(weights)
    networks = composed_life.Networks.load(registry)
    material = unseen_material(data)
    lived = composed_life.unseen_life(networks, material, seed, cache)
    scenario: Figures = dict(composed_life.measure_scenario(registry, networks, lived))
    scenario["by_length"] = lengths.scenario_by_length(networks, lived)
    har: Figures = dict(composed_life.measure_har(networks, lived))
    har["by_length"] = lengths.har_by_length(networks, lived)
    disturbed = interference.measure(
        networks,
        SoundLocalizer(registry),
        registry.load(NEAR_FIELD).module,
        material,
        seed,
    )
    har |= {
        "accuracy_clean": disturbed["clean"],
        "accuracy_interfered": disturbed["interfered"],
        # The pipeline's gate drops the audio.
        "accuracy_interfered_gated": disturbed["dropped"],
        "accuracy_interfered_near_kept": disturbed["near"],
    }
    return {"scenario": scenario, "har": har}


def measure(
    weights: Path, data: Path | None, seed: int, cache: Path, arrays: bool = False
) -> Figures:
    """Return every figure of one seed, by two processes; `arrays` adds the four-microphone ones."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(measure_life, weights, data, seed, cache),
            pool.submit(measure_space, weights, data, seed, cache, arrays),
        ]
        results: Figures = {}
        for job in jobs:
            results |= job.result()
    return with_contract(results)


def with_contract(results: Figures) -> Figures:
    """Put localization's headline figures where readers of the JSON look for them."""
    if "localization" in results:
        space = results["localization"]
        moved, still = space["with_motion"], space["without_motion"]
        space |= {
            "direction_accuracy": moved["direction_accuracy"],
            "distance_accuracy": moved["distance_accuracy"],
            "front_back_error": moved["front_back_error"],
            "direction_accuracy_without_motion": still["direction_accuracy"],
            "front_back_error_without_motion": still["front_back_error"],
        }
    return results


def headlines(results: Figures) -> str:
    """Return the single figures as a Markdown table."""
    lines = ["| what | figure | value |", "|---|---|---|"]
    for part, figures in results.items():
        lines += [
            f"| {part} | {name.replace('_', ' ')} | {value:.3f} |"
            for name, value in figures.items()
            if isinstance(value, float)
        ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the composed days")
    parser.add_argument("--json", type=Path, help="output file of the metrics")
    parser.add_argument(
        "--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights to evaluate"
    )
    parser.add_argument("--cache", type=Path, help="cache folder of the composed days")
    parser.add_argument("--results", type=Path, help="output page, over all --seeds")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="random seeds of --results"
    )
    parser.add_argument(
        "--ablations",
        type=Path,
        help="figures of models.research.evaluation.ablations, with --results",
    )
    options = parser.parse_args(arguments)
    data = measured_data(parser, options)
    seeds = options.seeds if options.results is not None else [options.seed]
    runs: dict[int, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="egolog-measure-") as folder:
        cache = options.cache if options.cache is not None else Path(folder)
        for seed in seeds:
            runs[seed] = measure(
                options.weights, data, seed, cache, arrays=options.results is not None
            )
            print(f"seed {seed}\n{headlines(runs[seed])}")
    if options.json is not None:
        options.json.write_text(json.dumps(runs[seeds[0]] if len(seeds) == 1 else runs, indent=2))
    if options.results is not None:
        _write_results(runs, options)


def _write_results(runs: dict[int, Figures], options: argparse.Namespace) -> None:
    # Drawing is an extra that measuring alone does without.
    from models.research.evaluation import report as results
    from models.research.lib import sizes

    registry = Registry(options.weights)
    ablations = json.loads(options.ablations.read_text()) if options.ablations else {}
    report = results.Report(
        runs,
        ablations,
        sizes.sizes(registry),
        sizes.costs(registry),
        datetime.now(UTC).date().isoformat(),
        f"python -m models.research.evaluation --results {options.results}",
        f"weights {registry.load(ENCODERS).revision} (encoders), "
        f"{registry.load(LOCALIZATION).revision} (localization)",
    )
    results.write(report, options.results)
    print(f"wrote {options.results}")


if __name__ == "__main__":
    main()
