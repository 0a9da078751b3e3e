from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from infra.daily_log.store import LogStore
from infra.settings import Settings
from schemas.correction import NamedSpan
from schemas.event_time import EXPECTED
from streams.commands.log import LogCommandError
from streams.commands.log.span import span_of
from tests.infra.daily_log.corrected_log import correction
from tests.infra.daily_log.csv_log import from_csv
from tests.infra.daily_log.stored_records import T0, S
from tests.pipeline.running import Worker, run_command
from tests.refused_command import refusal
from tests.streams.commands.filled_log import fill_log

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ours(tmp_path: Path, redis_url: str) -> Worker:
    """The commands of an app whose store holds three scenarios and an activity of two devices."""
    settings = Settings(
        _env_file=None, redis_url=redis_url, run_dir=tmp_path, app_id=f"log-{uuid4().hex[:8]}"
    )
    asyncio.run(fill_log(settings))
    return Worker(settings)


def test_a_log_is_printed_deleted_and_summed_up(ours: Worker) -> None:
    assert len(from_csv(ours.command("log", "d1")).scenarios) == 2
    part = ours.command("log", "--format", "json", "d1", "--from", "2023-11-14T22:14:00Z")
    assert [each["start_ns"] for each in json.loads(part)["scenarios"]] == [T0 + 30 * S]
    lines = ours.command("log", "show", "d1", "--summary").splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["scenario", "Cooking", "2", "0:01:00"],
        ["activity", "sitting", "1", "0:00:05"],
    ]
    span = ("--to", "2023-11-14T22:14:00Z")
    dry = ours.command("log", "delete", "d1", *span, "--dry-run")
    assert dry == "would delete 1 scenarios (0 refined) and 1 activities of 'd1'\n"
    done = ours.command("log", "delete", "d1", *span)
    assert done == "deleted 1 scenarios (0 refined) and 1 activities of 'd1'\n"
    assert len(from_csv(ours.command("log", "d1")).scenarios) == 1


def test_a_log_is_searched_and_restored_from_its_backup(ours: Worker, tmp_path: Path) -> None:
    lines = ours.command("log", "search", "d1", "cooking", "near").splitlines()
    assert [line.split()[2] for line in lines] == ["scenario", "Cooking"]
    words = ("cooking", "14", "November", "2023", "after", "22:13")
    assert ours.command("log", "search", "d1", *words).splitlines() == lines
    none = ours.command("log", "search", "d1", *words, "--zone", "Pacific/Auckland")
    assert len(none.splitlines()) == 1
    file = str(tmp_path / "d1.jsonl.gz")
    before = ours.command("log", "d1", "--format", "json")
    assert ours.command("log", "backup", "d1", file) == f"wrote 3 records of 'd1' to {file}\n"
    ours.command("log", "delete", "d1")
    done = ours.command("log", "restore", file)
    assert done == "restored 2 scenarios (0 refined) and 1 activities\n"
    assert ours.command("log", "d1", "--format", "json") == before


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_backup_that_is_cut_after_a_line_is_not_taken_for_whole(
    ours: Worker, tmp_path: Path, suffix: str
) -> None:
    file, cut = (tmp_path / f"{name}.jsonl{suffix}" for name in ("d1", "cut"))
    ours.command("log", "backup", "d1", str(file))
    opened = gzip.open if suffix else open
    with opened(file, "rb") as whole, opened(cut, "wb") as part:
        part.writelines(whole.readlines()[:-2])
    ours.command("log", "delete", "d1")
    said = refused(ours, tmp_path, "restore", str(cut))
    assert "has no end line: it is cut; the 2 records that it has are restored" in said
    ours.command("log", "restore", str(file))


def refused(ours: Worker, folder: Path, *arguments: str) -> str:
    settings = ours.settings
    return refusal(
        folder,
        ("log", *arguments),
        EGOLOG_REDIS_URL=settings.redis_url,
        EGOLOG_APP_ID=settings.app_id,
    )


def labelled(folder: Path, rows: str, start: str = "2023-11-14T22:13:30Z") -> str:
    """Write a folder of motion with these labels, from the log's first record on."""
    folder.mkdir()
    (folder / "m.csv").write_text(
        "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyro_x_rad_s,gyro_y_rad_s,gyro_z_rad_s\n"
        + "".join(f"{at / 50:.2f},0.0,0.0,9.81,0.1,0.0,0.0\n" for at in range(50 * 60))
    )
    (folder / "recording.json").write_text(json.dumps({"device_id": "d1", "start": start}))
    (folder / "truth.csv").write_text(f"start_s,end_s,kind,label\n{rows}")
    return f"folder:{folder}"


