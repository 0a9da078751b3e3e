"""Ids of devices and sessions, which are keys of topics and of the store."""

from __future__ import annotations

import re

ID_PATTERN = r"^[A-Za-z0-9._:-]{1,64}$"
EXPECTED_ID = "1 to 64 letters, digits, dots, colons, dashes and underscores"

_MAX_LENGTH = 64
_ID = re.compile(ID_PATTERN)
_OTHERS = re.compile(r"[^A-Za-z0-9._:-]+")


def is_id(text: str) -> bool:
    """Return whether `text` can be the id of a device or a session."""
    return _ID.fullmatch(text) is not None


def id_from(name: str, otherwise: str, strip: str = "") -> str:
    """Return `name` as an id: each run of other characters is a dash.

    Characters of `strip` are removed from both ends; `otherwise` is for what leaves nothing.
    """
    return _OTHERS.sub("-", name).strip(strip)[:_MAX_LENGTH] or otherwise
