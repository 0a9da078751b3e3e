"""Files of figures that earlier runs wrote."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def read_figures(path: str) -> Any:
    """Return the figures that an earlier run wrote to a file, as an argument's type.

    Raises `argparse.ArgumentTypeError` if it cannot be read.
    """
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"figures {path!r} cannot be read ({error}); expected the JSON file of an earlier run"
        ) from error
