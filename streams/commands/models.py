"""`models`: which revision of the scenario network is in use, and choosing another by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from faust.cli import argument

from infra import topics
from infra.checkpoints import Checkpoints
from infra.errors import RevisionError
from infra.model_store import deployment
from infra.model_store.deployment import SCENARIO
from infra.redis_store import connect
from models.serving.registry import REVISION_DIGITS
from schemas.frames import NS
from schemas.learning import SHIPPED
from streams.commands.common import one_line_errors, running, table
from streams.engine.runtime import open_registry
from streams.engine.wearers import STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.model_store.history import Attempt
    from infra.settings import Settings
    from schemas import ModelUpdate
    from streams.engine.app import EgoLogApp

ACTIONS = ("list", "pin", "unpin", "rollback", "forget")
# Fewer digits are more likely a slip than the beginning of a revision.
_MIN_DIGITS = 4
_WANTED = {"pin": "one revision of `models list`", "forget": "one device"}
_NOT_IN_USE = {"accepted": "not in use"}
_HEAD = ("revision", "parent", "tried", "state", "before → after", "why")


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""

    @app.command(
        argument("action", metavar="list|pin|unpin|rollback|forget"),
        argument("names", nargs=-1, metavar="[REVISION|DEVICE]"),
    )
    @one_line_errors
    async def models_command(self: Any, action: str, names: tuple[str, ...]) -> None:
        """List the revisions of the scenario network, or choose which one workers use.

        pin uses REVISION, or shipped, until unpin: nothing else is published meanwhile. rollback
        uses the parent of the one in use. Running workers change between two windows. forget
        drops what was learned of the wearer of DEVICE alone (EGOLOG_WEARER_ADAPTATION).
        """
        name = _one_name(action, names)
        if action == "forget":
            print(await forget(running(app.settings, "redis_url"), name))
            return
        registry = open_registry(app.settings)
        shipped = registry.load(SCENARIO).revision
        settings = running(app.settings, "broker_url", "redis_url")
        await topics.create(settings)
        if action == "list":
            now = await deployment.in_use(settings)
            table(_HEAD, rows(await deployment.history(settings), now, shipped))
            return
        if action == "pin":
            known = [attempt.revision for attempt in await deployment.history(settings)]
            chosen = SHIPPED if name == shipped else _completed(name, [*known, SHIPPED])
            update = await deployment.pin(settings, chosen)
            said = "pinned"
        elif action == "unpin":
            update = await deployment.unpin(settings)
            said = "unpinned; still in use:"
        else:
            update = await deployment.rollback(settings)
            said = "rolled back to"
        print(f"{said} revision {_shown(update.revision, shipped)} of model {SCENARIO!r}")


async def forget(settings: Settings, device_id: str) -> str:
    """Remove a wearer's adapter and return what happened; raises `StoreError`."""
    redis = await connect(settings)
    try:
        gone = await Checkpoints(redis, settings.app_id).remove(STAGE, device_id)
    finally:
        await redis.aclose()
    return f"forgot the wearer of device {device_id!r}" if gone else "nothing was learned of it"


def rows(
    attempts: Sequence[Attempt], now: ModelUpdate, shipped: str
) -> list[tuple[str, str, str, str, str, str]]:
    """Return the cells of every revision, the shipped weights first, the newest last."""
    state = _in_use(now) if now.revision == SHIPPED else ""
    found = [(_shown(SHIPPED, shipped), "", "", state or "not in use", "", "with the package")]
    for attempt in attempts:
        in_use = attempt.revision == now.revision
        state = _in_use(now) if in_use else _NOT_IN_USE.get(attempt.state, attempt.state)
        found.append(
            (
                attempt.revision,
                attempt.parent or "",
                _moment(attempt.created_ns),
                f"{state}, refused" if attempt.refused else state,
                _figures(attempt.before, attempt.after),
                f"refused: {attempt.refused}" if attempt.refused else attempt.reason,
            )
        )
    return found


def _in_use(now: ModelUpdate) -> str:
    return "in use, pinned" if now.pinned else "in use"


def _shown(revision: str, shipped: str) -> str:
    return f"{SHIPPED} ({shipped})" if revision == SHIPPED else revision


def _moment(created_ns: int) -> str:
    return datetime.fromtimestamp(created_ns / NS, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _figures(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    names = [*before, *(name for name in after if name not in before)]
    return ", ".join(
        f"{name} {_figure(before.get(name))} → {_figure(after.get(name))}" for name in names
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _completed(name: str, known: Sequence[str]) -> str:
    """Return the one revision that begins with `name`; raises `RevisionError`."""
    if name in known or not _MIN_DIGITS <= len(name) < REVISION_DIGITS:
        return name
    found = [revision for revision in known if revision.startswith(name)]
    if len(found) > 1:
        raise RevisionError(f"revision {name!r} is one of {', '.join(found)}: want one of them")
    return found[0] if found else name


def _one_name(action: str, names: tuple[str, ...]) -> str:
    """Return the revision or device that an action is about; raises `RevisionError`."""
    if action not in ACTIONS:
        raise RevisionError(
            f"action {action!r} is unknown: want {', '.join(ACTIONS[:-1])} or {ACTIONS[-1]}"
        )
    if action not in _WANTED:
        if names:
            raise RevisionError(f"models {action} takes no name, but got {names[0]!r}")
        return ""
    if len(names) != 1:
        raise RevisionError(f"models {action} takes {_WANTED[action]}, but got {len(names)} names")
    return names[0]
