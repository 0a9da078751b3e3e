"""Words as the grammar reads them: in lower case, numbers apart from units and dashes."""

from __future__ import annotations

import re

from infra.daily_log.time_expressions.calendar_patterns import MONTH, WEEKDAY
from infra.daily_log.time_expressions.clock_times import EXACT_HOUR

_WORDS = {
    "overnight": "night",
    "weeknight": "weekday night",
    "weeknights": "weekday night",
    "&": "and",
}
# The first that fits counts.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), spaced)
    for pattern, spaced in (
        (rf"^~?({EXACT_HOUR})-?ish$", r"around \1"),
        (r"^~(?=\d)", "around "),
        (r"^(\d+(?:\.\d+)?)(h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?|d|days?)$", r"\1 \2"),
        (r"^(\d{4}-?w\d{1,2}-\d)$", r"\1"),
        (r"^(\d{4})-?w(\d{1,2})$", r"week \2 \1"),
        (r"^[ck]?w(\d{1,2})$", r"week \1"),
        (r"^(\d{4})/(\d{1,2})/(\d{1,2})$", r"\1-\2-\3"),
        (r"^(\d{1,2})-(\d{1,2})-(\d{4})$", r"\1/\2/\3"),
        (rf"^({MONTH})-(\d{{1,2}})(?:-(\d{{4}}))?$", r"\1 \2 \3"),
        (rf"^(\d{{1,2}})-({MONTH})(?:-(\d{{4}}))?$", r"\1 \2 \3"),
    )
)


def normalised(word: str) -> str:
    """Return a word in lower case, its numbers apart from units and dashes: "2h" is "2 h"."""
    plain = word.casefold().replace("\u2019", "'").strip('?!;"()[]')
    plain = _WORDS.get(plain, plain)
    plain = re.sub(r"^([ap])\.m\.?$", r"\1m", plain)
    plain = re.sub(r"(\d)([ap])\.m\.?$", r"\1\2m", plain)
    if not re.search(r"(?<![\d.])\d{1,2}\.\d{1,2}\.$", plain):
        plain = plain.rstrip(".:")
    plain = re.sub(r"^(\w+day|tonight|week|weekend|month|year)'s$", r"\1", plain)
    for pattern, spaced in _PATTERNS:
        plain, replaced = pattern.subn(spaced, plain)
        if replaced:
            return plain.strip()
    if re.match(r"\d{4}-\d{1,2}", plain):
        return re.sub(r"^(\d{4}-\d{1,2}-\d{1,2})t(?=\d)", r"\1 ", plain)
    if re.search(r"\d", plain) or re.fullmatch(rf"{WEEKDAY}[-\u2013\u2014]{WEEKDAY}", plain):
        return re.sub(r"[-\u2013\u2014]", " - ", plain).strip()
    return "-" if plain in ("\u2013", "\u2014") else plain
