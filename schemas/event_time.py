"""Event times: as text, and the check for implausible ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schemas.frames import NS

NS_PER_MS = 1_000_000
FIRST_NS = 946_684_800 * NS  # 2000-01-01T00:00:00Z
# A clock set to local time where UTC is expected is up to 14 h ahead.
AHEAD_NS = 86_400 * NS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Factors that would correct a time in the wrong unit, and the name of that unit.
_SCALES = (
    (10**9, "seconds since the epoch, read as nanoseconds"),
    (10**6, "milliseconds since the epoch, read as nanoseconds, or seconds read as milliseconds"),
    (10**3, "microseconds since the epoch, read as nanoseconds, or seconds read as milliseconds"),
    (1e-3, "milliseconds since the epoch, read as seconds"),
    (1e-6, "microseconds since the epoch, read as seconds"),
    (1e-9, "nanoseconds since the epoch, read as seconds"),
)


# `EXPECTED` as a regular expression, with only the usual ones of ISO 8601's many forms.
TIME_PATTERN = (
    r"^([0-9]{1,19}|[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)$"
)
EXPECTED = "ISO 8601, UTC where no offset is given (2026-03-02T08:00:00Z), or ns since the epoch"


def parse(text: str) -> int:
    """Return a time by a person or a program (`EXPECTED`) as ns since the epoch.

    Raises `ValueError` for any other text.
    """
    if text.isascii() and text.isdigit() and len(text) <= 19:
        time_ns = int(text)
        if 0 < time_ns < FIRST_NS:
            raise ValueError(f"{text} counts something else than nanoseconds")
        return time_ns
    # A plus sign that was not escaped in a URL arrives as a space.
    moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    return ns_of(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def ns_of(moment: datetime) -> int:
    """Return a moment with a zone as ns since the epoch, exact to the microsecond."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def iso(time_ns: int) -> str:
    """Return an event time as ISO 8601 in UTC, with milliseconds if not 0."""
    try:
        moment = _EPOCH + timedelta(microseconds=time_ns // 1_000)
    except OverflowError:
        return f"{time_ns / NS / 31_556_952 + 1970:.0f}" if time_ns > 0 else f"{time_ns} ns"
    kind = "milliseconds" if time_ns % NS // 1_000_000 else "seconds"
    return moment.isoformat(timespec=kind).replace("+00:00", "Z")


def why_refused(time_ns: int, now_ns: int, remedy: str = "") -> str | None:
    """Return why `time_ns` is implausible, with the likely cause, None if it is not.

    `remedy` is the advice if the clock is wrong.
    """
    if FIRST_NS <= time_ns <= now_ns + AHEAD_NS:
        return None
    # A host whose own clock is not set cannot judge the future.
    if now_ns < FIRST_NS <= time_ns:
        return None
    if time_ns > now_ns:
        return f"lies in the future, at {iso(time_ns)}: {_cause(time_ns, now_ns, remedy)}"
    return f"lies before 2000, at {iso(time_ns)}: {_cause(time_ns, now_ns, remedy)}"


def _cause(time_ns: int, now_ns: int, remedy: str) -> str:
    then = f"; {remedy}" if remedy else ""
    for factor, name in _SCALES:
        scaled = round(time_ns * factor)
        if abs(time_ns) > NS and FIRST_NS <= scaled <= now_ns + AHEAD_NS:
            return f"its stamps look like {name} ({iso(scaled)})"
    if 0 <= time_ns < FIRST_NS:
        return f"the recorder's clock was not set{then}"
    shifted = time_ns - (now_ns - now_ns % NS)
    if shifted > AHEAD_NS and FIRST_NS <= time_ns // 2 <= now_ns + AHEAD_NS:
        return (
            "time_s looks like seconds since the epoch, added to a start, or the recorder's clock "
            f"was wrong{then}"
        )
    return f"the recorder's clock was wrong{then}"
