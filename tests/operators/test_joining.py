from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from operators.joining import Join, Joined, JoinOutput, Need, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

GRACE = 100
STEP = 10


@dataclass(frozen=True)
class Primary:
    start: int
    count: int

    @property
    def end(self) -> int:
        return self.start + STEP


def needs(primary: Primary) -> list[Need]:
    return [Need("part", primary.start, primary.end, primary.count, keep_ns=primary.end)]


def span(start: int, length: int = 1, session: str = "s") -> Span:
    return Span("d", session, start, start + length)


Message = tuple[str, int, int]


def push(join: Join[Primary, int], message: Message, token: int) -> JoinOutput[Primary, int]:
    kind, start, count = message
    if kind == "primary":
        return join.push_primary(span(start, STEP), Primary(start, count), token)
    return join.push_part(span(start), "part", f"part {start}", token)


def result(joined: Joined[Primary, int]) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    return joined.primary.start, tuple(joined.parts["part"]), tuple(joined.missing)


@st.composite
def sessions(draw: st.DrawFn) -> tuple[list[Message], list[Message]]:
    """Primaries with all their parts, in order and in an interleaving of the two topics."""
    counts = draw(st.lists(st.integers(0, 4), min_size=1, max_size=6))
    primaries: list[Message] = [("primary", i * STEP, n) for i, n in enumerate(counts)]
    parts: list[Message] = [
        ("part", i * STEP + j, 0) for i, n in enumerate(counts) for j in range(n)
    ]
    turns = draw(st.permutations([0] * len(primaries) + [1] * len(parts)))
    streams = [iter(primaries), iter(parts)]
    return [*parts, *primaries], [next(streams[turn]) for turn in turns]


@settings(max_examples=100, deadline=None)
@given(sessions())
def test_the_join_does_not_depend_on_the_interleaving(
    session: tuple[list[Message], list[Message]],
) -> None:
    plain, interleaved = session

    def run(messages: list[Message]) -> list[tuple[int, tuple[str, ...], tuple[str, ...]]]:
        join: Join[Primary, int] = Join(needs, GRACE)
        return [result(j) for t, m in enumerate(messages) for j in push(join, m, t).joined]

    found = run(interleaved)
    assert found == run(plain)
    assert all(not missing for _, _, missing in found)
    assert len(found) == sum(kind == "primary" for kind, _, _ in plain)


@settings(max_examples=100, deadline=None)
@given(sessions(), st.data())
def test_a_crash_gives_every_result_again_or_never_a_different_one(
    session: tuple[list[Message], list[Message]], data: st.DataObject
) -> None:
    plain, messages = session
    join: Join[Primary, int] = Join(needs, GRACE)
    whole = {result(j) for t, m in enumerate(plain) for j in push(join, m, t).joined}

    first: Join[Primary, int] = Join(needs, GRACE)
    published = []
    acked: set[int] = set()
    checkpoint = None
    for token, message in enumerate(messages[: data.draw(st.integers(0, len(messages)))]):
        out = push(first, message, token)
        acked |= set(out.released)
        for joined in out.joined:
            published.append(result(joined))
            checkpoint = joined.checkpoint
            acked |= set(joined.tokens)
    # A commit is a prefix of the partition: what was acknowledged behind a gap is read again.
    committed: set[int] = set()
    for kind in ("primary", "part"):
        for token in [t for t, m in enumerate(messages) if m[0] == kind]:
            if token not in acked:
                break
            committed.add(token)
    again: Join[Primary, int] = Join(needs, GRACE)
    again.restore("d", checkpoint)
    acked = set(committed)
    for token, message in enumerate(messages):
        if token not in committed:
            out = push(again, message, token)
            acked |= set(out.released)
            for joined in out.joined:
                published.append(result(joined))
                acked |= set(joined.tokens)
    assert set(published) == whole
    assert acked == set(range(len(messages)))


def test_a_lost_part_is_waited_for_until_its_stream_is_past_the_grace() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    assert not push(join, ("primary", 0, 2), 0).joined
    assert not push(join, ("part", 1, 0), 1).joined
    assert not push(join, ("part", STEP + GRACE - 1, 0), 2).joined
    [joined] = push(join, ("part", STEP + GRACE, 0), 3).joined
    assert result(joined) == (0, ("part 1",), ("part 1/2",))
    assert sorted(joined.tokens) == [0, 1]


def test_primaries_come_out_in_order() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    push(join, ("primary", 0, 1), 0)
    assert not push(join, ("primary", STEP, 0), 1).joined
    out = push(join, ("part", 3, 0), 2)
    assert [j.primary.start for j in out.joined] == [0, STEP]


def test_a_kind_that_is_given_up_is_missing() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    push(join, ("primary", 0, 1), 0)
    [(device, session, kinds)] = join.waiting()
    assert kinds == ["part"]
    [joined] = join.give_up(device, session, kinds).joined
    assert joined.missing == ["part 0/1"]


