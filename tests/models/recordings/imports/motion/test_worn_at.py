from __future__ import annotations

import pytest

from models.recordings.imports.motion.worn_at import position_in_words


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("left wrist", "wrist"),
        ("RightWrist", "wrist"),
        ("right_hip", "waist"),
        ("LEFT EAR", "ear"),
        ("forearm", None),
        ("rear", None),
        ("", None),
    ],
)
def test_words_name_a_position(text: str, position: str | None) -> None:
    assert position_in_words(text) == position