def test_a_log_is_compared_with_the_labels_of_its_recording(ours: Worker, tmp_path: Path) -> None:
    rows = "0,40,scenario,cooking\n40,60,scenario,knitting\n0,60,activity,standing\n"
    lines = ours.command("log", "compare", labelled(tmp_path / "own", rows)).splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["scenario", "cooking", "1", "1.00", "0.50"],
        ["scenario", "knitting", "1", "0.00", "0.00", "cooking", "(1)"],
        ["activity", "standing", "1", "0.00", "0.00", "sitting", "(1)"],
    ]
    assert lines[4:] == [
        "scenarios: 1 of 2 right (50%), macro-F1 0.33",
        "scenarios that the log has a name for: 1 of 1 right (100%), macro-F1 1.00",
        "activities: 0 of 1 right (0%), macro-F1 0.00",
    ]


def test_a_recording_that_was_given_a_start_is_compared_from_there(
    ours: Worker, tmp_path: Path
) -> None:
    spec = labelled(tmp_path / "own", "0,60,activity,sitting\n", "2026-03-02T08:00:00Z")
    imported = spec.replace("folder:", "import:")
    lines = ours.command("log", "compare", imported, "--start", "2023-11-14T22:13:30Z")
    assert lines.splitlines()[-1] == "activities: 1 of 1 right (100%), macro-F1 1.00"
    assert "name it as import:PATH if it was imported, with the --start" in refused(
        ours, tmp_path, "compare", spec
    )
    assert "has its own start; expected import:PATH" in refused(
        ours, tmp_path, "compare", spec, "--start", "2023-11-14T22:13:30Z"
    )


def test_devices_without_a_log_are_listed_and_the_others_compared(
    ours: Worker, tmp_path: Path
) -> None:
    rows = "0,60,activity,sitting\n"
    first = labelled(tmp_path / "first", rows)
    second = labelled(tmp_path / "second", rows)
    (tmp_path / "second" / "recording.json").write_text(
        json.dumps({"device_id": "d9", "start": "2023-11-14T22:13:30Z"})
    )
    arguments = ("log", "compare", second, first)
    status, out, err = run_command(arguments, ours.environment(), timeout_s=300.0)
    assert (status, "skipped: device 'd9' has no log\n" in err) == (0, True)
    assert out.splitlines()[-1] == "activities: 1 of 1 right (100%), macro-F1 1.00"
    assert refused(ours, tmp_path, "compare", second).startswith("error: device 'd9' has no log")


@pytest.mark.parametrize(
    ("rows", "start", "device", "line"),
    [
        ("", "2023-11-14T22:13:30Z", (), "recording has no label"),
        (
            "0,60,activity,standing\n",
            "2023-11-15T22:13:30Z",
            (),
            "labelled span, from 2023-11-15T22:13:30Z to 2023-",
        ),
        ("0,60,activity,standing\n", "2023-11-14T22:13:30Z", ("--device", "x"), "has no log"),
    ],
)
def test_a_log_that_cannot_be_compared_is_refused(
    ours: Worker, tmp_path: Path, rows: str, start: str, device: tuple[str, ...], line: str
) -> None:
    spec = labelled(tmp_path / "own", rows, start)
    assert line in refused(ours, tmp_path, "compare", spec, *device)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("d1", "--format", "xml"), "format is 'xml'; expected csv, json, ics or parquet"),
        (("nobody",), "device 'nobody' has no log; expected one of: d1, d2"),
        (("delete", "nobody"), "device 'nobody' has no log; expected one of: d1, d2"),
        (
            ("search", "d1", "cooking", "tomorrow"),
            "parameter words has value 'tomorrow'; expected a time that is over: a log has no "
            "future",
        ),
        (
            ("d1", "--from", "noon"),
            f"time is 'noon'; expected {EXPECTED}",
        ),
    ],
)
def test_what_cannot_be_answered_is_one_line(
    ours: Worker, tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    assert refused(ours, tmp_path, *arguments) == f"error: {line}\n"


@pytest.mark.parametrize(
    ("from_", "to", "words"),
    [
        (
            "2026-03-02",
            "2026-03-01",
            "--from is 2026-03-02; expected a time before --to (2026-03-01)",
        ),
        (None, "1969-12-31", "--from is 1970-01-01T00:00:00Z; .*before --to (1969-12-31)"),
        ("9000-01-01", None, "--from is 9000-01-01; .*before --to (2116-02-20T23:53:38.427Z)"),
    ],
)
def test_a_span_that_ends_before_it_begins_is_said_with_both_times(
    from_: str | None, to: str | None, words: str
) -> None:
    with pytest.raises(LogCommandError, match=words.replace("(", r"\(").replace(")", r"\)")):
        span_of(from_, to)


def test_a_log_is_searched_by_the_name_that_its_wearer_gave(ours: Worker) -> None:
    async def say() -> None:
        async with Redis.from_url(ours.settings.redis_url) as redis:
            store = LogStore(redis, ours.settings.app_id, ours.settings.log_retention_days)
            span = NamedSpan(start_ns=T0, end_ns=T0 + 30 * S, labels=["Angling"])
            await store.put_corrections([correction(1, span, device_id="d1")])

    asyncio.run(say())
    [_, line] = ours.command("log", "search", "d1", "angling").splitlines()
    assert line.split()[2] == "Angling"
