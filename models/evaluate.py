"""Measure the shipped weights beside chance: `python -m models.evaluate [--seed N] [--json OUT]`.

Everything scored is unseen: simulated clips of seeds that no training draws, and, where the real
recordings are there, ESC-50's fold 5 and the test users and subjects of ClassyGlass, HAPT and
CIPIC. Chance is the best score without looking at the input.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from models.contrastive import Encoders
from models.har import Har
from models.localization import Localization
from models.registry import WEIGHTS_DIR, Registry
from models.scenario import ScenarioNet
from models.text import ScenarioText
from models.train import CACHE
from models.training import encoders as of_encoders
from models.training import har as of_har
from models.training import localization as of_localization
from models.training import scenario as of_scenario
from models.training.clips import Clips, Kind
from models.training.metrics import (
    accuracy,
    chance_f1,
    macro_f1,
    mean_average_precision,
    micro_f1,
)
from models.training.sources import Sources, shared_data

COUNTS: dict[Kind, int] = {"spatial": 240, "scenario": 128}


@dataclass(frozen=True)
class Row:
    """One figure: what was scored on which material, how many items, the score and chance."""

    network: str
    metric: str
    material: str
    items: int
    score: float
    chance: float


def measure(registry: Registry, seed: int, cache: Path, data: Path | None) -> list[Row]:
    """Return every network's figures on the test split."""
    sources = Sources("test", seed, cache, data)
    encoders = cast(Encoders, registry.load("encoders").module)
    scenario = cast(ScenarioNet, registry.load("scenario").module)
    har = cast(Har, registry.load("har").module)
    text = cast(ScenarioText, registry.load("scenario_text").module)
    rows: list[Row] = []
    with torch.inference_mode():
        for material in ("simulated", "composed"):
            spatial = _clips(sources, material, "spatial")
            if spatial is None:
                continue
            rows += _localization(registry, spatial, material)
            windows = cast(Clips, _clips(sources, material, "scenario"))
            rows += _encoders(encoders, windows, material)
            found, more = _scenario(scenario, encoders, windows, material)
            rows += more
            rows += _har(har, text, encoders, windows, found, material)
        rows += _real(sources, encoders, har, text)
    return rows


def _clips(sources: Sources, material: str, kind: Kind) -> Clips | None:
    count = COUNTS[kind] // 2
    if material == "simulated":
        return sources.simulated(kind, count)
    return sources.composed(kind, count)


def _localization(registry: Registry, clips: Clips, material: str) -> list[Row]:
    seconds = of_localization.Seconds(clips)
    count, truth = len(seconds), seconds.regions
    rows = []
    for name, imu, label in (
        ("localization", True, "sound and motion"),
        ("localization", False, "sound alone"),
        ("localization_mono", True, "one microphone and motion"),
    ):
        network = cast(Localization, registry.load(name).module)
        probability = of_localization.predict(network, seconds, imu)
        f1, chance_of_f1 = micro_f1(probability, truth), chance_f1(truth)
        ranked, share = mean_average_precision(probability, truth), float(truth.mean())
        rows += [
            Row("localization", f"micro-F1, 8 regions, {label}", material, count, f1, chance_of_f1),
            Row("localization", f"mAP, 8 regions, {label}", material, count, ranked, share),
        ]
        if name == "localization" and imu:
            rows += _alone(probability, truth, material)
    return rows


