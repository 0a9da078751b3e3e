"""What `make mutation` may change, and mutmut with the settings of one such target.

It is run by its path: mutmut imports a copy of `tests`, which nothing may have imported before.
"""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

# What differs from `tool.mutmut` in pyproject.toml, by target. Of the engine only what needs no
# broker and no store to be tested.
TARGETS: dict[str, dict[str, Any]] = {
    "operators": {},
    "streams/engine": {
        "source_paths": ["streams"],
        "only_mutate": [
            f"streams/engine/{file}.py"
            for file in (
                "batcher",
                "dead_letters",
                "kafka/consumer",
                "kafka/decoding",
                "kafka/fetching",
                "kafka/producer",
                "kafka/quiet_log",
                "kafka/received",
                "operator_stage",
                "outcome",
                "publish_queue",
                "publisher",
                "silence",
                "topic_watch",
                "turns",
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
    """Run mutmut in this process with a target's settings; it knows one set of them only."""
    settings_of_target = configuration(target)
    # It is installed in an environment of its own only, and reads its settings as it is imported.
    its_configuration: Any = import_module("mutmut.configuration")
    its_configuration._config_reader = lambda: settings_of_target.get
    sys.argv = ["mutmut", *arguments]
    import_module("mutmut.__main__").cli()


if __name__ == "__main__":
    run_mutmut(*sys.argv[1:])
