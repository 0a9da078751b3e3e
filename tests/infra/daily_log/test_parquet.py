from __future__ import annotations

import io
import sys

import pytest

from infra.daily_log.parquet import ParquetTable
from infra.daily_log.records import EMBEDDINGS, Log, LogActivity, LogScenario, WearersWord
from schemas import BodyPosition
from schemas.extras import MissingExtraError
from tests.infra.daily_log.corrected_log import correction, named_span, undo
from tests.infra.daily_log.stored_records import T0, S, activity, refinement, scenario

WORN = BodyPosition(at="glasses", probability=1.0, said=True)
WORD = WearersWord(correction_id=f"{1:032x}", author="wearer", labels=["Reading"])


def log() -> Log:
    """Return a refined scenario, one that the wearer corrected, and an activity between them."""
    first, second = scenario(T0), scenario(T0 + 30 * S)
    return Log.of(
        [
            LogScenario(
                **first.model_copy(update={"position": WORN}).model_dump(),
                refined=refinement(first, ["Eating"]),
            ),
            LogScenario(**second.model_dump(), corrected=WORD),
        ],
        [LogActivity(**activity(T0 + 5 * S).model_dump())],
    )


def test_without_pyarrow_one_line_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError) as missing:
        ParquetTable()
    assert str(missing.value) == (
        "parquet needs pyarrow; install it with: pip install 'egolog-streams[parquet]'"
    )


def test_a_table_has_both_rows_in_order_and_all_of_a_record() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    made, table = log(), ParquetTable()
    later = Log.of([LogScenario(**scenario(T0 + 3_600 * S).model_dump())], [])
    data = table.add(made) + table.add(Log.of([], [])) + table.add(later) + table.end()
    file = parquet.ParquetFile(io.BytesIO(data))
    assert file.num_row_groups == 2
    # Of nanoseconds, pyarrow makes objects of pandas where that is installed.
    columns = file.read()
    rows = columns.drop_columns(["start", "end"]).to_pylist()
    assert [row["row"] for row in rows] == ["scenario", "activity", "scenario", "scenario"]
    assert [row["leading"] for row in rows] == ["Eating", "sitting", "Reading", "Cooking"]
    starts = [T0, T0 + 5 * S, T0 + 30 * S, T0 + 3_600 * S]
    assert columns["start"].cast("int64").to_pylist() == starts
    assert file.schema_arrow.field("start").type.tz == "UTC"
    assert dict(rows[0]["probabilities"]) == made.scenarios[0].scenarios
    assert rows[1]["confidence"] == max(made.activities[0].activities.values())
    assert (rows[0]["refined"], rows[0]["corrected"]) == (["Eating"], None)
    assert [row["position"] for row in rows] == ["glasses", None, None, None]
    assert (rows[2]["corrected_by"], rows[2]["corrected"]) == ("wearer", ["Reading"])
    records = [row["record"] for row in rows[:3]]
    whole = [made.scenarios[0], made.activities[0], made.scenarios[1]]
    for text, record in zip(records, whole, strict=True):
        again = type(record).model_validate_json(text)
        assert again == record.model_copy(update=dict.fromkeys(EMBEDDINGS & again.__dict__.keys()))


def test_what_was_said_has_rows_of_its_own_each_once() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    said = correction(1, named_span(0, 60, "Reading", "Eating"), note="with Ada")
    back = undo(2, said)
    table = ParquetTable()
    data = table.add(Log.of([], [], [said])) + table.add(Log.of([], [], [said, back])) + table.end()
    rows = (
        parquet.read_table(io.BytesIO(data)).drop_columns(["start", "end", "created"]).to_pylist()
    )
    assert [row["action"] for row in rows] == ["correct scenario", "undo scenario"]
    assert {row["row"] for row in rows} == {"correction"}
    assert (rows[0]["corrected"], rows[0]["note"]) == (["Reading", "Eating"], "with Ada")
    assert rows[1]["undoes"] == rows[0]["correction_id"] == said.correction_id
    assert type(said).model_validate_json(rows[0]["record"]) == said


def test_a_log_without_records_is_a_table_without_rows() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = ParquetTable()
    assert parquet.read_table(io.BytesIO(table.end())).num_rows == 0
