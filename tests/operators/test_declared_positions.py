"""What frames say of where a device is worn."""

from __future__ import annotations

from itertools import permutations

from operators.declared_positions import DeclaredPositions


def test_a_frames_word_holds_from_its_own_time_until_another() -> None:
    positions = DeclaredPositions()
    positions.declare(10, "pocket")
    positions.declare(20, "wrist")

    assert positions.by(10) is None
    assert [positions.by(end) for end in (11, 20, 21)] == ["pocket", "pocket", "wrist"]


def test_the_order_of_reading_changes_nothing() -> None:
    for order in permutations([(1, "ear"), (2, "wrist"), (3, "ear"), (3, "waist")]):
        positions = DeclaredPositions()
        for t_ns, position in order:
            positions.declare(t_ns, position)  # type: ignore[arg-type]

        assert [positions.by(end) for end in (2, 3, 4)] == ["ear", "wrist", "waist"]


def test_what_still_holds_is_kept_and_nothing_else() -> None:
    positions = DeclaredPositions()
    for t_ns in range(0, 60, 10):
        positions.declare(t_ns, "ear" if t_ns < 30 else "waist")
    positions.declare(50, "waist")
    positions.forget_before(30)

    kept = DeclaredPositions.restore(positions.snapshot())

    assert positions.snapshot() == [(20, "ear")]
    assert (kept.by(20), kept.by(21), kept.by(99)) == (None, "ear", "ear")
    assert positions.by(99) == "waist"
