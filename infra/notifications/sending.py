"""Sending a notification once, within a deadline: to a webhook, ntfy or an MQTT broker.

Redirects are not followed, as they would carry the token elsewhere, and only the status of a
response is read.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from infra.errors import InfraError
from schemas.event_time import iso
from schemas.extras import MissingExtraError, needs

if TYPE_CHECKING:
    from infra.notifications.rules_file import Target
    from schemas.notification import Notification

DEADLINE_S = 10.0
# Statuses worth a retry: too many requests, and server errors.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_IN_TOPICS = re.compile(r"[^A-Za-z0-9_-]+")


class SendError(InfraError):
    """Sending failed; `passing` if a retry may help."""

    def __init__(self, text: str, *, passing: bool = True) -> None:
        super().__init__(text)
        self.passing = passing


async def send(name: str, target: Target, notification: Notification) -> None:
    """Send a notification to a target, `name` in the rules file; raises `SendError`."""
    deliver = {"webhook": _webhook, "ntfy": _ntfy, "mqtt": _mqtt}[target.kind]
    try:
        async with asyncio.timeout(DEADLINE_S):
            await deliver(target, notification)
    except TimeoutError as error:
        raise SendError(
            f"target {name!r} at {target.masked_address} did not answer within {DEADLINE_S:.0f} s"
        ) from error
    except SendError as error:
        raise SendError(
            f"target {name!r} at {target.masked_address}: {error}", passing=error.passing
        ) from error


def fields_of(notification: Notification) -> dict[str, Any]:
    """Return a notification's JSON fields for webhooks and MQTT."""
    return {
        "id": notification.notification_id,
        "rule": notification.rule,
        "device": notification.device_id,
        "at": iso(notification.at_ns),
        "text": notification.text,
    }


async def _webhook(target: Target, notification: Notification) -> None:
    await _post(
        target,
        target.url.get_secret_value(),
        fields_of(notification),
        {"Idempotency-Key": notification.notification_id},
    )


async def _ntfy(target: Target, notification: Notification) -> None:
    address = urlsplit(target.url.get_secret_value())
    folder, _, topic = address.path.rstrip("/").rpartition("/")
    body = {
        "topic": topic,
        "title": f"EgoLog: {notification.rule}",
        "message": f"{notification.text}, {iso(notification.at_ns)}",
    }
    root = urlunsplit((address.scheme, address.netloc, folder + "/", "", ""))
    await _post(target, root, body, {})


async def _post(target: Target, url: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    if target.token is not None:
        headers = {**headers, "Authorization": f"Bearer {target.token.get_secret_value()}"}
    context = True if target.ca is None else _context(target)
    # The caller's deadline covers the whole call.
    timeout = aiohttp.ClientTimeout(total=None)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.post(
                url, json=body, headers=headers, allow_redirects=False, ssl=context
            ) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, OSError) as error:
        raise SendError(_cause(error)) from error
    if 300 <= status < 400:
        raise SendError(
            f"it answers with a redirect ({status}); expected its own address", passing=False
        )
    if status >= 400:
        raise SendError(f"it answers with status {status}", passing=status in _PASSING)


async def _mqtt(target: Target, notification: Notification) -> None:
    try:
        with needs("aiomqtt", "mqtt needs"):
            import aiomqtt
    except MissingExtraError as error:
        raise SendError(str(error), passing=False) from error
    address = urlsplit(target.url.get_secret_value())
    tls = address.scheme == "mqtts"
    password = target.password and target.password.get_secret_value()
    topic, discovery = topics_of(target, notification)
    try:
        async with aiomqtt.Client(
            str(address.hostname),
            address.port or (8883 if tls else 1883),
            username=target.username,
            password=password,
            tls_context=_context(target) if tls else None,
            timeout=DEADLINE_S,
        ) as client:
            await client.publish(
                discovery, json.dumps(discovery_payload(topic, notification)), 1, True
            )
            event = {"event_type": notification.rule, **fields_of(notification)}
            await client.publish(topic, json.dumps(event), 1)
    except (aiomqtt.MqttError, OSError) as error:
        raise SendError(_cause(error)) from error


def topics_of(target: Target, notification: Notification) -> tuple[str, str]:
    """Return the topic of events, and the topic of Home Assistant's discovery."""
    device, rule = (_topic_part(each) for each in (notification.device_id, notification.rule))
    return (
        f"egolog/{device}/{rule}",
        f"{target.discovery}/event/egolog_{device}/{rule}/config",
    )


def discovery_payload(topic: str, notification: Notification) -> dict[str, Any]:
    """Return Home Assistant's discovery payload for a rule and device."""
    device = notification.device_id
    return {
        "name": notification.rule,
        "unique_id": f"egolog_{_topic_part(device)}_{_topic_part(notification.rule)}",
        "state_topic": topic,
        "event_types": [notification.rule],
        "device": {
            "identifiers": [f"egolog_{_topic_part(device)}"],
            "name": f"EgoLog {device}",
            "manufacturer": "EgoLog Streams",
        },
        "origin": {"name": "EgoLog Streams"},
    }


def _topic_part(text: str) -> str:
    return _NOT_IN_TOPICS.sub("_", text)


def _context(target: Target) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=target.ca)
    except (OSError, ssl.SSLError) as error:
        raise SendError(f"ca {target.ca} cannot be used: {_cause(error)}", passing=False) from error


def _cause(error: BaseException) -> str:
    """Return a short reason without addresses, which a library's message may contain."""
    inner = getattr(error, "os_error", None) or error
    return getattr(inner, "strerror", None) or type(inner).__name__
