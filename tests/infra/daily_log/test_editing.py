from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.daily_log.change_request import Change, CorrectionError
from infra.daily_log.corrections import added_spans
from infra.daily_log.editing import LogEditor, correction_line
from schemas.frames import NS
from tests.infra.daily_log.stored_records import T0, S, refinement, scenario

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore
    from schemas import Correction

KNOWN: Any = {"scenario": ["Cooking", "Eating", "Car - commuting, road trip"], "activity": []}


class Editor(LogEditor):
    """One that keeps what it publishes, at times that are told apart."""

    def __init__(self, store: LogStore, now_ns: int = 0) -> None:
        self.published: list[Correction] = []
        self.broken = False
        ticks = iter(range(now_ns + 1, now_ns + 10_000))
        super().__init__(store, self._keep, KNOWN, lambda: next(ticks))

    async def _keep(self, correction: Correction) -> None:
        if self.broken:
            raise ConnectionError("the broker is gone")
        self.published.append(correction)

    async def say(self, action: str, *parts: tuple[int, int, list[str]], **more: Any) -> Correction:
        return await self.change(
            Change.parse(
                {
                    "device": "d1",
                    "action": action,
                    "parts": [
                        {"from": str(T0 + a * S), "to": str(T0 + b * S), "labels": names}
                        for a, b, names in parts
                    ],
                    **more,
                }
            )
        )


@pytest.fixture
async def editor(store: LogStore) -> Editor:
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(4)])
    return Editor(store)


async def leading(store: LogStore) -> list[str]:
    return [each.leading for each in (await store.read("d1", 0, 2**62)).scenarios]


async def test_a_correction_is_published_and_then_the_log_says_it(
    editor: Editor, store: LogStore
) -> None:
    done = await editor.say("correct", (0, 60, ["eating"]), author="Ada")
    assert editor.published == [done]
    assert await leading(store) == ["Eating", "Eating", "Cooking", "Cooking"]
    assert (done.author, done.before[0].labels) == ("Ada", ["Cooking"])
    assert correction_line(done) == (
        "correct 2023-11-14T22:13:30Z to 2023-11-14T22:14:30Z: Cooking → Eating"
    )


async def test_what_is_not_published_is_not_applied(editor: Editor, store: LogStore) -> None:
    editor.broken = True
    with pytest.raises(ConnectionError):
        await editor.say("correct", (0, 60, ["Eating"]))
    assert await leading(store) == ["Cooking"] * 4


async def test_a_replay_and_a_refinement_leave_the_wearers_word(
    editor: Editor, store: LogStore
) -> None:
    await editor.say("correct", (0, 60, ["Eating"]))
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(4)])
    assert await leading(store) == ["Eating", "Eating", "Cooking", "Cooking"]


async def test_a_store_that_lost_everything_says_the_same_from_the_topic(
    editor: Editor, store: LogStore
) -> None:
    await editor.say("split", (0, 60, ["Eating"]), (60, 120, ["Reading"]))
    undone = await editor.say("delete", (0, 30, []))
    await editor.say("undo", undoes=undone.correction_id)
    before = await store.read("d1", 0, 2**62)
    await store.redis.flushall()
    await store.put_corrections(list(reversed(editor.published)))
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(4)])
    assert await store.read("d1", 0, 2**62) == before
    assert await leading(store) == ["Eating", "Eating", "Reading", "Reading"]


async def test_a_change_is_taken_back_and_done_again(editor: Editor, store: LogStore) -> None:
    done = await editor.say("merge", (0, 120, ["Eating"]))
    back = await editor.say("undo", undoes=done.correction_id)
    assert await leading(store) == ["Cooking"] * 4
    assert [span.labels for span in back.before] == [["Eating"]]
    assert [span.labels for span in back.after] == [["Cooking"]]
    with pytest.raises(CorrectionError, match="was taken back already"):
        await editor.say("undo", undoes=done.correction_id)
    await editor.say("undo", undoes=back.correction_id)
    assert await leading(store) == ["Eating"] * 4
    await editor.say("undo", undoes=done.correction_id)
    assert await leading(store) == ["Cooking"] * 4


