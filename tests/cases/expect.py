"""What an `expect.txt` claims, as far as a machine can check it.

The text is cut at "or" (of which one must hold) and at ";", "," and ":" (all must hold). A claim is
a rate, a length, a device, a start, a pause, files used or named, a warning, rows left out. Words
that are no claim (the reason, "not 200 Hz with holes") are passed over; an alternative without any
claim decides nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Found = dict[str, Any]  # what `import --dry-run --json` prints
_RATE_SLACK = 0.002
_SECONDS_SLACK = 0.01
_ABOUT_SLACK = 0.05


@dataclass(frozen=True)
class Verdict:
    """`held` is None where nothing could be checked; `why` names the claims."""

    held: bool | None
    why: str


def judge(expect: str, found: Found) -> Verdict:
    """Compare what was found with the text of an `expect.txt`."""
    verdicts = []
    for alternative in re.split(r"[\s,(]+or\s", _without_asides(expect)):
        claims = list(_claims(alternative, found))
        wrong = [name for name, held in claims if not held]
        if claims and not wrong:
            return Verdict(True, ", ".join(name for name, _ in claims))
        verdicts.append((claims, wrong))
    checked = [wrong for claims, wrong in verdicts if claims]
    if not checked:
        return Verdict(None, "nothing that a machine can check")
    return Verdict(False, "; or ".join(f"not so: {', '.join(wrong)}" for wrong in checked))


def _without_asides(text: str) -> str:
    """Leave out what is not to happen, and what only the running pipeline shows."""
    text = re.sub(r"\bnot \d[^;,.)]*", "", text)
    text = re.sub(r"\bevery [\d.]+ s an? \w+,?", "", text)
    return text.replace("no dead letter", "").strip()


def _claims(text: str, found: Found) -> Iterator[tuple[str, bool]]:
    for pattern, check in _CHECKS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield match[0].strip(), check(match, found)


def _parts(found: Found, kind: str) -> list[Found]:
    return [r[kind] for r in found["recordings"] if r[kind] is not None]


def _rate(match: re.Match[str], found: Found) -> bool:
    rate = float(match[1])
    parts = [*_parts(found, "motion"), *_parts(found, "audio")]
    return bool(parts) and all(abs(p["rate_hz"] - rate) <= _RATE_SLACK * rate for p in parts)


def _seconds(match: re.Match[str], found: Found) -> bool:
    text = match.string[max(0, match.start() - 30) : match.start()]
    slack = _ABOUT_SLACK if "about" in text + match[0] else _SECONDS_SLACK
    wanted = float(match["s"])
    total = sum(p["seconds"] for kind in ("motion", "audio") for p in _parts(found, kind))
    return abs(total - wanted) <= slack * max(wanted, 1.0)


def _one_stretch(match: re.Match[str], found: Found) -> bool:
    return [p["stretches"] for p in _parts(found, "motion")] == [1]


def _device(match: re.Match[str], found: Found) -> bool:
    return any(r["device"] == match[1] for r in found["recordings"])


def _start(match: re.Match[str], found: Found) -> bool:
    starts = [r["start"] for r in found["recordings"]]
    return any(match[1].rstrip("Z") in start for start in starts)


def _apart(match: re.Match[str], found: Found) -> bool:
    starts = sorted(datetime.fromisoformat(r["start"]) for r in found["recordings"])
    return any((b - a).total_seconds() == 60 * float(match[1]) for a, b in pairwise(starts))


def _is_reported(match: re.Match[str], found: Found) -> bool:
    return bool(found["skipped"] or found["rows_left_out"] or _warnings(found))


def _counts_rows(match: re.Match[str], found: Found) -> bool:
    return sum(found["rows_left_out"].values()) > 0


def _warns(match: re.Match[str], found: Found) -> bool:
    words = re.findall(r"[a-z]{5,}", match[1].lower())
    text = " ".join(_warnings(found)).lower()
    return bool(text) and all(word in text for word in words)


def _is_refused(match: re.Match[str], found: Found) -> bool:
    words = re.findall(r"time_s|seconds|milliseconds|microseconds", match.string)
    reasons = " ".join(skip["reason"] for skip in found["skipped"])
    return bool(reasons) and all(word in reasons for word in words)


def _all_used(match: re.Match[str], found: Found) -> bool:
    return bool(found["recordings"]) and not found["skipped"]


def _file_used(match: re.Match[str], found: Found) -> bool:
    return bool(found["recordings"]) and match[1] not in {s["path"] for s in found["skipped"]}


def _is_trimmed(match: re.Match[str], found: Found) -> bool:
    return any("overlap" in warning and "trimmed" in warning for warning in _warnings(found))


def _warnings(found: Found) -> list[str]:
    return [warning for r in found["recordings"] for warning in r["warnings"]]


_CHECKS: tuple[tuple[str, Callable[[re.Match[str], Found], bool]], ...] = (
    (r"(\d+(?:\.\d+)?) Hz", _rate),
    (r"(?:over|stretch of) (?P<s>\d+(?:\.\d+)?) s\b", _seconds),
    (r"(?P<s>\d+(?:\.\d+)?) s (?:of \w+ )?(?:is |are )?(?:read|used)", _seconds),
    (r"\bone stretch\b|^sorted\b", _one_stretch),
    (r"\bdevice (\S+)", _device),
    (r"\b(?:lies? at|from) (\d{4}-\d\d-\d\dT[\d:]+Z|\d\d:\d\dZ)", _start),
    (r"(\d+) min apart", _apart),
    (r"\btold that\b|\bnamed\b", _is_reported),
    (r"\bleft out and counted|is left out|are left out", _counts_rows),
    (r"a warning: (.*)", _warns),
    (r"^refused|^an error", _is_refused),
    (r"\ball \w+ \w+ used", _all_used),
    (r"(\S+\.\w{3,4}) (?:is |are )?read", _file_used),
    (r"overlap trimmed", _is_trimmed),
)
