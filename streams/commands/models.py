"""`models`: lists the revisions of the scenario network and selects one by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from faust.cli import argument

from infra.broker import topic_creation
from infra.device_state.checkpoints import Checkpoints
from infra.device_state.corrected_windows import CorrectedWindows
from infra.errors import RevisionError
from infra.model_store import deployment
from infra.model_store.deployment import SCENARIO
from infra.redis.client import connect
from models.serving.registry import REVISION_DIGITS
from models.serving.served import SCENARIO as SCENARIO_NET
from schemas.frames import NS
from schemas.learning import SHIPPED
from streams.commands.groups import ActionGroup
from streams.commands.running_services import running
from streams.commands.tables import table
from streams.engine.startup import open_registry
from streams.engine.wearers import STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.model_store.history import Attempt
    from infra.settings import Settings
    from schemas import ModelUpdate
    from streams.engine.app import EgoLogApp

# Fewer digits are more likely a typing error than a revision's prefix.
_MIN_DIGITS = 4
_NOT_IN_USE = {"accepted": "not in use"}
_HEAD = ("revision", "parent", "created", "state", "before → after", "reason")


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""
    group = ActionGroup(
        app,
        "models",
        help="Manage the revisions of the scenario network.\n\nRunning workers switch to another "
        "revision between two windows (hot reload).",
    )

    @group.action("list", argument("names", nargs=-1, metavar=""))
    async def models_list(names: tuple[str, ...]) -> None:
        """List the revisions with their state and metrics."""
        _no_name("list", names)
        settings, shipped = await _open_pipeline(app)
        now = await deployment.in_use(settings)
        table(_HEAD, rows(await deployment.history(settings), now, shipped))

    @group.action("pin", argument("names", nargs=-1, metavar="REVISION"))
    async def models_pin(names: tuple[str, ...]) -> None:
        """Use a revision and publish no other one until `unpin`.

        REVISION is one of `models list`, its first digits, or `shipped` for the weights of the
        package.
        """
        await _pin(app, _one_name("pin", "revision of `models list`", names))

    @group.action("unpin", argument("names", nargs=-1, metavar=""))
    async def models_unpin(names: tuple[str, ...]) -> None:
        """Let the fine-tuner publish revisions again."""
        _no_name("unpin", names)
        settings, shipped = await _open_pipeline(app)
        _print("unpinned; still in use:", await deployment.unpin(settings), shipped)

    @group.action("rollback", argument("names", nargs=-1, metavar=""))
    async def models_rollback(names: tuple[str, ...]) -> None:
        """Roll back to the parent of the revision in use."""
        _no_name("rollback", names)
        settings, shipped = await _open_pipeline(app)
        _print("rolled back to", await deployment.rollback(settings), shipped)

    @group.action("forget", argument("names", nargs=-1, metavar="DEVICE"))
    async def models_forget(names: tuple[str, ...]) -> None:
        """Delete the adaptation to the wearer of a device.

        This is what was learned from the wearer's corrections and, with EGOLOG_WEARER_ADAPTATION,
        from refined windows; the log stays corrected.
        """
        device_id = _one_name("forget", "device", names)
        print(await forget(running(app.settings, "redis_url"), device_id))


async def _pin(app: EgoLogApp, name: str) -> None:
    settings, shipped = await _open_pipeline(app)
    known = [attempt.revision for attempt in await deployment.history(settings)]
    chosen = SHIPPED if name == shipped else _complete_name(name, [*known, SHIPPED])
    _print("pinned", await deployment.pin(settings, chosen), shipped)


async def _open_pipeline(app: EgoLogApp) -> tuple[Settings, str]:
    """Return the running services' settings, topics created, and the shipped revision."""
    shipped = open_registry(app.settings).weights(SCENARIO_NET).revision
    settings = running(app.settings, "broker_url", "redis_url")
    await topic_creation.create(settings)
    return settings, shipped


def _print(done: str, update: ModelUpdate, shipped: str) -> None:
    print(f"{done} revision {_revision_text(update.revision, shipped)} of model {SCENARIO!r}")


async def forget(settings: Settings, device_id: str) -> str:
    """Remove a wearer's adapters and return what happened; raises `StoreError`."""
    redis = await connect(settings)
    try:
        gone = await Checkpoints(redis, settings.app_id).remove(STAGE, device_id)
        gone |= bool(await CorrectedWindows(redis, settings.app_id).erase(device_id))
    finally:
        await redis.aclose()
    return (
        f"forgot the wearer of device {device_id!r}"
        if gone
        else f"nothing was learned of the wearer of device {device_id!r}"
    )


def rows(
    attempts: Sequence[Attempt], now: ModelUpdate, shipped: str
) -> list[tuple[str, str, str, str, str, str]]:
    """Return the cells of every revision, the shipped weights first, the newest last."""
    state = _in_use(now) if now.revision == SHIPPED else ""
    cells = [
        (
            _revision_text(SHIPPED, shipped),
            "",
            "",
            state or "not in use",
            "",
            "ships with the package",
        )
    ]
    for attempt in attempts:
        in_use = attempt.revision == now.revision
        state = _in_use(now) if in_use else _NOT_IN_USE.get(attempt.state, attempt.state)
        cells.append(
            (
                attempt.revision,
                attempt.parent or "",
                _moment(attempt.created_ns),
                f"{state}, refused" if attempt.refused else state,
                _figures(attempt.before, attempt.after),
                f"refused: {attempt.refused}" if attempt.refused else attempt.reason,
            )
        )
    return cells


def _in_use(now: ModelUpdate) -> str:
    return "in use, pinned" if now.pinned else "in use"


def _revision_text(revision: str, shipped: str) -> str:
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


def _complete_name(name: str, known: Sequence[str]) -> str:
    """Return the one revision that begins with `name`; raises `RevisionError`."""
    if name in known or not _MIN_DIGITS <= len(name) < REVISION_DIGITS:
        return name
    matches = [revision for revision in known if revision.startswith(name)]
    if len(matches) > 1:
        raise RevisionError(f"revision {name!r} is ambiguous: expected one of {', '.join(matches)}")
    return matches[0] if matches else name


def _no_name(action: str, names: tuple[str, ...]) -> None:
    if names:
        raise RevisionError(f"models {action} takes no name, but got {names[0]!r}")


def _one_name(action: str, kind: str, names: tuple[str, ...]) -> str:
    """Return the one name of an action; raises `RevisionError`."""
    if len(names) != 1:
        raise RevisionError(f"models {action} takes one {kind}, but got {len(names)} names")
    return names[0]
