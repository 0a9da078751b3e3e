"""`dead-letters`: show, replay and delete messages that could not be processed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from faust.cli import argument, option

from infra import topics
from infra.broker.dead_letters import LetterSelection, purge, replay, scan
from infra.errors import InfraError
from schemas import DeadLetter, SchemaError
from schemas.event_time import NS_PER_MS, iso
from streams.commands.groups import ActionGroup
from streams.commands.running_services import running
from streams.commands.tables import table
from streams.commands.times import time_ns

if TYPE_CHECKING:
    from collections import Counter

    from infra.settings import Settings
    from streams.engine.app import EgoLogApp

_SHOWN_BYTES = 256
_BYTES_A_LINE = 16

_FILTERS = (
    option("--topic", help="Only of this topic, with or without its prefix."),
    option("--device", help="Only of this device; `unknown` where the key named none."),
    option("--reason", help="Only with this reason, as the list shows it."),
    option("--from", "from_", help="Only written from this time on, ISO 8601."),
    option("--to", help="Only written before this time, ISO 8601."),
)
_DRY_RUN = option("--dry-run", is_flag=True, help="Only print what would be done.")


class DeadLetterCommandError(InfraError):
    """An invalid request about dead letters."""


def register(app: EgoLogApp) -> None:
    """Add the actions to the app; `dead-letters` is short for `dead-letters list`."""
    group = ActionGroup(
        app,
        "dead-letters",
        "Manage dead letters.\n\nA dead letter is a message that could not be "
        "processed, with where it stood and why.",
        default="list",
        bare=True,
    )

    @group.action("list", *_FILTERS)
    async def dead_letters_list(**filters: str | None) -> None:
        """List dead letters with their reasons."""
        settings = running(app.settings, "broker_url")
        await _print_list(settings, _selection(settings, **filters))

    @group.action("show", argument("message", metavar="MESSAGE"))
    async def dead_letters_show(message: str) -> None:
        """Show all that is known of one dead letter.

        MESSAGE is as the list names it, `audio.frames[0]@17`.
        """
        async for record in scan(running(app.settings, "broker_url")):
            if record.letter is not None and record.letter.origin == message:
                print("\n".join(_lines(record.letter, record.written_ms)))
                return
        raise DeadLetterCommandError(
            f"dead letter {message!r} is unknown; expected one that `dead-letters list` names"
        )

    @group.action("replay", *_FILTERS, _DRY_RUN)
    async def dead_letters_replay(dry_run: bool, **filters: str | None) -> None:
        """Publish the messages of dead letters to their topics again.

        They stay listed until they are purged; those that fail again are listed as new ones.
        """
        settings = running(app.settings, "broker_url")
        handled = await replay(settings, _selection(settings, **filters), dry_run=dry_run)
        print(f"{'would publish' if dry_run else 'published'} {_count(handled.done)} again")
        _print_left_out(handled.left_out)

    @group.action("purge", *_FILTERS, _DRY_RUN)
    async def dead_letters_purge(dry_run: bool, **filters: str | None) -> None:
        """Delete dead letters, without a filter all of them.

        They are unreadable at once; Kafka frees the disk when their segment is rolled, within 6 h.
        """
        settings = running(app.settings, "broker_url")
        handled = await purge(settings, _selection(settings, **filters), dry_run=dry_run)
        print(f"{'would delete' if dry_run else 'deleted'} {_count(handled.done)}")


async def _print_list(settings: Settings, selection: LetterSelection) -> None:
    """Print the selected dead letters in the order of their messages."""
    rows: list[tuple[tuple[Any, ...], tuple[str, str, str]]] = []
    async for record in scan(settings):
        letter = record.letter
        if letter is None:
            print(f"skipped {record.place}: {record.error}", file=sys.stderr)
        elif selection.fits(record):
            key = (letter.topic, letter.partition, letter.offset)
            rows.append((key, (letter.origin, letter.reason, letter.error)))
    shown = [row for _, row in sorted(rows)]
    table(("message", "reason", "error"), shown, empty="no dead letters")


def _selection(
    settings: Settings,
    topic: str | None,
    device: str | None,
    reason: str | None,
    from_: str | None,
    to: str | None,
) -> LetterSelection:
    known = {settings.topic(each.name) for each in topics.TOPICS}
    if topic is not None and topic not in known and settings.topic(topic) in known:
        topic = settings.topic(topic)
    first_ms, end_ms = (
        None if text is None else time_ns(text) // NS_PER_MS for text in (from_, to)
    )
    return LetterSelection(topic, device, reason, first_ms, end_ms)


def _lines(letter: DeadLetter, written_ms: int) -> list[str]:
    rows = {
        "message": letter.origin,
        "written": iso(written_ms * NS_PER_MS),
        "device": letter.device_id,
        "stage": letter.stage,
        "reason": letter.reason,
        "error": letter.error,
        "size": _size(letter),
    }
    width = max(map(len, rows))
    lines = [f"{name.ljust(width)}  {value}" for name, value in rows.items()]
    kind = {topic.name: topic.value for topic in topics.TOPICS}
    for name, value in kind.items():
        if letter.topic.endswith(name):
            try:
                lines.append(f"{'content'.ljust(width)}  {value.decode(letter.value)!r}")
            except SchemaError:
                continue
            break
    return [*lines, *_hex(letter.value[:_SHOWN_BYTES])]


def _size(letter: DeadLetter) -> str:
    """Return a message's size, and what the letter kept of it."""
    kept = len(letter.value)
    if letter.topic.endswith(topics.AUDIO_FRAMES) and letter.size != kept:
        return f"{letter.size} bytes; kept are {kept} of its header and hash, no sound"
    return f"{letter.size} bytes, of which {kept} are kept"


def _hex(value: bytes) -> list[str]:
    lines = []
    for begin in range(0, len(value), _BYTES_A_LINE):
        part = value[begin : begin + _BYTES_A_LINE]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{begin:06x}  {part.hex(' ').ljust(3 * _BYTES_A_LINE)} {text}")
    return lines


def _count(number: int) -> str:
    return f"{number} dead letter{'' if number == 1 else 's'}"


def _print_left_out(reasons: Counter[str]) -> None:
    for why, number in sorted(reasons.items()):
        print(f"left out {_count(number)}: {why}", file=sys.stderr)
