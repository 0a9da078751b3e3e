"""Measure the bytes a wearer stores on the broker: `python -m bench.stored [RECORDING ...]`.

The product's code makes the records of each recording without a broker, and packs them into Kafka's
batches as a worker's producer does: one record per batch, as for a single wearer in real time, and
sixteen, as for a fleet. The offline expert refines windows. Raw sound and motion, which are kept
only for hours, are left out.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from bench.command import named_recordings
from bench.report.figures import DAY_S
from bench.without_stream.networks import Networks
from bench.without_stream.work import Work
from infra import topics
from infra.settings import load
from models.egolog.offline_expert import Expert
from operators.doubt import doubt
from schemas import Scenario
from schemas.atomic_file import write_atomically
from schemas.interruption import one_line_interruptions
from schemas.output_path import output_file
from streams.producers.frames import Identity, frames
from streams.refinement import expert_refinement, refinement_messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from infra.settings import Settings
    from models.recordings.protocol import Recording

FLEET = 16
RECORDINGS = ("simulated:1:10",)
_MAGIC = 2
# Kafka's codec id.
_ZSTD = 4
_BATCH_BYTES = 1_000_000


@dataclass(frozen=True)
class TopicBytes:
    """Bytes per wearer-second on one topic: batched for one wearer (`alone`) and for a `fleet`.

    `plain` counts the values only.
    """

    plain: float
    alone: float
    fleet: float


def measure_topics(settings: Settings, recordings: Sequence[Recording]) -> dict[str, TopicBytes]:
    """Return the sizes of all records of `recordings`, by topic."""
    networks, expert = Networks(settings), Expert.load()
    values: defaultdict[str, list[bytes]] = defaultdict(list)
    seconds = 0.0
    for recording in recordings:
        seconds += recording.duration_s
        for name, value in _records(settings, Work(settings, networks), expert, recording):
            values[name].append(value)
    return {
        name: TopicBytes(
            *(
                round(sum(map(len, each)) / seconds, 1)
                for each in (of_topic, _batches(of_topic, 1), _batches(of_topic, FLEET))
            )
        )
        for name, of_topic in sorted(values.items())
    }


def _records(
    settings: Settings, work: Work, expert: Expert, recording: Recording
) -> Iterator[tuple[str, bytes]]:
    """Yield a recording's records with their topics, its refinements included."""
    before: list[Scenario] = []
    for timed in frames(recording, Identity(recording.device_id, recording.session_id)):
        for name, value in work.take(timed.topic, timed.frame.encode()):
            yield name, value
            if name == topics.SCENARIO:
                record = Scenario.decode(value)
                yield from _refinement_of(settings, expert, record, before)
                before.append(record)


def day_mb(by_topic: dict[str, TopicBytes]) -> dict[str, float]:
    """Return the MB of a day of 16 h over all topics, by batching."""
    return {
        how: round(sum(getattr(each, how) for each in by_topic.values()) * DAY_S / 1e6, 1)
        for how in ("plain", "alone", "fleet")
    }


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write the figures to a file if one is given."""
    parser = argparse.ArgumentParser(prog="python -m bench.stored", description=__doc__)
    parser.add_argument("recordings", nargs="*", default=RECORDINGS, help="as `replay` takes them")
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument("--json", type=output_file, help="file to write the figures to")
    options = parser.parse_args(arguments)
    settings = load(None)
    recordings = named_recordings(parser, options.recordings, options.data)
    by_topic = measure_topics(settings, recordings)
    figures = {
        "bytes_per_wearer_second": {name: asdict(each) for name, each in by_topic.items()},
        "mb_per_day": day_mb(by_topic),
    }
    if options.json is not None:
        write_atomically(options.json, json.dumps(figures, indent=1) + "\n")
    print("| topic | bytes a wearer-second | in batches of one | of sixteen |\n|---|---|---|---|")
    for name, each in by_topic.items():
        print(f"| `{name}` | {each.plain:.0f} | {each.alone:.0f} | {each.fleet:.0f} |")
    print("| **a day of 16 h, MB** | {plain} | {alone} | {fleet} |".format(**day_mb(by_topic)))
    return 0


def _refinement_of(
    settings: Settings, expert: Expert, record: Scenario, before: Sequence[Scenario]
) -> Iterable[tuple[str, bytes]]:
    if doubt(record, settings.refine_threshold) is None:
        return []
    refined = expert_refinement(expert, record, before)
    return [
        (name, message.encode())
        for name, message in refinement_messages(record, refined, settings.llm_confidence_threshold)
    ]


def _batches(values: Sequence[bytes], records: int) -> list[bytes]:
    return [_batch(values[at : at + records]) for at in range(0, len(values), records)]


def _batch(values: Sequence[bytes]) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=_MAGIC,
        compression_type=_ZSTD,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=_BATCH_BYTES,
    )
    for offset, value in enumerate(values):
        builder.append(offset, timestamp=0, key=b"device", value=value, headers=[])
    return bytes(builder.build())


if __name__ == "__main__":
    raise SystemExit(main())
