"""Compare records by ONNX Runtime with torch's: `python -m bench.agreement RECORDING ...`.

The product's code makes the records of each recording twice, without a broker: with the ONNX
sessions that serve, and with the torch networks in their place, on the CPU or a GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from bench.command import named_recordings
from bench.without_stream.networks import Networks
from bench.without_stream.work import Work
from infra import topics
from infra.settings import load
from models.serving.registry import WEIGHTS_DIR, Precision, Registry, RegistryError
from models.serving.torch_session import TorchSessions, open_cuda
from schemas import Activity, Message, Scenario, Spatial
from schemas.atomic_file import write_atomically
from schemas.interruption import one_line_interruptions
from schemas.output_path import output_file
from schemas.ranking import likeliest
from streams.producers.frames import Identity, frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.settings import Settings
    from models.recordings.protocol import Recording
    from schemas.message import Probabilities

_READ: dict[str, type[Message]] = {
    topics.SPATIAL: Spatial,
    topics.ACTIVITY: Activity,
    topics.SCENARIO: Scenario,
}


@dataclass(frozen=True)
class Agreement:
    """The `largest` and `mean` difference of a probability over `windows`, and the number of
    windows whose likeliest label differs.
    """

    windows: int
    largest: float
    mean: float
    other_label: int


def agreement(
    settings: Settings, recordings: Sequence[Recording], torch_sessions: TorchSessions
) -> dict[str, Agreement]:
    """Return the agreement of both sets of records, by kind of probability."""
    pairs: defaultdict[str, list[tuple[Probabilities, Probabilities]]] = defaultdict(list)
    sessions = Networks(settings)
    modules = Networks(
        settings, Registry(settings.weights_dir or WEIGHTS_DIR, batched=torch_sessions)
    )
    for recording in recordings:
        served, trained = Work(settings, sessions), Work(settings, modules)
        for timed in frames(recording, Identity(recording.device_id, recording.session_id)):
            value = timed.frame.encode()
            both = zip(
                served.take(timed.topic, value), trained.take(timed.topic, value), strict=True
            )
            for (name, ours), (other, theirs) in both:
                assert name == other  # noqa: S101 - the windows are the same
                kind = _READ[name]
                for (what, one), (_, two) in zip(
                    _rankings(kind.decode(ours)), _rankings(kind.decode(theirs)), strict=True
                ):
                    pairs[what].append((one, two))
    return {what: _agreement(each) for what, each in pairs.items()}


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write the figures to a file if one is given."""
    parser = argparse.ArgumentParser(prog="python -m bench.agreement", description=__doc__)
    parser.add_argument("recordings", nargs="+", help="as `replay` takes them")
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument(
        "--precision",
        choices=get_args(Precision),
        default="float32",
        help="what the sessions compute sound in; int8 shows what eight bits change",
    )
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="what torch computes on"
    )
    parser.add_argument("--json", type=output_file, help="file to write the figures to")
    options = parser.parse_args(arguments)
    try:
        torch_sessions = open_cuda() if options.device == "cuda" else TorchSessions("cpu", batch=1)
    except RegistryError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    recordings = named_recordings(parser, options.recordings, options.data)
    settings = load(None).model_copy(update={"precision": options.precision})
    measured = agreement(settings, recordings, torch_sessions)
    figures = {what: asdict(each) for what, each in measured.items()}
    if options.json is not None:
        write_atomically(options.json, json.dumps(figures, indent=1) + "\n")
    print("| probabilities of | windows | largest difference | mean | other likeliest label |")
    print("|---|---|---|---|---|")
    for what, each in figures.items():
        print(
            f"| {what} | {each['windows']} | {each['largest']:.4f} | {each['mean']:.6f} "
            f"| {each['other_label']} |"
        )
    return 0


def _rankings(record: Message) -> Iterator[tuple[str, Probabilities]]:
    if isinstance(record, Spatial):
        yield "regions", record.regions
    elif isinstance(record, Activity):
        yield "activities", record.activities
        yield "descriptions (LanHAR)", record.open_vocabulary
    elif isinstance(record, Scenario):
        yield "scenarios", record.scenarios
        yield "sound events", record.sound_events
        yield "motion", record.motion


def _agreement(pairs: Sequence[tuple[Probabilities, Probabilities]]) -> Agreement:
    # Records contain only the likeliest events and descriptions.
    differences = [
        abs(one[name] - two[name]) for one, two in pairs for name in one if name in two
    ] or [0.0]
    return Agreement(
        len(pairs),
        max(differences),
        sum(differences) / len(differences),
        sum(_first(one) != _first(two) for one, two in pairs),
    )


def _first(probabilities: Probabilities) -> str | None:
    return likeliest(probabilities) if probabilities else None


if __name__ == "__main__":
    raise SystemExit(main())