def test_parts_that_nobody_needs_are_given_back_when_given_up() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    push(join, ("part", 3, 0), 7)
    [(device, session, kinds)] = join.waiting()
    assert kinds == []
    assert join.give_up(device, session, kinds).released == [7]
    assert not list(join.waiting())


def test_a_repeated_primary_is_not_joined_again() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    [joined] = push(join, ("primary", 0, 0), 0).joined
    again: Join[Primary, int] = Join(needs, GRACE)
    again.restore("d", joined.checkpoint)
    out = push(again, ("primary", 0, 0), 1)
    assert not out.joined
    assert out.released == [1]


def test_context_is_kept_for_the_primaries_that_follow() -> None:
    def with_context(primary: Primary) -> list[Need]:
        return [Need("part", 5, 6, 1, keep_ns=5)]

    join: Join[Primary, int] = Join(with_context, GRACE)
    assert not push(join, ("primary", 10, 0), 0).joined
    [first] = push(join, ("part", 5, 0), 1).joined
    [second] = push(join, ("primary", 20, 0), 2).joined
    assert first.parts["part"] == second.parts["part"] == ["part 5"]
    assert 1 not in first.tokens + second.tokens


def test_a_part_out_of_order_does_not_take_its_stream_back() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    push(join, ("part", STEP + GRACE, 0), 0)
    push(join, ("part", STEP, 0), 1)
    [joined] = push(join, ("primary", 0, 1), 2).joined
    assert joined.missing == ["part 0/1"]


def finished(join: Join[Primary, int], session: str) -> JoinOutput[Primary, int]:
    return join.push_primary(span(0, STEP, session), Primary(0, 0), 0)


def test_a_device_remembers_its_last_eight_sessions_beside_the_current() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    assert all(finished(join, f"s{number}").joined for number in range(10))
    assert not finished(join, "s9").joined
    assert not finished(join, "s1").joined
    assert finished(join, "s0").joined


def test_a_checkpoint_holds_the_last_eight_sessions() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    for number in range(9):
        finished(join, f"s{number}")
    again: Join[Primary, int] = Join(needs, GRACE)
    again.restore("d", join.snapshot("d"))
    names = [f"s{number}" for number in range(8, -1, -1)]
    assert [bool(finished(again, name).joined) for name in names] == [False] * 8 + [True]


def test_a_session_that_waits_is_never_forgotten() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    join.push_primary(span(0, STEP, "primary"), Primary(0, 1), 0)
    join.push_part(span(3, session="part"), "part", "part 3", 1)
    for number in range(12):
        finished(join, f"s{number}")
    assert list(join.waiting()) == [("d", "primary", ["part"]), ("d", "part", [])]


def test_a_result_says_whose_it_is_and_when() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    push(join, ("part", 3, 0), 0)
    push(join, ("part", 1, 0), 1)
    push(join, ("part", 1, 0), 2)
    out = push(join, ("primary", 0, 2), 3)
    [joined] = out.joined
    assert joined == Joined(
        Span("d", "s", 0, STEP),
        Primary(0, 2),
        {"part": ["part 1", "part 3"]},
        [],
        joined.tokens,
        join.snapshot("d"),
    )
    assert sorted(joined.tokens) == [0, 1, 2, 3]
    assert out.released == []
    assert out.counts == {}


def test_a_repeated_primary_that_waits_gives_both_tokens() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    push(join, ("primary", 0, 1), 0)
    push(join, ("primary", 0, 1), 1)
    [joined] = push(join, ("part", 0, 0), 2).joined
    assert sorted(joined.tokens) == [0, 1, 2]
    assert joined.span == Span("d", "s", 0, STEP)


def test_what_comes_after_it_was_needed_is_counted_and_given_back() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    push(join, ("primary", 0, 0), 0)
    repeated = push(join, ("primary", 0, 0), 1)
    assert (repeated.released, repeated.counts, repeated.joined) == ([1], {"repeated": 1}, [])
    late = push(join, ("part", STEP - 1, 0), 2)
    assert (late.released, late.counts, late.joined) == ([2], {"late": 1}, [])
    kept = push(join, ("part", STEP, 0), 3)
    assert (kept.released, kept.counts) == ([], {})
    assert list(join.waiting()) == [("d", "s", [])]


def test_a_part_belongs_to_the_span_from_its_start_to_before_its_end() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    push(join, ("part", STEP, 0), 0)
    assert not push(join, ("primary", 0, 1), 1).joined
    [joined] = push(join, ("part", 0, 0), 2).joined
    assert joined.parts == {"part": ["part 0"]}
    [following] = push(join, ("primary", STEP, 1), 3).joined
    assert following.parts == {"part": [f"part {STEP}"]}


def test_what_was_useless_once_stays_useless() -> None:
    def keeps(primary: Primary) -> list[Need]:
        return [Need("part", 0, 0, 0, keep_ns=50 - primary.start)]

    join: Join[Primary, int] = Join(keeps, GRACE)
    push(join, ("primary", 0, 0), 0)
    push(join, ("primary", STEP, 0), 1)
    assert push(join, ("part", 45, 0), 2).counts == {"late": 1}
    assert push(join, ("part", 50, 0), 3).counts == {}


