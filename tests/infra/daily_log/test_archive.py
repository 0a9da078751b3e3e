from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

import pytest

from infra.daily_log.archive import lines, pieces, restore
from infra.daily_log.calendar import to_calendar
from infra.daily_log.export import ExportError, to_json
from schemas import SoundPlace
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.stored_records import T0, S, activity, refinement, scenario

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from infra.daily_log.records import Log
    from infra.daily_log.store import LogStore

ALWAYS = (0, 2**62)
HOUR = 3_600 * S


async def fill_log(store: LogStore) -> Log:
    """Return a log of three hours with every kind of record, an empty hour between them."""
    records = [scenario(T0 + n * 30 * S) for n in (0, 1, 130, 300)]
    await store.put_scenarios(records)
    await store.put_refined([refinement(records[2], ["Eating"])])
    await store.put_activities([activity(T0), activity(T0 + 130 * 30 * S)])
    start = T0 / 1e9
    corrections = [
        correction(1, named_span(start, start + 7_200, "Reading"), device_id="d1"),
        correction(
            2,
            named_span(start, start + 60, "Reading"),
            device_id="d1",
            action="undo",
            undoes=f"{1:032x}",
        ),
        correction(3, named_span(start + 20_000, start + 21_000, "Driving"), device_id="d1"),
        correction(
            4, named_span(start, start + 60), device_id="d1", action="note", note="a; b,\nc"
        ),
    ]
    await store.put_corrections(corrections)
    return await store.read("d1", *ALWAYS)


async def test_what_was_written_is_restored_to_the_same_log_once_or_twice(store: LogStore) -> None:
    log = await fill_log(store)
    kept = [line async for line in lines(store, "d1", *ALWAYS)]
    assert sum(line.startswith('{"row": "correction"') for line in kept) == 4
    await store.redis.flushall()
    for _ in range(2):
        assert await restore(store, kept) == ((4, 1, 2), True)
        assert await store.read("d1", *ALWAYS) == log


async def test_an_export_as_json_is_restored_to_the_same_log(store: LogStore) -> None:
    log = await fill_log(store)
    await store.redis.flushall()
    assert await restore(store, to_json(log).splitlines(keepends=True)) == ((4, 1, 2), True)
    assert await store.read("d1", *ALWAYS) == log


async def test_a_span_is_cut_at_its_edges(store: LogStore) -> None:
    await fill_log(store)
    kept = [line async for line in lines(store, "d1", T0 + 30 * S, T0 + 130 * 30 * S)]
    assert sum(line.startswith('{"row": "scenario"') for line in kept) == 1


@pytest.mark.parametrize("length_ns", [-1, 0, 1, 999, 1_001])
async def test_a_span_of_a_fraction_of_a_microsecond_ends(store: LogStore, length_ns: int) -> None:
    # Records are found by microseconds, so one may seem to begin after the end of such a span.
    await fill_log(store)
    async with asyncio.timeout(60):
        found = [each async for each in pieces(store, "d1", T0, T0 + length_ns)]
    assert [len(each.log.scenarios) for each in found] == [1] * (length_ns > 0)