@pytest.mark.parametrize(
    ("action", "labels", "note", "words"),
    [
        ("correct", ["Eating"], "", "the correction 'Cooking → Eating' from"),
        ("delete", [], "", "the correction 'Cooking → nothing' from"),
        ("confirm", [], "", "the confirmation of 'Cooking' from"),
        ("note", [], "with Ada", "the note 'with Ada' on"),
    ],
)
async def test_a_refused_undo_says_in_words_what_was_taken_back_and_when(
    store: LogStore, action: str, labels: list[str], note: str, words: str
) -> None:
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(4)])
    editor = Editor(store, T0 + 3600 * S)
    done = await editor.say(action, (0, 120, labels), note=note)
    back = await editor.say("undo", undoes=done.correction_id)
    span, at = "2023-11-14T22:13:30Z to 2023-11-14T22:15:30Z", "2023-11-14T23:13:30Z"
    said = f"{words} {span} was taken back already, at {at}; expected one that stands"
    with pytest.raises(CorrectionError) as refused:
        await editor.say("undo", undoes=done.correction_id)
    assert str(refused.value) == said
    await editor.say("undo", undoes=back.correction_id)
    with pytest.raises(CorrectionError, match=r"^the undo that left '.*' from 2023-11"):
        await editor.say("undo", undoes=back.correction_id)


async def test_each_record_of_a_span_is_confirmed_as_it_is(editor: Editor, store: LogStore) -> None:
    own = [scenario(T0 + n * 30 * S) for n in range(4)]
    own[1] = own[1].model_copy(update={"unknown": True})
    # The third is after a pause of 90 seconds.
    own.append(scenario(T0 + 210 * S))
    await store.put_scenarios(own)
    await store.put_refined([refinement(own[2], ["Eating", "Cooking"])])
    confirmation = await editor.say("confirm", (0, 240, []), note="looked through")
    assert editor.published == [confirmation]
    log = await store.read("d1", 0, 2**62)
    assert [each.corrected and each.corrected.labels for each in log.scenarios] == [
        ["Cooking"],
        None,
        ["Eating", "Cooking"],
        ["Cooking"],
        ["Cooking"],
    ]
    assert all(each.corrected.confirmed for each in log.scenarios if each.corrected)
    assert added_spans(log) == []
    assert correction_line(confirmation).endswith(": Cooking, Eating")
    await editor.say("undo", undoes=confirmation.correction_id)
    assert {each.corrected for each in (await store.read("d1", 0, 2**62)).scenarios} == {None}


async def test_all_that_an_estimate_says_is_confirmed(editor: Editor, store: LogStore) -> None:
    both = {"Cooking": 0.6, "Eating": 0.9, "Reading": 0.49}
    await store.put_scenarios([scenario(T0, scenarios=both)])
    confirmation = await editor.say("confirm", (0, 30, ["Eating"]))
    assert [span.labels for span in confirmation.after] == [["Eating", "Cooking"]]


async def test_what_was_confirmed_outlives_another_estimate(
    editor: Editor, store: LogStore
) -> None:
    await editor.say("confirm", (0, 60, ["cooking"]))
    await store.put_scenarios(
        [scenario(T0 + n * 30 * S, scenarios={"Eating": 0.9}, revision="r2") for n in range(4)]
    )
    assert await leading(store) == ["Cooking", "Cooking", "Eating", "Eating"]


async def test_only_what_was_seen_can_be_confirmed(editor: Editor, store: LogStore) -> None:
    await editor.say("correct", (60, 90, ["Eating"]))
    for parts, why in (
        ([(0, 120, ["Cooking"])], "the log says 'Eating' from 2023-11-14T22:14:30Z on; expected"),
        ([(0, 30, ["Cooking", "Eating"])], "expected 'Cooking, Eating' in all of"),
        ([(600, 660, [])], "the log says nothing of 2023-11-14T22:23:30Z to"),
        ([(0, 30, []), (30, 60, [])], "action 'confirm' has 2 parts; expected one"),
        ([], "parts are missing"),
    ):
        with pytest.raises(CorrectionError) as refused:
            await editor.say("confirm", *parts)
        assert why in str(refused.value)
    assert len(editor.published) == 1


async def test_what_was_never_recorded_can_be_added(editor: Editor, store: LogStore) -> None:
    await editor.say("add", (600, 1200, ["car - commuting, road trip"]))
    log = await store.read("d1", 0, 2**62)
    assert log.corrections[0].after[0].labels == ["Car - commuting, road trip"]
    back = await editor.say("undo", undoes=log.corrections[0].correction_id)
    assert [span.labels for span in back.after] == [[]]


async def test_readers_see_that_something_changed(editor: Editor, store: LogStore) -> None:
    revision = (await store.changes("d1", 0)).revision
    await editor.say("note", (45, 50, []), note="with Ada")
    changes = await store.changes("d1", revision)
    assert changes.revision > revision
    assert changes.from_ns is not None
    assert changes.from_ns <= T0 + 45 * S


