"""`labels`: the activities that workers know by their description (LanHAR §3.6)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from faust.cli import argument, option

from infra import topics
from infra.errors import LabelError
from models.lanhar.descriptions import labels as described
from models.serving.open_vocabulary import require_lanhar
from schemas.labels import label_key
from streams.commands.common import one_line_errors, running, table
from streams.engine.runtime import open_registry
from streams.engine.vocabulary.known_labels import label_set
from streams.labels.describe import Describer, asking
from streams.labels.editor import AUTO, LabelEditor

if TYPE_CHECKING:
    from streams.engine.app import EgoLogApp

ACTIONS = ("add", "remove", "list")
# Two labels this alike are one activity to the sensor encoder.
_SAME = 0.98


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""

    @app.command(
        argument("action", metavar="add|remove|list"),
        argument("names", nargs=-1, metavar="[NAME]"),
        option(
            "--describe",
            default=AUTO,
            metavar="TEXT|auto",
            help="What is done and how the body moves, one description a line; auto asks the "
            "language model, else takes the descriptions that come with the package.",
        ),
    )
    @one_line_errors
    async def labels_command(self: Any, action: str, names: tuple[str, ...], describe: str) -> None:
        """Add, remove or list the activities that are known by their description.

        Running workers use a change from their next window on; nothing is trained or restarted.
        """
        name = _one_name(action, names)
        registry = open_registry(app.settings)
        settings = running(app.settings, "broker_url")
        lanhar = require_lanhar(registry)
        await topics.create(settings)
        describer = Describer(None)
        if action == "add" and describe == AUTO and settings.llm_api_key is not None:
            settings = running(settings, "redis_url")
            describer = Describer(asking(settings), settings.llm_model)
        editor = LabelEditor(settings, label_set(lanhar), lanhar.embed, describer.describe)
        await editor.open()
        for line in editor.unreadable:
            print(f"left out {line}", file=sys.stderr)
        if action == "add":
            added = await editor.add(name, describe)
            for line in describer.notes:
                print(line, file=sys.stderr)
            count = len(added.description.texts)
            texts = f"{count} text(s), by {added.description.by}" if count else "as it was shipped"
            print(f"added {added.name!r}: {texts}")
            if added.nearest is not None and added.nearest[1] >= _SAME:
                print(
                    f"it reads like {added.nearest[0]!r}; say in --describe what sets it apart",
                    file=sys.stderr,
                )
        elif action == "remove":
            print(f"removed {await editor.remove(name)!r}")
        else:
            table(("label", "state", "described"), editor.rows())
            others = [name for name in described() if editor.labels.state(label_key(name)) is None]
            print(f"described, and not in force until they are added: {', '.join(others)}")


def _one_name(action: str, names: tuple[str, ...]) -> str:
    """Return the name that an action is about; raises `LabelError`."""
    if action not in ACTIONS:
        raise LabelError(f"action {action!r} is unknown: want {', '.join(ACTIONS[:-1])} or list")
    if action == "list":
        if names:
            raise LabelError(f"labels list takes no name, but got {names[0]!r}: leave it out")
        return ""
    if not names:
        raise LabelError(f'label name is missing: want `labels {action} "folding laundry"`')
    if len(names) > 1:
        raise LabelError(
            f"labels {action} takes one name, but got {len(names)}: put it in quotes, "
            f'"{" ".join(names)}"'
        )
    return names[0]
