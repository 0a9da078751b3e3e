"""A question about the log: sent only where a language model is, and answered with its records."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.errors import LlmError
from infra.llm import Answer
from streams.web.routes import PageSources, install
from tests.streams.synthetic_log import PLAN, day, put
from tests.streams.web.browser import tab
from tests.streams.web.site import DRAWN

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore

PATH = "/api/v1/ask"
HEADERS = {"X-EgoLog": "1"}
ASKED = {"device": "glasses-01", "question": "when did I cook?", "zone": "Europe/Berlin"}


class Model:
    """A language model that answers with one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.chats: list[Any] = []

    async def ask(self, chat: Any, schema: Any, read: Any, **options: Any) -> Answer[Any]:
        assert schema["required"] == ["answer", "facts"]
        assert options == {"corrections": 1, "open_question": True}
        self.chats.append(chat)
        if not self.text:
            raise LlmError("breaker", "not asked: the last 5 calls failed")
        return Answer(read(self.text), "small-model", 40, 1.0, cached=False)


def application(store: LogStore, model: Model | None) -> web.Application:
    served = web.Application()
    known: Any = None if model is None else (model, "small-model")
    install(served, PageSources(lambda: store, llm=lambda: known))
    return served


async def asked(store: LogStore, model: Model | None, **fields: Any) -> tuple[int, Any]:
    async with (
        TestClient(TestServer(application(store, model))) as client,
        client.post(PATH, json=ASKED | fields, headers=HEADERS) as answer,
    ):
        return answer.status, await answer.json()


async def test_an_answer_names_the_records_that_it_rests_on(store: LogStore) -> None:
    await put(store, day(plan=PLAN[:3]))
    model = Model('{"answer": "From 8:50 on.", "facts": [2]}')
    status, answered = await asked(store, model)
    assert (status, answered["answer"], answered["model"]) == (200, "From 8:50 on.", "small-model")
    [record] = answered["records"]
    assert (record["scenario"], record["from"]) == ("Cooking", "2025-11-20T07:50:00Z")
    assert len(record["windows"]) == 50
    given = json.loads(model.chats[0][-1]["content"])
    assert [(fact["from"], fact["was"]) for fact in given["facts"]] == [
        ("Thursday 2025-11-20 08:30", "Daily hygiene"),
        ("Thursday 2025-11-20 08:50", "Cooking"),
        ("Thursday 2025-11-20 09:15", "Eating"),
    ]
    # No id of a device, a session or a window is sent.
    assert "glasses-01" not in json.dumps(model.chats)


async def test_what_rests_on_nothing_is_no_answer(store: LogStore) -> None:
    await put(store, day(plan=PLAN[:1]))
    status, answered = await asked(store, Model('{"answer": "You flew to Rome.", "facts": [9]}'))
    assert (status, answered["answer"], answered["records"]) == (200, None, [])


async def test_without_a_language_model_nothing_is_asked(store: LogStore) -> None:
    await put(store, day(plan=PLAN[:1]))
    status, answered = await asked(store, None)
    assert (status, answered["error"]) == (
        409,
        "no language model is configured; expected EGOLOG_LLM_API_KEY",
    )
    async with (
        TestClient(TestServer(application(store, None))) as client,
        client.get(PATH) as answer,
    ):
        assert await answer.json() == {"model": None}


@pytest.mark.parametrize(
    ("fields", "status", "why"),
    [
        ({"question": ""}, 400, "question: "),
        ({"question": "x" * 301}, 400, "question: "),
        ({"zone": "Mars/Phobos"}, 400, "zone"),
        ({"device": "nobody"}, 404, "nobody"),
        ({"colour": "red"}, 400, "colour: "),
        ({"from": "yesterday"}, 400, "from"),
    ],
)
async def test_what_cannot_be_asked_is_one_line(
    store: LogStore, fields: dict[str, Any], status: int, why: str
) -> None:
    await put(store, day(plan=PLAN[:1]))
    answered = await asked(store, Model("{}"), **fields)
    assert answered[0] == status
    assert why in answered[1]["error"]


async def test_a_model_that_does_not_answer_is_said(store: LogStore) -> None:
    await put(store, day(plan=PLAN[:1]))
    status, answered = await asked(store, Model(""))
    assert status == 502
    assert answered["error"].startswith("the language model gave no answer: not asked")


async def test_no_page_elsewhere_can_ask(store: LogStore) -> None:
    async with (
        TestClient(TestServer(application(store, Model("{}")))) as client,
        client.post(PATH, json=ASKED) as answer,
    ):
        assert answer.status == 403


async def test_the_page_asks_and_leads_to_the_records(store: LogStore, devtools: int) -> None:
    await put(store, day(plan=PLAN[:3]))
    model = Model('{"answer": "From 7:50 on.", "facts": [2]}')
    runner = web.AppRunner(application(store, model), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with tab(devtools) as page:
            await page.open(f"http://127.0.0.1:{runner.addresses[0][1]}/")
            await page.until(f"{DRAWN} && !document.querySelector('#ask').hidden")
            await page.value("document.querySelector('#find-words').value = 'when did I cook?'")
            await page.value("document.querySelector('#ask').click()")
            await page.until("document.querySelector('#answer').textContent === 'From 7:50 on.'")
            assert await page.texts("#answer, #found-note") == [
                "From 7:50 on.",
                "By small-model, from:",
            ]
            assert await page.texts("#answer[role=status]") == ["From 7:50 on."]
            [cited] = await page.texts("#found li")
            assert cited.startswith("Thu 20 Nov 07:50 – 08:15 Cooking")
            await page.value("document.querySelector('#found a').click()")
            await page.until("document.querySelector('#record h2').textContent === 'Cooking'")
            assert page.complaints == []
    finally:
        await runner.cleanup()


def test_the_worker_names_its_model_and_none_before_it_runs() -> None:
    from streams.engine.page_backend import PageBackend

    runtime: Any = None
    settings: Any = SimpleNamespace(llm_model="small-model")
    unused: Any = None
    backend = PageBackend(lambda: settings, lambda: runtime, unused, unused)
    assert backend.language_model() is None
    runtime = SimpleNamespace(llm=None)
    assert backend.language_model() is None
    runtime = SimpleNamespace(llm="the client")
    assert backend.language_model() == ("the client", "small-model")
