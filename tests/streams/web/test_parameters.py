from __future__ import annotations

import pytest

from infra.daily_log.records import DeviceSummary
from streams.web.parameters import (
    DAY_NS,
    MAX_SPAN_NS,
    NS,
    ParameterError,
    TimeRange,
    device_id,
    iso,
    log_format,
    refuse_unknown,
    revision,
    span,
)

LAST = 1_763_657_400 * NS
FIRST = LAST - 10 * DAY_NS
DEVICE = DeviceSummary(device_id="d1", first_ns=FIRST, last_ns=LAST, scenarios=1, activities=1)


def test_without_times_the_last_day_of_event_time_is_meant() -> None:
    assert span({}, DEVICE) == TimeRange(LAST - DAY_NS, LAST)


@pytest.mark.parametrize(
    "value",
    [
        str(LAST - NS),
        "2025-11-20T16:49:59Z",
        "2025-11-20T16:49:59+00:00",
        "2025-11-20T17:49:59+01:00",
        "2025-11-20T17:49:59 01:00",
        "2025-11-20T16:49:59.000Z",
        "2025-11-20T16:49:59",
    ],
)
def test_a_time_is_iso_8601_in_utc_unless_it_says_otherwise_or_nanoseconds(value: str) -> None:
    assert span({"from": value}, DEVICE) == TimeRange(LAST - NS, LAST)


@pytest.mark.parametrize(
    "value", ["yesterday", "", "2025-11-20T", "16:49", "-1", "1.5", "²", "9" * 30]
)
def test_any_other_time_is_refused_with_what_would_be_right(value: str) -> None:
    with pytest.raises(
        ParameterError, match=r"parameter from has value .*; expected ISO 8601"
    ) as seen:
        span({"from": value}, DEVICE)
    assert (seen.value.parameter, seen.value.value) == ("from", value)


def test_a_time_outside_of_what_the_messages_can_carry_is_refused() -> None:
    with pytest.raises(ParameterError, match="expected a time from 1970 to 2116"):
        span({"to": str(2**62)}, DEVICE)
    with pytest.raises(ParameterError, match="expected a time from 1970 to 2116"):
        span({"to": "1969-12-31T23:59:59Z"}, DEVICE)


def test_from_after_to_is_refused() -> None:
    with pytest.raises(
        ParameterError, match=r"expected a time not after to \(2025-11-20T16:50:00Z\)"
    ):
        span({"from": str(LAST + 1), "to": str(LAST)}, DEVICE)


def test_a_reader_ahead_of_the_log_gets_an_empty_span_and_no_error() -> None:
    asked = span({"from": str(LAST + 5 * NS)}, DEVICE)
    assert asked.from_ns == asked.to_ns


def test_a_span_is_bounded() -> None:
    with pytest.raises(ParameterError, match="expected a time at most 72 h before to"):
        span({"from": str(LAST - MAX_SPAN_NS - 1)}, DEVICE)


def test_a_span_before_the_first_record_costs_nothing() -> None:
    assert span({"from": "0", "to": str(FIRST + NS)}, DEVICE) == TimeRange(FIRST, FIRST + NS)
    empty = span({"from": "0", "to": str(FIRST - NS)}, DEVICE)
    assert empty.from_ns == empty.to_ns


@pytest.mark.parametrize("query", [{}, {"device": ""}])
def test_a_device_must_be_named(query: dict[str, str]) -> None:
    with pytest.raises(ParameterError, match="expected an id that GET /api/devices lists"):
        device_id(query)


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(
        ParameterError, match="parameter form has value 'x'; expected one of from, to"
    ):
        refuse_unknown({"form": "x"}, ("to", "from"))


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ({}, "", "json"),
        ({}, "*/*", "json"),
        ({}, "text/csv", "csv"),
        ({}, "text/csv;q=0.9, */*", "csv"),
        ({}, "application/json, text/csv", "json"),
        ({"format": "json"}, "text/csv", "json"),
        ({"format": "csv"}, "application/json", "csv"),
    ],
)
def test_the_format_parameter_wins_over_the_accept_header(
    query: dict[str, str], accept: str, kind: str
) -> None:
    assert log_format(query, accept) == kind


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(
        ParameterError, match="parameter format has value 'xml'; expected json or csv"
    ):
        log_format({"format": "xml"}, "")


@pytest.mark.parametrize("value", ["", "-1", "x", "1.0", "9" * 17])
def test_a_revision_is_a_count(value: str) -> None:
    assert revision({}) == 0
    assert revision({"since": "12"}) == 12
    with pytest.raises(ParameterError, match="parameter since"):
        revision({"since": value})


def test_times_are_written_in_utc() -> None:
    assert iso(LAST) == "2025-11-20T16:50:00Z"
    assert iso(LAST + NS // 2) == "2025-11-20T16:50:00.500000Z"