def _alone(
    probability: NDArray[np.float32], regions: NDArray[np.float32], material: str
) -> list[Row]:
    """Direction and distance of seconds with one region alone (EgoLog Fig. 23's two figures)."""
    alone = regions.sum(axis=1) == 1
    said, true = probability[alone].argmax(axis=1), regions[alone].argmax(axis=1)
    # Regions alternate near and far within each direction.
    return [
        Row(
            "localization",
            f"{what} accuracy, one source",
            material,
            int(alone.sum()),
            accuracy(a, b),
            _most_frequent(b),
        )
        for what, a, b in (("direction", said // 2, true // 2), ("distance", said % 2, true % 2))
    ]


def _encoders(encoders: Encoders, clips: Clips, material: str) -> list[Row]:
    data = of_encoders.Segments.of(clips)
    events, motions = data.events.reshape(-1, data.events.shape[-1]), data.motions.reshape(-1)
    shown = events[:, events.sum(axis=0) > 0]
    count = len(events)
    classes = [np.mean(motions == label) for label in np.unique(motions[motions >= 0])]
    return [
        Row(
            "audio encoder",
            "sound-event mAP",
            material,
            count,
            of_encoders.sound_event_map(encoders, data),
            float(shown.mean()),
        ),
        Row(
            "imu encoder",
            "motion mAP",
            material,
            count,
            of_encoders.motion_map(encoders, data),
            float(np.mean(classes)),
        ),
        Row(
            "contrastive",
            "motion found among 32 by sound, top-1",
            material,
            count // 32 * 32,
            _retrieval(encoders, data),
            1 / 32,
        ),
    ]


def _retrieval(encoders: Encoders, data: of_encoders.Segments) -> float:
    """Share of sounds whose own motion is the most similar of 32 from different wearers."""
    clips, count = len(data.mel), data.events.shape[1]
    steps = of_encoders.SEGMENT
    hits = []
    for segment in range(count):
        here = slice(segment * steps, (segment + 1) * steps)
        heard = encoders.audio(torch.from_numpy(data.mel[:, here].astype(np.float32))).embedding
        moved = encoders.imu(torch.from_numpy(data.imu[:, here])).embedding
        for start in range(0, clips - 31, 32):
            logits = encoders.logits(heard[start : start + 32], moved[start : start + 32])
            hits.append((logits.argmax(dim=1) == torch.arange(32)).float().mean())
    return float(torch.stack(hits).mean())


def _scenario(
    network: ScenarioNet, encoders: Encoders, clips: Clips, material: str
) -> tuple[NDArray[np.float32], list[Row]]:
    windows = of_scenario.Windows.of(encoders, clips)
    chance = chance_f1(clips.scenarios)
    both = of_scenario.predict(network, windows)
    rows = [
        Row(
            "scenario",
            f"micro-F1, 16 scenarios, {name}",
            material,
            len(clips),
            micro_f1(probability, clips.scenarios),
            chance,
        )
        for name, probability in (
            ("sound and motion", both),
            ("sound alone", of_scenario.predict(network, windows, "audio")),
            ("motion alone", of_scenario.predict(network, windows, "imu")),
        )
    ]
    hit = clips.scenarios[np.arange(len(clips)), both.argmax(axis=1)]
    frequent = float(clips.scenarios.mean(axis=0).max())
    rows.append(
        Row("scenario", "likeliest is right", material, len(clips), float(hit.mean()), frequent)
    )
    return both, rows


def _har(
    network: Har,
    text: ScenarioText,
    encoders: Encoders,
    clips: Clips,
    found: NDArray[np.float32],
    material: str,
) -> list[Row]:
    examples = of_har.from_clips(encoders, clips)
    truth = examples.activity.numpy()
    nothing = torch.zeros_like(examples.scenarios)
    estimated = torch.from_numpy((found >= 0.5).astype(np.float32))
    per_clip = len(examples) // len(clips)
    absent = torch.zeros_like(examples.audio_mask)
    without = replace(examples, scenarios=nothing)
    return [
        _activity(name, of_har.predict(network, text, shown), truth, material)
        for name, shown in (
            (
                "estimated scenario",
                replace(examples, scenarios=estimated.repeat_interleave(per_clip, dim=0)),
            ),
            ("no scenario", without),
            ("sound alone", replace(without, imu_mask=absent)),
            ("motion alone", replace(without, audio_mask=absent)),
        )
    ]


def _activity(name: str, said: NDArray[np.int64], truth: NDArray[np.int64], material: str) -> Row:
    return Row(
        "har",
        f"accuracy, {len(np.unique(truth))} activities, {name}",
        material,
        len(truth),
        accuracy(said, truth),
        _most_frequent(truth),
    )


def _real(sources: Sources, encoders: Encoders, har: Har, text: ScenarioText) -> list[Row]:
    sounds, motion = sources.sounds(), sources.motion()
    if sounds is None or motion is None:
        return []
    heard = of_encoders.RealSounds(sounds.mel, sounds.event)
    rows = [
        Row(
            "audio encoder",
            f"top-1, {len(np.unique(sounds.event))} events",
            "ESC-50 fold 5",
            len(sounds.event),
            heard.score(encoders),
            _most_frequent(sounds.event),
        )
    ]
    middle = slice(75, 175)
    logits = encoders.imu(torch.from_numpy(motion.imu[:, middle])).logits.numpy()
    # The user keeps still where no class reaches a half.
    said = np.where(logits.max(axis=1) > 0, logits.argmax(axis=1), -1)
    rows.append(
        Row(
            "imu encoder",
            "macro-F1, 4 motions and still",
            "real users",
            len(said),
            macro_f1(said, motion.motion),
            macro_f1(np.full_like(said, _mode(motion.motion)), motion.motion),
        )
    )
    examples = of_har.from_motion(encoders, motion.imu, motion.activity)
    predicted = of_har.predict(har, text, examples)
    rows.append(_activity("motion alone", predicted, examples.activity.numpy(), "real users"))
    return rows


def _mode(values: NDArray[np.int64]) -> int:
    found, counts = np.unique(values, return_counts=True)
    return int(found[counts.argmax()])


def _most_frequent(truth: NDArray[np.int64]) -> float:
    return float(np.mean(truth == _mode(truth)))


def table(rows: Sequence[Row]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| network | metric | on unseen | items | score | chance |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.network} | {r.metric} | {r.material} | {r.items} | {r.score:.3f} | {r.chance:.3f} |"
        for r in rows
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluate", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="decides which unseen clips are drawn")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder that keeps the clips")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    data = shared_data()
    if data is None:
        print("real recordings not found (EGOLOG_SHARED_DATA): their figures are left out")
    rows = measure(Registry(options.weights), options.seed, options.cache, data)
    print(table(rows))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))


if __name__ == "__main__":
    main()
