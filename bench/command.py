"""What commands with one measurement have in common: they run it, print it and keep it."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from infra.errors import InfraError
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path
    from typing import Any

    from bench.figures import Figures


def measured(work: Coroutine[Any, Any, Figures], kept: Path | None) -> Figures | None:
    """Return the figures of `work`, printed as JSON and `kept` in a file if one is named.

    A service that is missing is one line of error, and None.
    """
    try:
        figures = asyncio.run(work)
    except InfraError as error:
        print(f"error: {error}", file=sys.stderr)
        return None
    text = json.dumps(figures, indent=1) + "\n"
    print(text, end="")
    if kept is not None:
        write_atomically(kept, text)
    return figures
