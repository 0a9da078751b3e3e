"""`labels`: the activities that workers recognise by description (LanHAR §3.6)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from faust.cli import argument, option

from infra.broker import topic_creation
from infra.errors import LabelError
from models.lanhar.descriptions import labels as described
from models.serving.lanhar_loading import require_lanhar
from schemas.labels import label_key
from streams.commands.groups import ActionGroup
from streams.commands.running_services import running
from streams.commands.tables import table
from streams.engine.startup import open_registry
from streams.engine.vocabulary.known_labels import label_set
from streams.labels.describe import Describer, asking
from streams.labels.editor import AUTO, LabelEditor

if TYPE_CHECKING:
    from infra.settings import Settings
    from streams.engine.app import EgoLogApp

# The sensor encoder cannot distinguish two labels that are this similar.
_SAME = 0.98


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""
    group = ActionGroup(
        app,
        "labels",
        help="Manage the labels of the open vocabulary.\n\nA label is an activity known by its "
        "description alone. Running workers use a change from their next window on, without a "
        "restart and without training.",
    )

    @group.action(
        "add",
        argument("names", nargs=-1, metavar="NAME"),
        option(
            "--describe",
            default=AUTO,
            metavar="TEXT|auto",
            help="Description of the activity and its body movement, one per line; auto asks the "
            "language model and falls back to the descriptions of the package.",
        ),
    )
    async def labels_add(names: tuple[str, ...], describe: str) -> None:
        """Add a label."""
        await _add(app, _one_name("add", names), describe)

    @group.action("remove", argument("names", nargs=-1, metavar="NAME"))
    async def labels_remove(names: tuple[str, ...]) -> None:
        """Remove a label, also one that ships with the package."""
        name = _one_name("remove", names)
        editor = await _open_editor(app, running(app.settings, "broker_url"), Describer(None))
        print(f"removed {await editor.remove(name)!r}")

    @group.action("list", argument("names", nargs=-1, metavar=""))
    async def labels_list(names: tuple[str, ...]) -> None:
        """List the labels with their state and description."""
        if names:
            raise LabelError(f"labels list takes no name, but got {names[0]!r}: leave it out")
        editor = await _open_editor(app, running(app.settings, "broker_url"), Describer(None))
        table(("label", "state", "description"), editor.rows())
        others = [name for name in described() if editor.labels.state(label_key(name)) is None]
        print(f"described in the package, but not added: {', '.join(others)}")


async def _add(app: EgoLogApp, name: str, describe: str) -> None:
    """Add a label with a description, or one that is asked for; print what came of it."""
    settings = running(app.settings, "broker_url")
    describer = Describer(None)
    if describe == AUTO and settings.llm_api_key is not None:
        # The day's budget is counted in the store.
        settings = running(settings, "redis_url")
        describer = Describer(asking(settings), settings.llm_model)
    editor = await _open_editor(app, settings, describer)
    added = await editor.add(name, describe)
    for line in describer.notes:
        print(line, file=sys.stderr)
    count = len(added.description.texts)
    texts = f"{count} description(s) by {added.description.by}" if count else "as shipped"
    print(f"added {added.name!r}: {texts}")
    if added.nearest is not None and added.nearest[1] >= _SAME:
        print(
            f"warning: its description is hardly distinguishable from {added.nearest[0]!r}; "
            "say in --describe what sets it apart",
            file=sys.stderr,
        )


async def _open_editor(app: EgoLogApp, settings: Settings, describer: Describer) -> LabelEditor:
    """Return an editor that has read the topic; unreadable messages are listed on stderr."""
    lanhar = require_lanhar(open_registry(app.settings))
    await topic_creation.create(settings)
    editor = LabelEditor(settings, label_set(lanhar), lanhar.embed, describer.describe)
    await editor.open()
    for line in editor.unreadable:
        print(f"skipped {line}", file=sys.stderr)
    return editor


def _one_name(action: str, names: tuple[str, ...]) -> str:
    """Return the one name of an action; raises `LabelError`."""
    if not names:
        raise LabelError(f'label name is missing: expected `labels {action} "folding laundry"`')
    if len(names) > 1:
        raise LabelError(
            f"labels {action} takes one name, but got {len(names)}: put it in quotes, "
            f'"{" ".join(names)}"'
        )
    return names[0]