def test_a_session_known_by_nobody_has_nothing_to_give_up() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    assert join.give_up("d", "s", ["part"]) == JoinOutput()
    push(join, ("primary", 0, 1), 0)
    assert join.give_up("d", "t", ["part"]) == JoinOutput()
    assert [joined.span for joined in join.give_up("d", "s", ["part"]).joined] == [
        Span("d", "s", 0, STEP)
    ]


def test_every_part_that_nobody_needs_is_given_back_at_once() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    for token, kind in enumerate(("a", "a", "b")):
        join.push_part(span(token), kind, "part", token)
    assert join.give_up("d", "s", []).released == [0, 1, 2]


def test_only_the_kinds_given_up_are_done_without() -> None:
    def two(primary: Primary) -> list[Need]:
        return [
            Need(kind, primary.start, primary.end, 1, keep_ns=primary.end) for kind in ("a", "b")
        ]

    join: Join[Primary, int] = Join(two, GRACE)
    push(join, ("primary", 0, 0), 0)
    push(join, ("primary", STEP, 0), 1)
    assert list(join.waiting()) == [("d", "s", ["a", "b"])]
    assert join.give_up("d", "s", ["a"]) == JoinOutput()
    join.push_part(span(1), "b", "b 1", 2)
    [first, second] = join.give_up("d", "s", ["a", "b"]).joined
    assert (first.parts, first.missing) == ({"a": [], "b": ["b 1"]}, ["a 0/1"])
    assert (second.parts, second.missing) == ({"a": [], "b": []}, ["a 0/1", "b 0/1"])


def test_a_checkpoint_says_which_parts_are_useless_too() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    push(join, ("primary", 0, 0), 0)
    again: Join[Primary, int] = Join(needs, GRACE)
    again.restore("d", join.snapshot("d"))
    assert push(again, ("part", STEP - 1, 0), 1).counts == {"late": 1}
    assert push(again, ("primary", STEP - 1, 0), 2).counts == {"repeated": 1}
    assert push(again, ("primary", STEP, 0), 3).counts == {}


def test_a_device_is_known_from_its_restoring_to_the_forgetting() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    assert not join.knows("d")
    join.restore("d", None)
    assert join.knows("d")
    assert not join.knows("e")
    join.forget()
    assert not join.knows("d")
    assert list(join.waiting()) == []


def test_a_session_is_known_once_anything_of_it_came() -> None:
    join: Join[Primary, int] = Join(needs, GRACE)
    assert not join.knows_session("d", "s")
    push(join, ("part", 0, 0), 0)
    assert join.knows_session("d", "s")
    assert not join.knows_session("d", "t")
    assert not join.knows_session("e", "s")


def starts(memory: Sequence[float], primary: Primary) -> Sequence[float]:
    return (*memory, float(primary.start))


@settings(max_examples=60, deadline=None)
@given(sessions(), st.data())
def test_a_session_remembers_its_primaries_in_order_and_each_once_over_a_crash(
    session: tuple[list[Message], list[Message]], data: st.DataObject
) -> None:
    plain, messages = session
    join: Join[Primary, int] = Join(needs, GRACE, starts)
    memories: dict[int, tuple[float, ...]] = {}
    checkpoint = None
    for token, message in enumerate(messages[: data.draw(st.integers(0, len(messages)))]):
        for joined in push(join, message, token).joined:
            memories[joined.primary.start] = joined.memory
            checkpoint = joined.checkpoint
    again: Join[Primary, int] = Join(needs, GRACE, starts)
    again.restore("d", checkpoint)
    for token, message in enumerate(messages):
        for joined in push(again, message, token).joined:
            memories[joined.primary.start] = joined.memory
    count = sum(kind == "primary" for kind, _, _ in plain)
    for place in range(count):
        assert memories[place * STEP] == tuple(float(at * STEP) for at in range(place + 1))


def test_sessions_remember_apart() -> None:
    join: Join[Primary, int] = Join(needs, GRACE, starts)
    [first] = join.push_primary(span(0, STEP, "a"), Primary(0, 0), 0).joined
    [second] = join.push_primary(span(STEP, STEP, "b"), Primary(STEP, 0), 1).joined
    assert (first.memory, second.memory) == ((0.0,), (10.0,))


def test_a_checkpoint_from_before_there_was_memory_is_taken_up() -> None:
    old: Join[Primary, int] = Join(needs, GRACE)
    [joined] = push(old, ("primary", 0, 0), 0).joined
    new: Join[Primary, int] = Join(needs, GRACE, starts)
    new.restore("d", joined.checkpoint)
    assert not push(new, ("primary", 0, 0), 1).joined
    [joined] = push(new, ("primary", STEP, 0), 2).joined
    assert joined.memory == (10.0,)
