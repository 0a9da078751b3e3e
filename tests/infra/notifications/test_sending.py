from __future__ import annotations

import asyncio
import builtins
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.probe import free_port
from infra.notifications import sending
from infra.notifications.rules_file import Target
from infra.notifications.sending import SendError, send
from infra.notifications.target_check import send_test
from schemas.notification import Notification
from tests.infra.notifications.endpoint import serve_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTIFICATION = Notification(
    notification_id="a" * 32,
    rule="far siren",
    device_id="glasses:01",
    at_ns=1_772_438_400_000_000_000,
    text="glasses:01: far siren (90%) – Straße",
)
FIELDS = {
    "id": "a" * 32,
    "rule": "far siren",
    "device": "glasses:01",
    "at": "2026-03-02T08:00:00Z",
    "text": "glasses:01: far siren (90%) – Straße",
}


def target(kind: str, url: str, **more: Any) -> Target:
    return Target.model_validate({"kind": kind, "url": url, **more})


async def test_a_webhook_gets_what_happened_once_and_may_know_it_again() -> None:
    async with serve_endpoint() as (endpoint, url):
        await send("hook", target("webhook", f"{url}/in?key=1", token="tk"), NOTIFICATION)
    [(path, headers, body)] = endpoint.asked
    assert (path, body) == ("/in", FIELDS)
    assert headers["Authorization"] == "Bearer tk"
    assert headers["Idempotency-Key"] == "a" * 32


async def test_ntfy_gets_a_title_and_a_message_for_its_topic() -> None:
    async with serve_endpoint() as (endpoint, url):
        await send("phone", target("ntfy", f"{url}/below/my-topic"), NOTIFICATION)
        await send("phone", target("ntfy", f"{url}/other/"), NOTIFICATION)
    [(path, headers, body), (root, _, other)] = endpoint.asked
    assert path == "/below/"
    assert "Authorization" not in headers
    assert body == {
        "topic": "my-topic",
        "title": "EgoLog: far siren",
        "message": "glasses:01: far siren (90%) – Straße, 2026-03-02T08:00:00Z",
    }
    assert (root, other["topic"]) == ("/", "other")


async def test_a_redirect_is_not_followed() -> None:
    async with serve_endpoint() as (endpoint, url):
        endpoint.status = 307
        with pytest.raises(SendError, match=r"answers with a redirect \(307\)") as caught:
            await send("hook", target("webhook", f"{url}/in", token="tk"), NOTIFICATION)
    assert not caught.value.passing
    assert [path for path, _, _ in endpoint.asked] == ["/in"]


@pytest.mark.parametrize(
    ("status", "passing"), [(404, False), (401, False), (429, True), (503, True)]
)
async def test_a_refusal_is_named_and_says_whether_trying_again_may_help(
    status: int, passing: bool
) -> None:
    async with serve_endpoint() as (endpoint, url):
        endpoint.status = status
        with pytest.raises(SendError) as caught:
            await send("hook", target("webhook", f"{url}/sec", token="tk_sec"), NOTIFICATION)
    assert caught.value.passing is passing
    assert str(caught.value) == (
        f"target 'hook' at {url}/**********: it answers with status {status}"
    )


async def test_a_target_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "DEADLINE_S", 0.2)
    async with serve_endpoint() as (endpoint, url):
        endpoint.wait_s = 30.0
        with pytest.raises(SendError, match="did not answer within 0 s") as caught:
            await send("hook", target("webhook", f"{url}/in"), NOTIFICATION)
    assert caught.value.passing


async def test_a_server_that_is_away_may_come_back() -> None:
    with pytest.raises(SendError) as caught:
        await send(
            "hook", target("webhook", f"http://127.0.0.1:{free_port()}/sec_ret"), NOTIFICATION
        )
    assert caught.value.passing
    assert "sec_ret" not in str(caught.value)


async def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(SendError, match=r"ca .*nowhere.pem cannot be used: No such file"):
        await send(
            "hook", target("webhook", "https://h/", ca=tmp_path / "nowhere.pem"), NOTIFICATION
        )


