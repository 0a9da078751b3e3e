"""Variables of renamed or removed settings, which are still read for one release with a warning.

A renamed variable sets its successor. Window lengths are no longer settings: the weights are
trained for them (`models.network.windows`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from infra.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

RENAMED = {
    "EGOLOG_REFINE_BELOW": "EGOLOG_LLM_CONFIDENCE_THRESHOLD",
    "EGOLOG_REVIEW_BELOW": "EGOLOG_EXPERT_CONFIDENCE_THRESHOLD",
}
"""The old variable of each renamed setting, and the new one."""

FIXED_S = {
    "EGOLOG_SPATIAL_WINDOW_S": 1,
    "EGOLOG_HAR_WINDOW_S": 5,
    "EGOLOG_SCENARIO_WINDOW_S": 30,
    "EGOLOG_SEGMENT_S": 2,
}
"""Variables of lengths that the weights fix, and the only accepted value, s."""

REMOVED = {
    "EGOLOG_JOIN_GRACE_S": "no join waits for missing parts any more",
}
"""Variables of settings without effect, and why."""

NAMES = frozenset({*RENAMED, *FIXED_S, *REMOVED})


def successors(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the values of deprecated variables by the names of their successors.

    variables: everything that is set, by name in upper case. Logs a warning for each deprecated
    one.

    Raises `SettingsError` if an old and a new variable contradict each other, or if a fixed length
    has another value.
    """
    for name, length_s in FIXED_S.items():
        if name in variables:
            _check_fixed(name, variables[name], length_s)
    for name, why in REMOVED.items():
        if name in variables:
            log.warning("setting %s is deprecated: remove it, %s", name, why)
    values = {}
    for old, new in RENAMED.items():
        if old not in variables:
            continue
        if new in variables and not _same(variables[old], variables[new]):
            raise SettingsError(
                f"setting {old} has value '{variables[old]}', but {new} has value "
                f"'{variables[new]}': remove {old}, which is deprecated"
            )
        log.warning("setting %s is deprecated: use %s instead", old, new)
        values[new] = variables[old]
    return values


def _check_fixed(name: str, value: str, length_s: int) -> None:
    if not _same(value, str(length_s)):
        raise SettingsError(
            f"setting {name} has value '{value}', but the networks were trained on {length_s} s: "
            "remove it, the length is no longer a setting"
        )
    log.warning("setting %s is deprecated: remove it, the length is always %d s", name, length_s)


def _same(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return one.strip() == other.strip()
