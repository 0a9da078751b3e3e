"""Rules of notification in a few words, by wearers or carers, and notifications.

```
far siren > 0.8              a sound event of a half minute, near or far or anywhere
activity talking > 0.9       an activity of five seconds
scenario Cooking > 0.7       a scenario of a half minute
no motion for 2 h            half minutes with motion data, without a gap, in which nothing moved
device silent for 10 min     no data from the device
```

The word before a name may be omitted if the name is unambiguous.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.evidence import DISTANCES
from schemas.message import DeviceId, TimeNs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Kind = Literal["sound", "activity", "scenario", "still", "silent"]

NAMED: tuple[Kind, ...] = ("sound", "activity", "scenario")
EXAMPLES = "'far siren > 0.8', 'no motion for 2 h' or 'device silent for 10 min'"
_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")
_LASTING = re.compile(r"(no motion|device silent)(?:\s+for)?\s+(.+)")
_ABOVE = re.compile(r"(.+?)\s*>\s*(.+)")


class RuleError(ValueError):
    """A rule is invalid; the text names the part and what would be valid."""


@dataclass(frozen=True)
class Condition:
    """A condition: `name` is above a probability, or there was no motion or no data for `for_s`.

    `place` is the distance of the sound event, None for any; a sound event of unknown distance does
    not match a `place`.
    """

    kind: Kind
    name: str = ""
    place: str | None = None
    above: float = 0.0
    for_s: float = 0.0


@dataclass(frozen=True)
class Rule:
    """A rule of notification: `when` is its text, and it fires at most once in `cool_down_s`.

    `device` None means every device. Notifications later than `not_older_than_s` after the event
    are recorded but not sent. `targets` are names.
    """

    name: str
    when: str
    condition: Condition
    targets: tuple[str, ...]
    cool_down_s: float = 600.0
    not_older_than_s: float = 3_600.0
    device: str | None = None


class Notification(BaseModel):
    """A notification of an event time; the same event always has the same `notification_id`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notification_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    rule: Annotated[str, Field(max_length=64)]
    device_id: DeviceId
    at_ns: TimeNs
    text: Annotated[str, Field(max_length=300)]
    old: bool = False


def notification_id(rule: str, device_id: str, what: str) -> str:
    """Return the id of an event, a function of the data alone."""
    return hashlib.sha256("\n".join((rule, device_id, what)).encode()).hexdigest()[:32]


def duration_s(text: str) -> float:
    """Return a duration such as `10 min` in seconds; raises `RuleError`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not float(match[1]) > 0:
        raise RuleError(
            f"duration is {text.strip()[:40]!r}; expected a number and a unit, such as 90 s, "
            "10 min, 2 h or 1 d"
        )
    return float(match[1]) * _UNITS[match[2]]


def parse_condition(text: str, names: Mapping[Kind, Collection[str]]) -> Condition:
    """Return the condition of a rule's words; `names` are the known sounds, activities, scenarios.

    Case and blanks are ignored. Raises `RuleError`.
    """
    words = " ".join(text.split())
    lasting = _LASTING.fullmatch(words.casefold())
    if lasting is not None:
        kind: Kind = "still" if lasting[1] == "no motion" else "silent"
        return Condition(kind, for_s=duration_s(lasting[2]))
    compared = _ABOVE.fullmatch(words)
    if compared is None:
        raise RuleError(f"rule is {words[:60]!r}; expected one like {EXAMPLES}")
    kind, name, place = _parse_name(compared[1].casefold(), names)
    return Condition(kind, name, place, _probability(compared[2]))


def _parse_name(words: str, names: Mapping[Kind, Collection[str]]) -> tuple[Kind, str, str | None]:
    kinds: tuple[Kind, ...] = NAMED
    place = None
    first, _, rest = words.partition(" ")
    if first in DISTANCES and rest:
        place, kinds, words = first, ("sound",), rest
        first, _, rest = words.partition(" ")
    for kind in kinds:
        if first == kind and rest:
            kinds, words = (kind,), rest
    meant = [(kind, name) for kind in kinds for name in names[kind] if name.casefold() == words]
    if not meant:
        of = " or ".join(kinds)
        raise RuleError(f"name {words[:60]!r} is of no {of}; expected one like {EXAMPLES}")
    if len(meant) > 1:
        choices = " or ".join(repr(f"{kind} {name}") for kind, name in meant)
        raise RuleError(f"name {words[:60]!r} is of {len(meant)} kinds; expected {choices}")
    return (*meant[0], place)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise RuleError(f"probability is {text[:40]!r}; expected a number from 0 to below 1")
    return value
