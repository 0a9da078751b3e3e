"""An export of a maker's program, opened a month after it was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.recordings.imports.importing import open_import
from schemas.frames import NS
from tests.models.recordings.imports.motion.wearer import NOW_S

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.imports.import_result import Import


def import_of(path: Path, **options: Any) -> Import:
    return open_import(path, now_ns=round(NOW_S) * NS, **options)
