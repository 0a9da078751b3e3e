from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.daily_log import export
from infra.daily_log.export import COLUMNS, CsvTable, ExportError, from_json, to_csv, to_json
from infra.daily_log.records import Log, LogActivity, LogScenario
from infra.daily_log.table import add_columns, flatten
from schemas import BodyPosition, Refined, SoundPlace, Vector
from tests.infra.daily_log.corrected_log import scenario
from tests.infra.daily_log.csv_log import from_csv

S = 1_000_000_000

# What tables, quoting and spreadsheets stumble over.
AWKWARD = "a =+-@'\",;\\{\r\n\t\0é語🎧"

probability = st.floats(0, 1)
label = st.text(AWKWARD, min_size=1, max_size=12)
probabilities = st.dictionaries(label, probability, max_size=3)
PLACES: list[dict[str, SoundPlace]] = [
    {},
    {"=a.b": SoundPlace(), "\\é,": SoundPlace(distance="unknown", near=0.5)},
    {"'": SoundPlace(distance="far", near=0.1, direction="left", direction_probability=0.9)},
    {"\r\n": SoundPlace(distance="near", near=1.0, direction_probability=0.3, apart=True)},
]
POSITIONS = [
    None,
    BodyPosition(at="ear", probability=1.0, said=True),
    BodyPosition(at="unknown", probability=0.3),
]
device = st.sampled_from(["d1", "-d2", "a.b:c"])


def span(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(st.integers(0, 2**61))
    return {
        "device_id": draw(device),
        "window_id": draw(label),
        "session_id": "s",
        "start_ns": start,
        "end_ns": start + draw(st.integers(0, 10**12)),
        "revision": draw(st.text(AWKWARD, max_size=5)),
    }


@st.composite
def scenarios(draw: st.DrawFn) -> LogScenario:
    common = span(draw)
    answer = Refined(
        **common,
        scenarios=draw(st.lists(label, max_size=2)),
        refined_by="m",
        reason=draw(st.text(AWKWARD, max_size=40)),
        preliminary="x",
        confidence=draw(probability),
        latency_ms=draw(st.floats(0, 1e6)),
    )
    return LogScenario(
        **common,
        coverage={"audio": draw(probability)},
        scenarios=draw(probabilities),
        confidence=draw(probability),
        key_frames=draw(st.lists(probability, max_size=3)),
        activities=[],
        spatial=draw(probabilities),
        sound_events=draw(probabilities),
        motion={},
        missing=draw(st.lists(st.text(AWKWARD, max_size=5), max_size=2)),
        familiarity=draw(st.sampled_from([{}, {"imu": 0.25}])),
        unknown=draw(st.booleans()),
        sound_places=draw(st.sampled_from(PLACES)),
        position=draw(st.sampled_from(POSITIONS)),
        refined=draw(st.sampled_from([None, answer])),
    )


@st.composite
def activities(draw: st.DrawFn) -> LogActivity:
    return LogActivity(
        **span(draw),
        activities=draw(probabilities),
        gate=draw(st.sampled_from(["open", "dropped", "near"])),
        far_field=draw(st.none() | probability),
        scenarios=draw(st.lists(label, max_size=2)),
        familiarity=draw(st.sampled_from([{}, {"imu": 0.25}, {"audio": 1e-4, "imu": 1.0}])),
        unknown=draw(st.booleans()),
    )


logs = st.builds(Log.of, st.lists(scenarios(), max_size=4), st.lists(activities(), max_size=4))


@given(logs)
def test_a_log_comes_back_from_json_without_losing_a_bit(log: Log) -> None:
    assert from_json(to_json(log)) == log


@given(logs)
def test_a_log_comes_back_from_csv_without_losing_a_bit(log: Log) -> None:
    assert from_csv(to_csv(log)) == log


@given(logs)
def test_no_cell_is_a_formula_to_a_spreadsheet(log: Log) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(log), newline="")))
    assert rows
    for cells in rows:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def a_scenario(start_ns: int = 0, **changed: Any) -> LogScenario:
    fields: dict[str, Any] = {
        "device_id": "d1",
        "window_id": f"d1/s/scenario/{start_ns}",
        "start_ns": start_ns,
        "end_ns": start_ns + 30 * S,
        "revision": "r1",
        "scenarios": {"Cooking": 0.7},
        "confidence": 0.7,
    }
    return scenario(0, **{**fields, **changed})


def an_activity(start_ns: int = 0) -> LogActivity:
    return LogActivity(
        device_id="d1",
        window_id=f"d1/s/har/{start_ns}",
        session_id="s",
        start_ns=start_ns,
        end_ns=start_ns + 5 * S,
        revision="r1",
        activities={"walking": 0.75},
    )


def test_both_rows_are_in_one_table_in_order_of_time() -> None:
    log = Log.of([a_scenario(30 * S)], [an_activity(0), an_activity(60 * S)])
    rows = list(csv.DictReader(io.StringIO(to_csv(log), newline="")))
    assert [(row["row"], row["start"], row["leading"]) for row in rows] == [
        ("activity", "1970-01-01T00:00:00.000Z", "walking"),
        ("scenario", "1970-01-01T00:00:30.000Z", "Cooking"),
        ("activity", "1970-01-01T00:01:00.000Z", "walking"),
    ]


