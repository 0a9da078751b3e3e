from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from bench.command import at_least_one


def test_a_number_is_at_least_one() -> None:
    assert at_least_one("64") == 64
    for text in ("0", "-1", "many", "1.5", ""):
        with pytest.raises(ArgumentTypeError, match="expected 1 or more"):
            at_least_one(text)
