"""quixstreams around the work: `python -m bench.peers.quix`.

Written as in its documentation: a dataframe of raw bytes, one expanding function, results to their
topics. State is kept in memory like the product's, which saves it RocksDB.
"""

from __future__ import annotations

import argparse
import tempfile
from typing import TYPE_CHECKING, Any

from bench.without_stream.networks import Networks
from bench.without_stream.work import KINDS, RESULTS, Work
from infra.settings import load
from schemas.extras import needs

with needs("quixstreams", "the benchmark needs"):
    from quixstreams import Application

if TYPE_CHECKING:
    from collections.abc import Callable

READY = "ready"
_COMMIT_S = 1.0


def main() -> None:
    """Read frames until killed."""
    argparse.ArgumentParser("python -m bench.peers.quix", description=__doc__).parse_args()
    settings = load(None)
    work = Work(settings, Networks(settings))
    with tempfile.TemporaryDirectory() as state:
        app = Application(
            ",".join(settings.bootstrap_servers),
            consumer_group=settings.app_id,
            auto_offset_reset="earliest",
            auto_create_topics=False,
            commit_interval=_COMMIT_S,
            producer_extra_config={"linger.ms": 5},
            state_dir=state,
            loglevel="WARNING",
        )
        raw: Any = {"value_deserializer": "bytes", "value_serializer": "bytes"}
        results = {name: app.topic(settings.topic(name), **raw) for name in RESULTS}
        for name in KINDS:
            frames = app.dataframe(app.topic(settings.topic(name), **raw))
            records = frames.apply(_taker(work, name), expand=True)
            for result, topic in results.items():
                of_one = records.filter(lambda record, wanted=result: record[0] == wanted)
                of_one.apply(lambda record: record[1]).to_topic(topic)
        print(READY, flush=True)
        app.run()


def _taker(work: Work, topic: str) -> Callable[[bytes], list[tuple[str, bytes]]]:
    return lambda value: work.take(topic, value)


if __name__ == "__main__":
    main()
