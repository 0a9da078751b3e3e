from __future__ import annotations

from typing import Any

import pytest

from infra.errors import SettingsError
from streams.commands.inspect import _require_sense

NONE: dict[str, Any] = {
    **{"create": False, "grow": None, "force": False},
    **{"acls": False, "apply": False, "named": ()},
}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"apply": True}, "--apply has no effect alone: expected it beside --acls"),
        ({"named": ("device=x",)}, "--principal has no effect alone: expected it beside --acls"),
        ({"force": True}, "--force has no effect alone: expected it beside --grow"),
        ({"acls": True, "create": True}, "--create has no effect beside --acls"),
        ({"acls": True, "grow": 8}, "--grow has no effect beside --acls"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=f"^{said}"):
        _require_sense(**{**NONE, **options})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"create": True, "grow": 8, "force": True},
        {"acls": True, "apply": True, "named": ("a",)},
    ],
)
def test_options_that_go_together_are_taken(options: dict[str, Any]) -> None:
    _require_sense(**{**NONE, **options})
