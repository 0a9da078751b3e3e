"""What a channel has received, without Faust's stream around each event.

Faust's stream suspends for each event and tells two sensors of it, for as much CPU time as to
decode a frame. Nothing of that is needed by who acknowledges by itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from faust.types import EventT, StreamT

# Taken without a pause where more has come: a millisecond's worth.
_AT_ONCE = 32


async def events(stream: StreamT[Any]) -> AsyncIterator[EventT]:
    """Yield the events of a stream's channel that are of the present assignment.

    The others will be read again; who takes them acknowledges none of them. They end where Faust
    stops the agent.
    """
    app, queue = stream.app, stream.channel.queue
    taken = 0
    while True:
        if queue.empty() or taken == _AT_ONCE:
            # Nothing is in hand at a pause: whoever asks sees all that is left in the queue.
            await asyncio.sleep(0)
            taken = 0
        try:
            event = await queue.get()
        except StopAsyncIteration:
            return
        taken += 1
        message = event.message
        if not app.flow_control.is_active() or message.generation_id != app.consumer_generation_id:
            continue
        if not message.tracked:
            message.tracked = True
            app.consumer.track_message(message)
        yield event
        # Nor are its bytes held while the next one is waited for.
        del event, message
