"""Query parameters: each is validated, and an error says what would be valid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from schemas.event_time import EXPECTED, parse
from schemas.frames import NS
from schemas.message import END_OF_TIME_NS
from schemas.time_zone import EXPECTED_ZONE, time_zone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from zoneinfo import ZoneInfo

    from infra.daily_log.records import DeviceSummary

DAY_NS = 86_400 * NS
MAX_SPAN_NS = 3 * DAY_NS
MAX_HOURS_NS = 32 * DAY_NS
MAX_DEVICES = 1_000
MAX_REVISION = 10**16 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Format = Literal["json", "csv"]


class ParameterError(Exception):
    """A query parameter is missing, unknown or not allowed."""

    def __init__(self, parameter: str, value: str | None, expected: str) -> None:
        self.parameter = parameter
        self.value = value
        self.expected = expected
        state = "is missing" if value is None else f"has value {value[:100]!r}"
        super().__init__(f"parameter {parameter} {state}; expected {expected}")


@dataclass(frozen=True)
class TimeRange:
    """A half-open span of event time, ns since the epoch."""

    from_ns: int
    to_ns: int


def refuse_unknown(query: Mapping[str, str], known: Collection[str]) -> None:
    """Raise `ParameterError` for a parameter that this path does not have."""
    for name in query:
        if name not in known:
            raise ParameterError(name, query[name], f"one of {', '.join(sorted(known))}")


def device_id(query: Mapping[str, str]) -> str:
    """Return the requested device; raises `ParameterError` without one."""
    if not query.get("device"):
        raise ParameterError("device", query.get("device"), "an id that GET /api/devices lists")
    return query["device"]


def span(
    query: Mapping[str, str], device: DeviceSummary, longest_ns: int = MAX_SPAN_NS
) -> TimeRange:
    """Return the requested span, by default the device's last 24 h of event time.

    Raises `ParameterError` for an invalid time, times in the wrong order, and a span longer than
    `longest_ns`.
    """
    # The last record starts before the end, so the end can be exclusive.
    to_ns = _time(query, "to", device.last_ns)
    from_ns = _time(query, "from", max(to_ns - DAY_NS, 0))
    if "to" not in query:
        to_ns = max(from_ns, to_ns)
    if from_ns > to_ns:
        raise ParameterError("from", query.get("from"), f"a time not after to ({iso(to_ns)})")
    clipped = TimeRange(max(from_ns, min(device.first_ns, to_ns)), to_ns)
    if clipped.to_ns - clipped.from_ns > longest_ns:
        longest = longest_ns // (3_600 * NS)
        raise ParameterError("from", query.get("from"), f"a time at most {longest} h before to")
    return clipped


def past_end(query: Mapping[str, str], span: TimeRange) -> int:
    """Return where a requested span ends, later than it begins; without `to` it is open.

    What the wearer added may lie after the last record.
    """
    return max(span.to_ns, span.from_ns + 1) if "to" in query else END_OF_TIME_NS


def zone(query: Mapping[str, str]) -> ZoneInfo:
    """Return the requested time zone, by default UTC; raises `ParameterError`."""
    try:
        return time_zone(query.get("zone", "UTC"))
    except ValueError as error:
        raise ParameterError("zone", query.get("zone"), EXPECTED_ZONE) from error


def log_format(query: Mapping[str, str], accept: str) -> Format:
    """Return the format in the parameter `format`, else the one preferred by the Accept header."""
    match query.get("format"):
        case "json":
            return "json"
        case "csv":
            return "csv"
        case None:
            return "csv" if _prefers_csv(accept) else "json"
        case other:
            raise ParameterError("format", other, "json or csv")


def detail(query: Mapping[str, str]) -> Literal["full", "brief"]:
    """Return the requested level of detail of an hour."""
    match query.get("detail", "full"):
        case "full":
            return "full"
        case "brief":
            return "brief"
        case other:
            raise ParameterError("detail", other, "full or brief")


def time_of(query: Mapping[str, str], name: str) -> int:
    """Return the requested time, ns since the epoch; raises `ParameterError`."""
    if not query.get(name):
        raise ParameterError(name, query.get(name), EXPECTED)
    return _time(query, name, 0)


def revision(query: Mapping[str, str]) -> int:
    """Return the revision that the page already has, or 0."""
    value = query.get("since", "0")
    if not (value.isascii() and value.isdigit() and int(value[:17]) <= MAX_REVISION):
        raise ParameterError("since", value, "a revision that an earlier answer gave")
    return int(value)


def limit(query: Mapping[str, str]) -> int:
    """Return the maximum number of devices per page; raises `ParameterError`."""
    value = query.get("limit", str(MAX_DEVICES))
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= MAX_DEVICES):
        raise ParameterError("limit", value, f"a number from 1 to {MAX_DEVICES}")
    return int(value)


def iso(time_ns: int) -> str:
    """Return a time as ISO 8601 in UTC, to the microsecond."""
    return (_EPOCH + timedelta(microseconds=time_ns // 1_000)).isoformat().replace("+00:00", "Z")


def _time(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    try:
        time_ns = parse(value)
    except ValueError as error:
        raise ParameterError(name, value, EXPECTED) from error
    if not 0 <= time_ns < END_OF_TIME_NS:
        raise ParameterError(name, value, f"a time from 1970 to {iso(END_OF_TIME_NS)[:4]}")
    return time_ns


def _prefers_csv(accept: str) -> bool:
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    csv_at = kinds.index("text/csv") if "text/csv" in kinds else len(kinds)
    json_at = kinds.index("application/json") if "application/json" in kinds else len(kinds)
    return csv_at < json_at