async def test_asking_twice_with_an_id_is_one_change(editor: Editor, store: LogStore) -> None:
    ident, undo = "c" * 32, "d" * 32
    first = await editor.say("correct", (0, 60, ["Eating"]), correction_id=ident)
    assert await editor.say("correct", (0, 60, ["Eating"]), correction_id=ident) == first
    assert await store.corrections("d1", 0, 2**62) == [first]
    assert [span.labels for span in first.before] == [["Cooking"]]
    back = await editor.say("undo", undoes=ident, correction_id=undo)
    # As an answer that was lost, not as a second undo.
    assert await editor.say("undo", undoes=ident, correction_id=undo) == back
    assert editor.published == [first, back]


async def test_an_id_of_another_change_is_refused(editor: Editor) -> None:
    await editor.say("correct", (0, 60, ["Eating"]), correction_id="c" * 32)
    with pytest.raises(CorrectionError, match=r"is that of the correction 'Cooking → Eating' from"):
        await editor.say("note", (0, 60, []), note="with Ada", correction_id="c" * 32)


async def test_only_what_touches_a_span_is_read(editor: Editor, store: LogStore) -> None:
    await editor.say("correct", (0, 60, ["Eating"]))
    assert await store.corrections("d1", T0 + 60 * S, T0 + 90 * S) == []
    assert len(await store.corrections("d1", T0 + 60 * S - 1, T0 + 90 * S)) == 1
    assert len(await store.corrections("d1", T0 - 20 * 3600 * NS, T0 + 1)) == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"parts": []}, "parts are missing"),
        ({"parts": [{"from": "noon", "to": "1", "labels": []}]}, "parts.0.from: time is 'noon'"),
        ({"parts": [{"from": str(T0), "to": str(T0), "labels": ["A"]}]}, "expected after"),
        ({"parts": [{"from": str(T0), "to": str(T0 + S)}]}, "with labels"),
        (
            {"parts": [{"from": str(T0), "to": str(T0 + S), "labels": ["<b>"]}]},
            "parts.0.labels: label name '<b>' is no word",
        ),
        ({"action": "undo", "undoes": "d" * 32}, "is unknown"),
        ({"action": "undo"}, "undoes is missing"),
        ({"action": "paint"}, "action: input should be"),
        ({"colour": "red"}, "colour: extra inputs"),
        (
            {"parts": [{"from": str(T0), "to": str(T0 + 25 * 3600 * S), "labels": ["A"]}]},
            "span lasts 25.0 h",
        ),
    ],
)
async def test_what_cannot_be_meant_is_refused_in_one_line(
    editor: Editor, store: LogStore, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(CorrectionError) as refused:
        await editor.change(Change.parse({"device": "d1", "action": "correct", **fields}))
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert await store.corrections("d1", 0, 2**62) == []


async def test_a_time_to_come_is_refused_and_what_was_said_of_one_undone(store: LogStore) -> None:
    await store.put_scenarios([scenario(T0)])
    editor = Editor(store)
    # A host whose clock is not set takes every time.
    done = await editor.say("add", (0, 60, ["Eating"]))
    early = Editor(store, T0 - 2 * 86_400 * NS)
    with pytest.raises(
        CorrectionError, match=r"span ends at 2023-11-14T22:14:30Z; expected .* now"
    ):
        await early.say("add", (0, 60, ["Eating"]))
    await early.say("undo", undoes=done.correction_id)


async def test_a_label_ends_until_now_or_with_the_log_of_a_device_whose_clock_is_ahead(
    store: LogStore,
) -> None:
    await store.put_scenarios([scenario(T0 + 3600 * S)])
    editor = Editor(store, T0 + 1800 * S)
    await editor.say("add", (0, 1800, ["Eating"]))
    # To the minute.
    await editor.say("add", (0, 1860, ["Eating"]))
    await editor.say("correct", (3600, 3630, ["Eating"]))
    with pytest.raises(
        CorrectionError, match=r"ends at 2023-11-14T23:14:01Z, which is still to come"
    ):
        await editor.say("correct", (3600, 3631, ["Eating"]))
    with pytest.raises(CorrectionError, match="still to come"):
        await editor.say("add", (0, 1861, ["Eating"]), device="d2")


def test_an_id_that_none_can_have_is_named() -> None:
    with pytest.raises(CorrectionError, match=r"id is 'nonsense'; expected 32 hexadecimal digits"):
        Change.parse({"device": "d1", "action": "undo", "undoes": "nonsense"})