def read_hours(store: LogStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the starts of what is read from now on."""
    reads: list[int] = []
    read = store.read

    async def counted(device: str, from_ns: int, to_ns: int) -> Log:
        reads.append(from_ns)
        return await read(device, from_ns, to_ns)

    monkeypatch.setattr(store, "read", counted)
    return reads


async def test_hours_that_are_not_wanted_are_not_read(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_log(store)
    every = [piece async for piece in pieces(store, "d1", *ALWAYS)]
    second = (T0 // HOUR + 1) * HOUR
    reads = read_hours(store, monkeypatch)
    asked = [each async for each in pieces(store, "d1", *ALWAYS, lambda _, past: past > second)]
    assert asked == every[1:]
    assert min(reads) == second


async def test_years_between_two_recordings_are_not_read(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = T0 // HOUR * HOUR, (T0 // HOUR + 20 * 8_760) * HOUR
    await store.put_scenarios([scenario(first), scenario(later)])
    await store.put_activities([activity(later + 2 * HOUR)])
    # It lasts into the next hour.
    driving = named_span((later + 4.5 * HOUR) / S, (later + 5.5 * HOUR) / S, "Driving")
    await store.put_corrections([correction(1, driving, device_id="d1", action="add")])
    reads = read_hours(store, monkeypatch)
    found = [(each.from_ns, each.to_ns) async for each in pieces(store, "d1", *ALWAYS)]
    starts = [first, *(later + hours * HOUR for hours in (0, 2, 4, 5))]
    assert found == [(start, start + HOUR) for start in starts]
    assert reads == starts
    asked = [
        (each.from_ns, each.to_ns)
        async for each in pieces(store, "d1", later + S, later + 2 * HOUR + S)
    ]
    assert asked == [(later + 2 * HOUR, later + 2 * HOUR + S)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (["nonsense"], "this is not an exported log"),
        (['{"egolog": "log", "version": 9}'], "version is 9; expected 1 or 2"),
        (['{"egolog": "log", "version": true}'], "version is True; expected 1 or 2"),
        (['{"egolog": "log", "version": 1}', "{}"], "line 2 is no record of a log"),
        (['{"egolog": "log", "version": 1}', '{"end": 0}'], "line 2 is no record of a log"),
        (['{"egolog": "log", "version": 2}', '{"end": 0}', "{}"], "line 3 follows the end"),
        (['{"egolog": "log", "version": 2}', '{"end": 1}'], "says at its end that it has 1 record"),
        (['{"egolog": "log", "version": 2}', '{"end": "0"}'], "its count of records is '0'"),
        (
            ['{"egolog": "log", "version": 1}', '{"row": "scenario", "record": {}}'],
            "line 2 is no record of a log",
        ),
    ],
)
async def test_what_is_no_log_is_refused_in_one_line(
    store: LogStore, text: list[str], why: str
) -> None:
    with pytest.raises(ExportError) as refused:
        await restore(store, text)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def of_a_file(path: Path) -> Iterable[str]:
    with gzip.open(path, "rt", encoding="utf-8") as text:
        yield from text


@pytest.mark.parametrize("kept", [0.5, 0.95])
async def test_of_a_file_that_is_cut_what_comes_before_the_cut_is_restored(
    store: LogStore, tmp_path: Path, kept: float
) -> None:
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(60)])
    whole = gzip.compress("\n".join([each async for each in lines(store, "d1", *ALWAYS)]).encode())
    file = tmp_path / "d1.jsonl.gz"
    file.write_bytes(whole[: int(kept * len(whole))])
    await store.delete("d1", *ALWAYS)
    with pytest.raises(
        ExportError, match=r"line \d+ is damaged: .*; the lines before it are resto"
    ):
        await restore(store, of_a_file(file))
    restored = await store.count("d1")
    assert 0 < restored.scenarios < 60


@pytest.mark.parametrize("cut", [1, 2, 31])
async def test_of_a_file_that_is_cut_after_a_line_it_is_said_and_the_rest_is_restored(
    store: LogStore, cut: int
) -> None:
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(60)])
    kept = [line async for line in lines(store, "d1", *ALWAYS)][:-cut]
    await store.delete("d1", *ALWAYS)
    there = 61 - cut
    with pytest.raises(ExportError, match=f"no end line: it is cut; the {there} records that it"):
        await restore(store, kept)
    assert (await store.count("d1")).scenarios == there


async def test_a_file_that_lacks_a_line_within_is_refused_and_the_rest_is_restored(
    store: LogStore,
) -> None:
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(3)])
    first, _, *rest = [line async for line in lines(store, "d1", *ALWAYS)]
    await store.delete("d1", *ALWAYS)
    with pytest.raises(ExportError, match="it has 3 records; the 2 records that it has are"):
        await restore(store, [first, *rest])
    assert (await store.count("d1")).scenarios == 2


async def test_a_file_of_the_version_without_an_end_line_is_restored(store: LogStore) -> None:
    log = await fill_log(store)
    head, *records, _ = [line async for line in lines(store, "d1", *ALWAYS)]
    await store.redis.flushall()
    of_version_1 = [head.replace('"version": 2', '"version": 1'), *records]
    assert await restore(store, of_version_1) == ((4, 1, 2), False)
    assert await store.read("d1", *ALWAYS) == log


@pytest.mark.parametrize(
    "content",
    [b"hi", gzip.compress(b"\x88\x00\xff", mtime=0)],
    ids=["no archive", "no text"],
)
async def test_a_file_that_is_none_of_ours_is_refused(
    store: LogStore, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "d1.jsonl.gz"
    file.write_bytes(content)
    with pytest.raises(ExportError, match="this is not an exported log: "):
        await restore(store, of_a_file(file))


async def test_a_calendar_has_an_event_for_each_run_and_its_notes(store: LogStore) -> None:
    records = [scenario(T0 + n * 30 * S) for n in range(8)]
    await store.put_scenarios(records)
    start = T0 / 1e9
    long = "with Ada, who has a name that is far too long for a line; and a half " * 2
    corrections = [
        correction(
            1, named_span(start + 120, start + 240, "Car - commuting, road trip"), device_id="d1"
        ),
        correction(
            2, named_span(start, start + 60), device_id="d1", action="note", note=long.strip()
        ),
        correction(3, named_span(start + 90, start + 120, "Eating"), device_id="d1"),
    ]
    await store.put_corrections(corrections)
    log = await store.read("d1", *ALWAYS)
    text = to_calendar(log, "d1", T0, T0 + 240 * S)
    assert text == to_calendar(log, "d1", T0, T0 + 240 * S)
    rows = text.split("\r\n")
    assert max(len(row.encode()) for row in rows) <= 75
    whole = text.replace("\r\n ", "").split("\r\n")
    # 90 s of cooking and 30 s of eating are too short to be read at a glance.
    assert [row for row in whole if row.startswith("SUMMARY")] == [
        "SUMMARY:Car - commuting\\, road trip"
    ]
    assert "DTSTART:20231114T221530Z" in whole
    assert whole[0] == "BEGIN:VCALENDAR"
    assert whole[-2:] == ["END:VCALENDAR", ""]
    again = to_calendar(await store.read("d1", *ALWAYS), "d1", T0, T0 + 90 * S)
    assert "SUMMARY" not in again


async def test_a_calendar_says_what_was_heard_most_where_it_is_known_where(store: LogStore) -> None:
    near = SoundPlace(distance="near", near=0.9, direction="left", direction_probability=0.8)
    far = SoundPlace(distance="far", near=0.1)
    lost = SoundPlace(distance="unknown", near=0.5)
    sounds = [{"frying": near}, {"frying": near, "siren": far}, {"speech": lost}, {}]
    records = [
        scenario(T0 + n * 30 * S, sound_places=places) for n, places in enumerate(sounds * 2)
    ]
    await store.put_scenarios(records)
    text = to_calendar(await store.read("d1", *ALWAYS), "d1", T0, T0 + 240 * S)
    assert "DESCRIPTION:Heard: frying (near left)\\, siren (far)\r\n" in text
