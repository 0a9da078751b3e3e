from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pytest

from infra import topics
from infra.broker.topic_reader import publish
from infra.errors import LabelError
from operators.label_set import LabelSet
from streams.labels.describe import LabelDescription
from streams.labels.editor import LabelEditor
from tests.broker_settings import with_topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from infra.settings import Settings

REVISION = "weights-1"


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """The direction in the middle of one direction a text."""
    seeds = [int.from_bytes(sha256(text.encode()).digest()[:4], "big") for text in texts]
    vectors = np.stack([np.random.default_rng(seed).normal(size=128) for seed in seeds])
    mean = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).mean(axis=0)
    return (mean / np.linalg.norm(mean)).astype(np.float32)


SHIPPED = {name: embed([name]) for name in ("walking", "sitting", "watching TV")}


async def describe(name: str) -> LabelDescription:
    if name == "ironing":
        return LabelDescription(("an arm sweeps to and fro", "the body stands"), "shipped")
    raise LabelError(f"label {name!r} has no description")


@pytest.fixture
async def settings(broker_url: str) -> Settings:
    return await with_topics(broker_url, 2)


async def editor(settings: Settings) -> LabelEditor:
    return await LabelEditor(settings, LabelSet(SHIPPED, REVISION), embed, describe).open()


async def names(settings: Settings) -> tuple[str, ...]:
    """The labels in force as somebody else sees them."""
    return (await editor(settings)).labels.vocabulary().names


async def test_an_added_label_lies_in_the_middle_of_its_descriptions(settings: Settings) -> None:
    added = await (await editor(settings)).add("  ironing ")
    assert (added.name, added.description.by) == ("ironing", "shipped")
    vocabulary = (await editor(settings)).labels.vocabulary()
    assert vocabulary.names == ("ironing", "sitting", "walking", "watching TV")
    want = embed(added.description.texts)
    assert np.array_equal(vocabulary.vectors[0], want)
    assert np.linalg.norm(want) == pytest.approx(1)


async def test_ones_own_text_describes_a_label_that_nobody_else_can(settings: Settings) -> None:
    text = "hands press dough\n\n  the body leans in  and out "
    added = await (await editor(settings)).add("kneading dough", text)
    assert added.description == LabelDescription(
        ("hands press dough", "the body leans in and out"), "user"
    )
    rows = {row[0]: row[1:] for row in (await editor(settings)).rows()}
    assert rows["kneading dough"] == ("added", "by user: hands press dough (and 1 more)")
    assert rows["walking"] == ("shipped", "")


async def test_a_label_that_reads_like_another_is_reported(settings: Settings) -> None:
    added = await (await editor(settings)).add("strolling", "walking")
    assert added.nearest is not None
    assert added.nearest == ("walking", pytest.approx(1))


async def test_removing_takes_an_added_and_a_shipped_label_out_of_force(
    settings: Settings,
) -> None:
    await (await editor(settings)).add("ironing")
    assert await (await editor(settings)).remove("Ironing") == "ironing"
    assert await (await editor(settings)).remove("watching tv") == "watching TV"
    assert await names(settings) == ("sitting", "walking")


async def test_a_shipped_label_that_was_removed_comes_back_as_it_was(settings: Settings) -> None:
    before = (await editor(settings)).labels.vocabulary().revision
    await (await editor(settings)).remove("walking")
    added = await (await editor(settings)).add("walking")
    assert added.description.by == "shipped"
    assert (await editor(settings)).labels.vocabulary().revision == before


async def test_a_shipped_label_that_was_removed_can_be_described_anew(settings: Settings) -> None:
    await (await editor(settings)).remove("walking")
    await (await editor(settings)).add("walking", "steps on a treadmill")
    vocabulary = (await editor(settings)).labels.vocabulary()
    assert vocabulary.names == ("sitting", "walking", "watching TV")
    assert np.array_equal(vocabulary.vectors[1], embed(["steps on a treadmill"]))


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (
            "Walking",
            "auto",
            "label 'Walking' is known already (shipped): choose another name, or "
            '`labels remove "Walking"` first',
        ),
        ("<b>", "auto", "label name '<b>' is no word; expected one like 'ironing'"),
        (
            "juggling",
            " \n 12 !",
            "description of label 'juggling' holds no word: say what is done and how the body "
            "moves, or auto",
        ),
        (
            "juggling",
            "\n".join("abc"[: n % 3 + 1] for n in range(33)),
            "description of label 'juggling' has 33 lines, the longest of 3 characters: expected "
            "at most 32 lines of 2000",
        ),
        ("juggling", "auto", "label 'juggling' has no description"),
    ],
)
async def test_what_cannot_be_added_is_one_line_and_changes_nothing(
    settings: Settings, name: str, text: str, line: str
) -> None:
    before = await names(settings)
    with pytest.raises(LabelError) as caught:
        await (await editor(settings)).add(name, text)
    assert str(caught.value) == line
    assert await names(settings) == before


async def test_a_label_can_be_added_once(settings: Settings) -> None:
    await (await editor(settings)).add("ironing")
    with pytest.raises(LabelError, match=r"label 'IRONING' is known already \(added\)"):
        await (await editor(settings)).add("IRONING", "something else")


async def test_an_unknown_label_cannot_be_removed_and_the_nearest_is_named(
    settings: Settings,
) -> None:
    with pytest.raises(LabelError) as caught:
        await (await editor(settings)).remove("wolking")
    assert str(caught.value) == "label 'wolking' is unknown: did you mean 'walking'?"
    await (await editor(settings)).remove("walking")
    with pytest.raises(LabelError) as caught:
        await (await editor(settings)).remove("walking")
    assert str(caught.value) == (
        "label 'walking' is removed already: `labels add \"walking\"` adds it"
    )


async def test_a_message_that_cannot_be_read_is_reported_and_left_out(settings: Settings) -> None:
    await publish(settings, topics.LABELS, "x", b"nonsense")
    opened = await editor(settings)
    assert len(opened.unreadable) == 1
    assert f"{settings.topic(topics.LABELS)}[" in opened.unreadable[0]
    assert opened.labels.vocabulary().names == ("sitting", "walking", "watching TV")
