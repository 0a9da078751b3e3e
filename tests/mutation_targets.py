"""The targets of `make mutation`, and running mutmut with a target's settings.

It is run by path, because mutmut imports its own copy of `tests`, which must not be imported yet.
"""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

# Settings by target that differ from `tool.mutmut` in pyproject.toml. The engine's target has only
# modules whose tests need neither broker nor store.
TARGETS: dict[str, dict[str, Any]] = {
    "operators": {},
    "streams/engine": {
        "source_paths": ["streams"],
        "only_mutate": [
            f"streams/engine/{file}.py"
            for file in (
                "batcher",
                "dead_letters",
                "inference_schedule",
                "kafka/consumer",
                "kafka/contiguous_offsets",
                "kafka/decoding",
                "kafka/fetching",
                "kafka/memory_delivery",
                "kafka/producer",
                "kafka/progress_consumer",
                "kafka/quiet_log",
                "kafka/received",
                "kafka/stored_consumer",
                "kafka/written_here",
                "operator_stage",
                "outcome",
                "publish_queue",
                "publisher",
                "silence",
                "topic_watch",
                "vocabulary/ranking",
                "wearers",
            )
        ],
        "also_copy": ["schemas", "infra", "models", "operators", "pyproject.toml"],
        "pytest_add_cli_args_test_selection": ["tests/streams/engine", "-m", "not services"],
    },
}


def configuration(target: str) -> dict[str, Any]:
    """Return mutmut's settings for a target."""
    table = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    common: dict[str, Any] = table["tool"]["mutmut"]
    return {**common, **TARGETS[target]}


def run_mutmut(target: str, *arguments: str) -> None:
    """Run mutmut in this process with a target's settings, as it supports only one set."""
    settings_of_target = configuration(target)
    # Imported late: it is installed only in its own environment, and reads its settings on import.
    its_configuration: Any = import_module("mutmut.configuration")
    its_configuration._config_reader = lambda: settings_of_target.get
    sys.argv = ["mutmut", *arguments]
    import_module("mutmut.__main__").cli()


if __name__ == "__main__":
    run_mutmut(*sys.argv[1:])
