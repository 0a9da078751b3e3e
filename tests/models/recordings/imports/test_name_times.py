from __future__ import annotations

import pytest

from models.recordings.imports.name_times import named_time, written_time
from schemas.event_time import iso
from tests.models.recordings.imports.sounds import NOW_NS


@pytest.mark.parametrize(
    ("stem", "time", "zoned"),
    [
        ("2026-03-02T08-00-00Z", "2026-03-02T08:00:00Z", True),
        ("2026-03-02T08-00-00.250Z", "2026-03-02T08:00:00.250Z", True),
        ("2026-03-02T08-00-00-250Z", "2026-03-02T08:00:00.250Z", True),
        ("2026-03-02T08:00:00-05:00", "2026-03-02T13:00:00Z", True),
        ("20260302T080000+0100_REC", "2026-03-02T07:00:00Z", True),
        ("20260302_080000", "2026-03-02T08:00:00Z", False),
        ("20260302_080000T", "2026-03-02T08:00:00Z", False),
        ("20260302_080000-0002", "2026-03-02T08:00:00Z", False),
        ("SM4_20260302_080000", "2026-03-02T08:00:00Z", False),
        ("20260302080000", "2026-03-02T08:00:00Z", False),
        ("69A54380", "2026-03-02T08:00:00Z", True),
        ("2026-03-02-birdnet-08:00:00", "2026-03-02T08:00:00Z", False),
        ("Wren-95-2026-03-02-birdnet-RTSP_1-08:00:00", "2026-03-02T08:00:00Z", False),
        ("Voice 260302_080000", "2026-03-02T08:00:00Z", False),
        ("Recording 2026-03-02 08.00.00", "2026-03-02T08:00:00Z", False),
        ("Note 2 Mar 2026 at 08-00-00", "2026-03-02T08:00:00Z", False),
        ("20260302 080000-1A2B3C4D", "2026-03-02T08:00:00Z", False),
        ("PXL_20260302_080000123", "2026-03-02T08:00:00.123Z", False),
        ("1772438400", "2026-03-02T08:00:00Z", True),
        ("1772438400123", "2026-03-02T08:00:00.123Z", True),
    ],
)
def test_a_name_tells_the_time(stem: str, time: str, zoned: bool) -> None:
    start = named_time(stem, NOW_NS)
    assert start is not None
    assert (iso(start.time_ns), start.zoned) == (time, zoned)


@pytest.mark.parametrize(
    "stem", ["a", "track 01", "00000012", "2026-03-02", "20261302_080000", "DEADBEEF", "ZOOM0001"]
)
def test_a_name_without_a_time_tells_none(stem: str) -> None:
    assert named_time(stem, NOW_NS) is None


def test_a_written_date_of_a_wrong_clock_is_still_reported() -> None:
    start = named_time("19700101_000012", NOW_NS)
    assert start is not None
    assert start.time_ns == 12 * 10**9
    assert named_time("2082-05-01T16-00-00Z", NOW_NS) is not None


def test_metadata_may_write_the_date_with_colons() -> None:
    start = written_time("2026:03:02 08:00:00", "date tag")
    assert start is not None
    assert (iso(start.time_ns), start.source) == ("2026-03-02T08:00:00Z", "date tag")
    assert written_time("2026", "date tag") is None
