"""Secrets: masked in output, and read from files.

A URL may carry secrets before its host and in any query value, so all of these are masked. Every
error, log line and table that shows an address passes through here.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MASK = "**********"
FILE_SUFFIX = "_FILE"
MAX_BYTES = 65_536
# `pathlib` collapses the two slashes of a URL into one.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/+")
# In running text a URL ends at a space or a quote.
_URL = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*:/+[^\s'"<>`]+""")
_QUERY_PART = re.compile(r"(?:([^=&;]*)=)?[^&;]+")


def mask_url(value: str) -> str:
    """Return `value` with the user, password, query values and fragment of a URL masked."""
    scheme = _SCHEME.match(value)
    if scheme is None:
        return value
    head, tail = scheme.group(), value[scheme.end() :]
    # The last @: a password may contain one, a host may not.
    _, at, rest = tail.rpartition("@")
    address, query, values = rest.partition("?")
    if not query:
        address, query, values = rest.partition("#")
    shown = _QUERY_PART.sub(lambda part: f"{part[1]}={MASK}" if part[1] else MASK, values)
    return f"{head}{MASK + at if at else ''}{address}{query}{shown}"


def mask_address(value: str) -> str:
    """Mask a value that should be a URL but may not be one: text before an @ is masked as well."""
    if _SCHEME.match(value):
        return mask_url(value)
    _, at, rest = value.rpartition("@")
    return f"{MASK}@{mask_address(rest)}" if at else value


def mask_urls(text: str) -> str:
    """Return foreign text with each URL in it masked."""
    return _URL.sub(lambda match: mask_url(match.group()), text)


def mask_log(name: str) -> None:
    """Mask URLs in a library's log messages; idempotent."""
    logging.getLogger(name).addFilter(_mask_record)


def _mask_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = mask_urls(record.getMessage()), ()
    return True


def read_secret(path: Path) -> str:
    """Return a file's content without its trailing newline; raises `OSError` or `ValueError`."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    text = data.decode("utf-8").rstrip("\r\n")
    if not text:
        raise ValueError("it is empty")
    return text
