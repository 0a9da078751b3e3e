"""`import`, called with the options that its command line gives by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streams.commands import import_

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Commands:
    """Stands in for the app: keeps the command instead of adding it."""

    def command(self, *options: Any) -> Callable[[Any], Any]:
        return lambda function: setattr(self, "run", function)


async def run_import(path: Path, **options: Any) -> None:
    app: Any = Commands()
    import_.register(app)
    given = {
        "dry_run": False,
        "as_json": False,
        "device": None,
        "start": None,
        "as_format": "auto",
        "speed": None,
        "position": None,
        "session": None,
    }
    await app.run(None, path=path, **{**given, **options})
