"""The paper's Tables 1 and 2 on its own data sets, for those who have them.

`python -m models.research.papers --ego4d DIR --egoadl DIR --samosa DIR [--json OUT]`

Layouts: docs/DATASETS.md. Encoders stay frozen, ours or published ones; heads are trained on some
users, chosen on others and scored on others again. What a data set lacks is named, not made up.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.egolog.contrastive import ENCODERS
from models.egolog.scenario import SCENARIO
from models.egolog.scenario_text import SCENARIO_TEXT
from models.recordings.datasets import ego4d, egoadl, samosa, self_collected
from models.research.lib.error_lines import one_line_errors
from models.research.lib.fit import Fit
from models.research.lib.weights_folder import weights_folder
from models.research.papers.activity_table import ScenarioContext, activity_table
from models.research.papers.feature_pair import FeaturePair, feature_pair
from models.research.papers.label_text import cluster_activities, embed_labels
from models.research.papers.published import EncodedSet, TablesError, encode, split_users
from models.research.papers.recogniser import Column, answer_with, recogniser
from models.research.papers.scenario_table import scenario_table
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.egolog.contrastive import Encoders, Positive
    from models.egolog.scenario import ScenarioNet
    from models.egolog.scenario_text import ScenarioText
    from models.recordings.session import SessionRecording

SETS: dict[str, Callable[[Path, str | None], list[SessionRecording]]] = {
    "Ego4D": ego4d.open_set,
    "EgoADL": egoadl.open_set,
    "SAMoSA": samosa.open_set,
    "self-collected": self_collected.open_set,
}
# As printed in the paper; its own encoders, clusters and splits.
PAPER: dict[str, dict[str, dict[str, float]]] = {
    "activity": {
        "Ego4D": {"Random": 0.02, "ImageBind-FT": 0.40, "Multi-modal": 0.401, "+ Scenario": 0.467},
        "EgoADL": {"Random": 0.02, "ImageBind-FT": 0.51, "Multi-modal": 0.49, "+ Scenario": 0.58},
        "SAMoSA": {"Random": 0.04, "ImageBind-FT": 0.93, "Multi-modal": 0.90, "+ Scenario": 0.97},
    },
    "scenario": {
        "Ego4D": {
            "Random": 0.01,
            "Multi-modal": 0.70,
            "+ Contrastive": 0.83,
            "+ Transformer": 0.85,
        }
    },
}


@dataclass(frozen=True)
class Options:
    """How the heads are trained and given scenarios; `activities` 0 keeps all labels."""

    seed: int = 0
    steps: int = 600
    activities: int = 0
    limit: int = 0
    positive: Positive = "sample"
    text: Path | None = None
    text_encoder: str | None = None


@dataclass(frozen=True)
class ShippedNetworks:
    """Our trained networks, for a data set that names no scenarios itself."""

    encoders: Encoders
    scenario: ScenarioNet
    text: ScenarioText


def evaluate(
    name: str,
    recordings: Sequence[SessionRecording],
    pair: FeaturePair,
    options: Options,
    shipped: ShippedNetworks | None = None,
) -> tuple[Column | None, Column | None]:
    """Return the data set's columns of Tables 1 and 2, None where it lacks the labels.

    Which part of its users lacks them is printed.
    """
    chosen = _limit(recordings, options)
    # Before the long part, so that too few users are reported at once.
    split = split_users([recording.user for recording in chosen], options.seed)
    data = encode(name, chosen, pair)
    settings = Fit(minutes=60.0, steps=options.steps)
    scenarios, recognised = None, None
    if data.scenarios:
        try:
            scenarios, network, space, threshold = scenario_table(
                data, split, settings, options.seed, options.positive
            )
            text = embed_labels(data.scenarios, options.text, options.text_encoder)
            scenarios = _add_note(scenarios, f"text: {text.source}")
            answer = recogniser(data, split, network, space)
            recognised = ScenarioContext(text.table, answer, threshold, own=True)
        except TablesError as error:
            print(f"{name}: no Table 2: {error}", file=sys.stderr)
    if recognised is None and shipped is not None:
        answer = answer_with(shipped.scenario, shipped.encoders.space)
        recognised = ScenarioContext(shipped.text.table, answer, 0.5, own=False)
    activities = None
    if data.activities:
        try:
            activities = activity_table(
                _cluster(data, options), split, settings, options.seed, recognised
            )
        except TablesError as error:
            print(f"{name}: no Table 1: {error}", file=sys.stderr)
            return None, scenarios
        if recognised is None:
            activities = _add_note(activities, "no scenarios: none named, none recognised")
        elif not recognised.own:
            activities = _add_note(activities, "scenarios: the shipped network's")
    return activities, scenarios


def render(title: str, columns: Sequence[Column], paper: dict[str, dict[str, float]]) -> str:
    """Return a table as Markdown, the paper's figure in brackets where it has one."""
    rows = list(dict.fromkeys(row for column in columns for row in column.scores))
    lines = [
        title,
        "",
        "| | " + " | ".join(column.data_set for column in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for row in rows:
        cells = []
        for column in columns:
            score = column.scores.get(row)
            theirs = paper.get(column.data_set, {}).get(row)
            text = "–" if score is None else f"{score:.3f}"
            cells.append(text if theirs is None else f"{text} ({theirs:.3g})")
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    lines += ["", *(f"{column.data_set}: {column.note}" for column in columns)]
    return "\n".join(lines)


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    given = parser.parse_args(arguments)
    roots = {name: getattr(given, name.lower().replace("-", "_")) for name in SETS}
    if not any(roots.values()):
        parser.error(
            f"no data set is given; expected one of {', '.join(f'--{n.lower()}' for n in SETS)}"
        )
    check_minimums(parser, given, seed=0, steps=1, limit=0, activities=0)
    pin_one_thread()
    options = Options(
        given.seed,
        given.steps,
        given.activities,
        given.limit,
        given.positive,
        given.text,
        given.text_encoder,
    )
    shipped, pair = _encoders(given)
    columns_of = {
        name: _one(name, root, pair, options, shipped)
        for name, root in roots.items()
        if root is not None
    }
    print(f"\nencoders: {pair.name}, frozen; seed {options.seed}; {options.steps} steps a head")
    report: dict[str, Any] = {"encoders": pair.name, "seed": options.seed, "steps": options.steps}
    report |= _print_tables(list(columns_of.values()))
    if given.json is not None:
        write_atomically(given.json, json.dumps(report, indent=2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.research.papers", description=__doc__)
    for name in SETS:
        parser.add_argument(f"--{name.lower()}", type=Path, metavar="DIR", help=f"folder of {name}")
    parser.add_argument(
        "--seed", type=int, default=0, help="random seed of the user split and the heads"
    )
    parser.add_argument("--steps", type=int, default=600, help="training steps per head")
    parser.add_argument("--limit", type=int, default=0, help="maximum recordings per set; 0: all")
    parser.add_argument(
        "--activities", type=int, default=0, help="number of activity clusters; 0: none"
    )
    parser.add_argument("--positive", choices=("sample", "scenario"), default="sample")
    parser.add_argument("--audio-encoder", metavar="SPEC", help="efficientat:PATH (default: ours)")
    parser.add_argument("--imu-encoder", metavar="SPEC", help="limu-bert:PATH (default: ours)")
    parser.add_argument("--text-encoder", metavar="SPEC", help="imagebind-text:PATH[,VOCABULARY]")
    parser.add_argument(
        "--text", type=Path, help="text embeddings made by models.research.papers.names"
    )
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of our weights"
    )
    parser.add_argument(
        "--json", type=output_file, metavar="OUT", help="output file of the metrics"
    )
    return parser


def _print_tables(columns_of: Sequence[tuple[Column | None, Column | None]]) -> dict[str, Any]:
    """Print both tables, and return their scores and notes by data set."""
    titles = {
        "activity": "Table 1: activity, accuracy on moments of unseen users (the paper's)",
        "scenario": "Table 2: scenario, F1 on 30 s of unseen users (the paper's)",
    }
    report: dict[str, Any] = {}
    for place, (kind, title) in enumerate(titles.items()):
        columns = [c for both in columns_of if (c := both[place]) is not None]
        report[kind] = {c.data_set: {"scores": c.scores, "note": c.note} for c in columns}
        if columns:
            print(f"\n{render(title, columns, PAPER[kind])}")
        else:
            print(f"\n{title}: none of the data sets has the labels")
    return report


def _one(
    name: str, root: Path, pair: FeaturePair, options: Options, shipped: ShippedNetworks | None
) -> tuple[Column | None, Column | None]:
    recordings = SETS[name](root.expanduser(), None)
    columns = evaluate(name, recordings, pair, options, shipped)
    for line in recordings[0].report.lines():
        print(f"{name}: {line}", file=sys.stderr)
    return columns


def _encoders(given: argparse.Namespace) -> tuple[ShippedNetworks | None, FeaturePair]:
    """Return our networks where our encoders are used, and the pair."""
    if given.audio_encoder and given.imu_encoder:
        return None, feature_pair(None, given.audio_encoder, given.imu_encoder)
    registry = Registry(given.weights)
    encoders = registry.load(ENCODERS).module
    pair = feature_pair(encoders, given.audio_encoder, given.imu_encoder)
    if given.audio_encoder or given.imu_encoder:
        return None, pair
    scenario = registry.load(SCENARIO).module
    text = registry.load(SCENARIO_TEXT).module
    return ShippedNetworks(encoders, scenario, text), pair


def _limit(recordings: Sequence[SessionRecording], options: Options) -> Sequence[SessionRecording]:
    if not options.limit or options.limit >= len(recordings):
        return recordings
    rows = np.random.default_rng([options.seed, 5]).permutation(len(recordings))[: options.limit]
    return [recordings[row] for row in sorted(rows)]


def _cluster(data: EncodedSet, options: Options) -> EncodedSet:
    if not options.activities or options.activities >= len(data.activities):
        return data
    text = embed_labels(data.activities, options.text, options.text_encoder)
    return cluster_activities(data, text, options.activities, options.seed)


def _add_note(column: Column, more: str) -> Column:
    return Column(column.data_set, column.scores, f"{column.note}; {more}")


if __name__ == "__main__":
    sys.exit(main())
