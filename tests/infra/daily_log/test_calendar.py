from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from infra.daily_log.calendar import to_calendar
from infra.daily_log.records import Log, LogScenario
from tests.infra.daily_log.stored_records import S, scenario

BERLIN = ZoneInfo("Europe/Berlin")
# An hour before the clocks go from two to three.
NIGHT = int(datetime(2026, 3, 29, 0, 0, tzinfo=UTC).timestamp()) * S


def log(*starts_ns: int) -> Log:
    """Return four minutes of one scenario from each start."""
    records = [scenario(start + n * 30 * S) for start in starts_ns for n in range(8)]
    return Log.of([LogScenario(**record.model_dump()) for record in records], [])


def lines(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def test_events_are_given_by_the_wearers_clock_and_the_zone_is_described() -> None:
    text = to_calendar(log(NIGHT, NIGHT + 7_200 * S), "d1", NIGHT, NIGHT + 20_000 * S, BERLIN)
    rows = lines(text)
    assert "X-WR-TIMEZONE:Europe/Berlin" in rows
    starts = [row for row in rows if row.startswith("DTSTART;")]
    assert starts == [
        "DTSTART;TZID=Europe/Berlin:20260329T010000",
        # Two hours later, three by the clock.
        "DTSTART;TZID=Europe/Berlin:20260329T040000",
    ]
    begin, end = rows.index("BEGIN:VTIMEZONE"), rows.index("END:VTIMEZONE")
    assert rows[begin:end] == [
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Berlin",
        "BEGIN:STANDARD",
        "DTSTART:20260328T010000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0100",
        "TZNAME:CET",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:20260329T020000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "TZNAME:CEST",
        "END:DAYLIGHT",
    ]


def test_a_zone_of_half_an_hour_west_of_greenwich_has_its_sign() -> None:
    text = to_calendar(log(NIGHT), "d1", NIGHT, NIGHT + 600 * S, ZoneInfo("America/St_Johns"))
    assert "TZOFFSETTO:-0230" in lines(text)
    assert "DTSTART;TZID=America/St_Johns:20260328T213000" in lines(text)


def test_the_moments_are_the_same_in_every_zone() -> None:
    made = log(NIGHT, NIGHT + 7_200 * S)
    moments = []
    for zone in (None, BERLIN):
        rows = lines(to_calendar(made, "d1", NIGHT, NIGHT + 20_000 * S, zone))
        moments.append(
            [
                datetime.strptime(row.rpartition(":")[2].rstrip("Z"), "%Y%m%dT%H%M%S").replace(
                    tzinfo=zone or UTC
                )
                for row in rows
                if row.startswith(("DTSTART;", "DTEND;", "DTEND:"))
                or (row.startswith("DTSTART:") and row.endswith("Z"))
            ]
        )
    assert len(moments[0]) == 4
    assert [at - other for at, other in zip(*moments, strict=True)] == [timedelta()] * 4


def test_without_an_event_no_zone_is_described() -> None:
    text = to_calendar(Log.of([], []), "d1", NIGHT, NIGHT + S, BERLIN)
    assert "VTIMEZONE" not in text
