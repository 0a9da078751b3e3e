from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from infra.model_store.history import Attempt, State
from schemas import ModelUpdate
from schemas.learning import SHIPPED
from streams.commands.models import rows
from tests.refused_command import refusal

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED_REVISION = "5" * 12


def attempt(n: int, state: State = "accepted", **changes: object) -> Attempt:
    fields = {"model": "scenario", "revision": f"{n:012x}", "state": state, "created_ns": n}
    return Attempt.model_validate({**fields, **changes})


def in_use(revision: str, pinned: bool = False) -> ModelUpdate:
    weights = {"weights": "w", "sha256": "0" * 64, "encoders": "e" * 12}
    return ModelUpdate(
        model="scenario",
        revision=revision,
        pinned=pinned,
        created_ns=1,
        **({} if revision == SHIPPED else weights),  # type: ignore[arg-type]
    )


def test_the_list_says_of_each_revision_what_became_of_it() -> None:
    attempts = [
        attempt(1, parent=SHIPPED, reason="better", before={"f1": 0.5}, after={"f1": 0.625}),
        attempt(2, "rejected", parent=f"{1:012x}", reason="worse", after={"f1": 0.1}),
        attempt(3, "rolled back", parent=f"{1:012x}"),
        attempt(4, parent=f"{1:012x}", refused="no file"),
    ]
    found = rows(attempts, in_use(f"{1:012x}"), SHIPPED_REVISION)
    assert [row[3] for row in found] == [
        "not in use",
        "in use",
        "rejected",
        "rolled back",
        "not in use, refused",
    ]
    assert found[0][0] == "shipped (555555555555)"
    assert found[1] == (
        "000000000001",
        "shipped",
        "1970-01-01 00:00:00",
        "in use",
        "f1 0.500 → 0.625",
        "better",
    )
    assert found[2][4:] == ("f1 – → 0.100", "worse")
    assert found[4][5] == "refused: no file"


def test_the_list_names_what_is_pinned_also_where_that_is_the_shipped_one() -> None:
    [row] = rows([], in_use(SHIPPED), SHIPPED_REVISION)
    assert row[3] == "in use"
    found = rows([attempt(1)], in_use(SHIPPED, pinned=True), SHIPPED_REVISION)
    assert [row[3] for row in found] == ["in use, pinned", "not in use"]
    found = rows([attempt(1)], in_use(f"{1:012x}", pinned=True), SHIPPED_REVISION)
    assert [row[3] for row in found] == ["not in use", "in use, pinned"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("lst",), "action 'lst' is unknown: expected list, pin, unpin, rollback or forget"),
        (("pin",), "models pin takes one revision of `models list`, but got 0 names"),
        (("pin", "a", "b"), "models pin takes one revision of `models list`, but got 2 names"),
        (("forget",), "models forget takes one device, but got 0 names"),
        (("rollback", "abc"), "models rollback takes no name, but got 'abc'"),
    ],
)
def test_a_command_that_cannot_be_meant_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    assert refusal(tmp_path, ("models", *arguments)) == f"error: {line}\n"


def test_without_running_services_the_line_says_what_to_start(tmp_path: Path) -> None:
    assert "no embedded services run in" in refusal(tmp_path, ("models", "list"))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("pin", "abcdef012345"), "revision 'abcdef012345' of model 'scenario' is unknown"),
        (("pin", "../../etc"), "revision '../../etc' of model 'scenario' is unknown"),
        (("rollback",), "revision shipped of model 'scenario' has no parent: there is nothing to"),
        (("unpin",), "revision shipped of model 'scenario' is in use, but not pinned: there is"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, broker_url: str, redis_url: str, arguments: tuple[str, ...], line: str
) -> None:
    name = uuid4().hex[:8]
    printed = refusal(
        tmp_path,
        ("models", *arguments),
        EGOLOG_BROKER_URL=broker_url,
        EGOLOG_REDIS_URL=redis_url,
        EGOLOG_TOPIC_PREFIX=f"{name}.",
        EGOLOG_APP_ID=name,
    )
    assert printed.startswith(f"error: {line}")
    assert printed.count("\n") == 1
