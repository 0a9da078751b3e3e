"""JSON web tokens as an identity provider's command prints them."""

from __future__ import annotations

import base64
import json
from typing import Any


def jwt(**claims: Any) -> str:
    """Return a token that nobody signed."""
    parts = ({"alg": "none"}, claims)
    return (
        ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in parts
        )
        + "."
    )
