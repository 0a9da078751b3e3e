from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from schemas import SchemaError, Spatial
from tests.fuzz.files import file_targets
from tests.fuzz.messages import examples, message_targets
from tests.fuzz.mutation import damage, damage_and_reseal
from tests.fuzz.texts import text_targets
from tests.fuzz.trial import MAX_BYTES, MAX_CPU_S, Target, run

if TYPE_CHECKING:
    from pathlib import Path

# In all some thousands; `make fuzz` reads a million.
MESSAGES_EACH = 100
FILES_EACH = 6


def run_target(target: Target, cases: int) -> None:
    report = run(target, cases, random.Random(target.name))
    assert report.sound, (str(report), report.faults)
    assert report.cases == cases


def test_mutated_messages_and_texts_are_read_or_refused() -> None:
    for target in (*message_targets(), *text_targets()):
        run_target(target, round(MESSAGES_EACH * target.weight))


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    for target in file_targets(tmp_path):
        run_target(target, FILES_EACH)


def test_a_message_with_another_value_has_a_right_checksum() -> None:
    good = examples(Spatial)
    chance, refusals = random.Random(1), []
    for _ in range(200):
        try:
            Spatial.decode(damage_and_reseal(good[0], good, chance))
        except SchemaError as error:
            refusals.append(error.reason)
    assert "invalid" in refusals
    assert "checksum" not in refusals


def _fails(data: bytes) -> None:
    raise KeyError(data)


def _allocates(data: bytes) -> None:
    assert bytes(MAX_BYTES + 1)


def _works(data: bytes) -> None:
    began = time.process_time()
    while time.process_time() - began < 1.1 * MAX_CPU_S:
        pass


@pytest.mark.parametrize(
    ("read_one", "counts"), [(_fails, (3, 0, 0)), (_allocates, (0, 3, 0)), (_works, (0, 0, 1))]
)
def test_what_goes_wrong_is_counted(read_one: object, counts: tuple[int, int, int]) -> None:
    target = Target("t", [b"good"], damage, read_one, (ValueError,))  # type: ignore[arg-type]
    report = run(target, max(counts), random.Random(0))
    assert (report.untyped, report.large, report.slow) == counts
    assert not report.sound
    assert report.faults
