"""Mutation testing of the operators and the engine: `make mutation`.

mutmut makes small changes ("mutants") and runs the tests on each. This module selects a sample,
prints the score, and is the pytest plugin of those runs: property tests use a few examples, and
failing ones are not shrunk.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import Phase, is_hypothesis_test, settings

from tests.mutation_targets import TARGETS

if TYPE_CHECKING:
    import pytest

MUTANTS = Path("mutants")
EXAMPLES = 10
# mutmut's exit codes are pytest's, or a signal's for a mutant that timed out.
SURVIVED = 0
WITHOUT_TESTS = (5, 33)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run property tests on a few examples, the same in every run."""
    for item in items:
        test = getattr(item, "obj", None)
        if test is not None and is_hypothesis_test(test):
            own: settings = test._hypothesis_internal_use_settings
            test._hypothesis_internal_use_settings = settings(
                own,
                max_examples=min(own.max_examples, EXAMPLES),
                phases=(Phase.explicit, Phase.generate),
                database=None,
                derandomize=True,
            )


def results() -> dict[str, int | None]:
    """Return each mutant's exit code by name, None if it was not run."""
    codes: dict[str, int | None] = {}
    for path in sorted(MUTANTS.rglob("*.meta")):
        codes |= json.loads(path.read_text())["exit_code_by_key"]
    return codes


def module(name: str) -> str:
    """Return the module that a mutant changes: `operators.track` of `operators.track.x_judge`."""
    return name.rsplit(".", 1)[0]


def report(codes: dict[str, int | None]) -> str:
    """Return the score by module and over all."""
    tried: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    for name, code in codes.items():
        if code is not None:
            for row in (module(name), "all"):
                tried[row] += 1
                caught[row] += code != SURVIVED and code not in WITHOUT_TESTS
    rows = [*sorted(row for row in tried if row != "all"), "all"]
    lines = [
        f"{row:32} {caught[row]:5} of {tried[row]:5} caught  {caught[row] / tried[row]:6.1%}"
        for row in rows
    ]
    return "\n".join([*lines, f"mutation score {caught['all'] / tried['all']:.1%}"])


def main() -> None:
    """Run the selected mutants; print the survivors and the score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--target", choices=TARGETS, default="operators", help="what to change")
    parser.add_argument("--sample", type=int, help="try this many, chosen at random by the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="mutants tried at the same time")
    parser.add_argument("names", nargs="*", help="only these, such as 'operators.track.*'")
    arguments = parser.parse_args()
    # By path, because mutmut imports its own copy of the package `tests`.
    mutmut = [sys.executable, "-P", str(Path(__file__).with_name("mutation_targets.py"))]
    mutmut.append(arguments.target)

    shutil.rmtree(MUTANTS, ignore_errors=True)
    names: list[str] = arguments.names
    if arguments.sample:
        # A name that matches no mutant, so that mutmut generates all and runs none.
        subprocess.run([*mutmut, "run", "-"], capture_output=True, check=False)
        every = sorted(results())
        names = random.Random(arguments.seed).sample(every, min(arguments.sample, len(every)))
    subprocess.run([*mutmut, "run", "--max-children", str(arguments.jobs), *names], check=True)
    codes = results()
    for name in sorted(name for name, code in codes.items() if code == SURVIVED):
        print(f"survived: {name}")
    print(report(codes))


if __name__ == "__main__":
    main()