def test_what_is_unknown_has_a_column_of_its_own_and_leads_nothing() -> None:
    unknown = an_activity(5 * S).model_copy(update={"unknown": True, "familiarity": {"imu": 0.25}})
    log = Log.of([], [an_activity(0), unknown])
    rows = list(csv.DictReader(io.StringIO(to_csv(log), newline="")))
    assert [(r["leading"], r["unknown"], r["familiarity.imu"]) for r in rows] == [
        ("walking", "false", ""),
        ("", "true", "0.25"),
    ]


def test_a_table_from_before_unknown_is_read() -> None:
    log = Log.of([], [an_activity(0)])
    head, row = to_csv(log).splitlines()
    at = head.split(",").index("unknown")
    former = "\r\n".join(
        ",".join(cell for n, cell in enumerate(line.split(",")) if n != at) for line in (head, row)
    )
    assert "unknown" not in former
    assert from_csv(former) == log


def test_every_cell_holds_one_value() -> None:
    record = a_scenario(key_frames=[0.25, 0.75], scenarios={"Cooking": 0.7, "a.b": 0.1}, motion={})
    [row] = csv.DictReader(io.StringIO(to_csv(Log.of([record], [])), newline=""))
    assert row["scenarios.Cooking"] == "0.7"
    assert row["scenarios.a\\.b"] == "0.1"
    assert (row["key_frames.0"], row["key_frames.1"]) == ("0.25", "0.75")
    assert not [cell for cell in row.values() if cell.startswith(("{", "["))]
    assert not [name for name in row if name.startswith("motion")]


def test_a_table_in_pieces_is_that_of_the_whole() -> None:
    first, second = a_scenario(), a_scenario(3_600 * 10**9, sound_events={"rain": 0.7})
    pieces = [Log.of([first], [an_activity()]), Log.of([second], [])]
    table = CsvTable()
    for piece in pieces:
        table.widen(piece)
    text = table.head() + "".join(map(table.add, pieces))
    assert text == to_csv(Log.of([first, second], [an_activity()]))
    with pytest.raises(ExportError, match="the log changed while it was read"):
        table.add(Log.of([a_scenario(motion={"falling": 0.5})], []))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (0.0, "0.0"),
        (-0.0, "'-0.0"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (1e22, "1e+22"),
        (-3.5, "'-3.5"),
        (float("inf"), "Infinity"),
        (float("-inf"), "'-Infinity"),
        (float("nan"), "NaN"),
        (7, "7"),
        (-7, "'-7"),
        (True, "true"),
        ("", "'"),
        ("=SUM(A1)", "'=SUM(A1)"),
        (None, None),
        ([], None),
        ([0.5, None, {"a.b": False}], None),
    ],
)
def test_a_cell_is_its_values_json_and_no_formula(value: Any, cell: str | None) -> None:
    cells: dict[str, str] = {}
    flatten(cells, {"x": value}, "path")
    assert cells.get("path.x") == cell
    columns: dict[str, None] = {}
    add_columns(columns, {"x": value}, "path")
    assert list(columns) == list(cells)


def test_the_columns_of_a_table_are_collected_without_its_cells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, whole = CsvTable(), Log.of([a_scenario()], [an_activity()])
    with monkeypatch.context() as patched:
        # Half of the time that an export of a week took.
        patched.delattr(export, "flatten")
        table.widen(whole)
    assert table.head() + table.add(whole) == to_csv(whole)


@pytest.mark.parametrize("write", [to_json, to_csv])
def test_an_export_never_holds_embeddings(write: Any) -> None:
    with_them = a_scenario(embeddings=Vector(dtype="|u1", shape=[4], data=b"\xde\xad\xbe\xef"))
    assert "embeddings" not in write(Log.of([with_them], []))


def changed_csv(**cells: str) -> str:
    rows = list(csv.DictReader(io.StringIO(to_csv(Log.of([a_scenario()], [])), newline="")))
    out = io.StringIO()
    writer = csv.DictWriter(out, [*rows[0], *(name for name in cells if name not in rows[0])])
    writer.writeheader()
    writer.writerow({**rows[0], **cells})
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\r\n1,2\r\n", "the header is"),
        ("", "the header is None"),
        (changed_csv(row="spatial"), "line 2: row is 'spatial'"),
        (changed_csv(confidence="1.5"), "line 2: confidence: input should be less than"),
        (changed_csv(confidence="x"), "line 2: Expecting value"),
        (changed_csv(start_ns=""), "line 2: start_ns: field required"),
        (changed_csv(**{"scenarios.": "x"}), "line 2: Expecting value"),
        (changed_csv(colour="red"), "line 2: colour: extra inputs are not permitted"),
        (
            changed_csv(**{"confidence.0": "1"}),
            "line 2: column 'confidence.0' goes on below a column",
        ),
        (",".join(COLUMNS) + "\r\nscenario,1\r\n", "line 2: the number of cells"),
        (",".join(COLUMNS) + "\r\n" + "x," * len(COLUMNS) + "x\r\n", "line 2: the number of cells"),
    ],
)
def test_a_text_that_is_no_log_is_refused_by_line(text: str, says: str) -> None:
    with pytest.raises(ExportError) as refused:
        from_csv(text)
    assert says in str(refused.value)


def test_json_that_is_no_log_is_refused() -> None:
    with pytest.raises(ExportError, match="this is not an exported log: scenarios: field required"):
        from_json('{"activities": []}')