async def test_without_aiomqtt_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "aiomqtt":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SendError) as caught:
        await send("home", target("mqtt", "mqtt://h"), NOTIFICATION)
    assert "pip install 'egolog-streams[mqtt]'" in str(caught.value)
    assert not caught.value.passing


async def test_a_test_says_that_it_is_one() -> None:
    async with serve_endpoint() as (endpoint, url):
        await send_test("hook", target("webhook", f"{url}/in"), lambda: NOTIFICATION.at_ns)
    [(_, _, body)] = endpoint.asked
    assert (body["rule"], body["at"]) == ("test", FIELDS["at"])
    assert body["text"] == "This is a test of EgoLog's notifications."


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an MQTT broker that asks for a password."""
    pytest.importorskip("aiomqtt")
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("mosquitto is not on this machine (Debian: mosquitto)")
    folder, port = tmp_path_factory.mktemp("mosquitto"), free_port()
    # PBKDF2-SHA512 of "pw", as mosquitto_passwd writes it.
    (folder / "passwords").write_text(f"egolog:{PASSWORD}\n")
    (folder / "passwords").chmod(0o600)
    (folder / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {folder / 'passwords'}\nuser root\n"
    )
    with subprocess.Popen(
        [program, "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL
    ) as process:
        yield port
        process.terminate()


PASSWORD = (
    "$7$101$c2FsdHNhbHRzYWx0$"
    "LLKkEbEE6A0ZzBgDD1a8DxtZgwjUsWayIyP80udI8/oy/V5JrBisQZnPkSqa7DTcD2GFAT9Bqc/9Z8XDXv/2PA=="
)


async def next_messages(port: int, topics: str, count: int) -> list[tuple[str, bool, Any]]:
    """Return the next messages of a broker: topic, whether it was kept, and what it says."""
    import aiomqtt

    async with asyncio.timeout(60):
        client = aiomqtt.Client("127.0.0.1", port, username="egolog", password="pw")
        async with client:
            await client.subscribe(topics, qos=1)
            SUBSCRIBED.set()
            messages = []
            async for message in client.messages:
                payload = json.loads(bytes(message.payload))
                messages.append((str(message.topic), bool(message.retain), payload))
                if len(messages) == count:
                    return messages
    raise AssertionError


SUBSCRIBED = asyncio.Event()


async def test_a_broker_gets_the_event_and_home_assistant_discovers_it(mosquitto: int) -> None:
    home = target("mqtt", f"mqtt://127.0.0.1:{mosquitto}", username="egolog", password="pw")
    async with asyncio.timeout(60):
        while True:
            try:
                await send("home", home, NOTIFICATION)
                break
            except SendError:
                # The broker is about to start.
                await asyncio.sleep(0.05)
    [(topic, kept, found)] = await next_messages(mosquitto, "homeassistant/#", 1)
    assert topic == "homeassistant/event/egolog_glasses_01/far_siren/config"
    assert kept
    assert found == {
        "name": "far siren",
        "unique_id": "egolog_glasses_01_far_siren",
        "state_topic": "egolog/glasses_01/far_siren",
        "event_types": ["far siren"],
        "device": {
            "identifiers": ["egolog_glasses_01"],
            "name": "EgoLog glasses:01",
            "manufacturer": "EgoLog Streams",
        },
        "origin": {"name": "EgoLog Streams"},
    }
    SUBSCRIBED.clear()
    following = asyncio.create_task(next_messages(mosquitto, found["state_topic"], 1))
    await SUBSCRIBED.wait()
    await send("home", home, NOTIFICATION)
    # What happened is told to whoever listens, and to nobody who comes later.
    assert await following == [
        ("egolog/glasses_01/far_siren", False, {"event_type": "far siren", **FIELDS})
    ]


async def test_a_wrong_password_is_named_without_it(mosquitto: int) -> None:
    wrong = target("mqtt", f"mqtt://127.0.0.1:{mosquitto}", username="egolog", password="wrong_pw")
    with pytest.raises(SendError) as caught:
        await send("home", wrong, NOTIFICATION)
    assert "wrong_pw" not in str(caught.value)
