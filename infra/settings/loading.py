"""Reading the settings: arguments over environment over `.env` over defaults."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from pydantic import ValidationError

from infra.errors import SettingsError
from infra.secrets import FILE_SUFFIX, read_secret
from infra.settings import deprecated
from infra.settings.presentation import expected_text, is_address, is_secret, refused_text
from infra.settings.schema import Settings
from infra.settings.variables import NOT_SETTINGS, PREFIX, env_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

# What Kubernetes calls the address of a service. A setting may be misspelt so too, but its value is
# not an address of TCP.
_SERVICE_LINK = re.compile(rf"{PREFIX}(\w+_)?PORT(_\d+_(TCP|UDP))?")


def load(env_file: Path | None = Path(".env"), **overrides: object) -> Settings:
    """Read the settings; `overrides` by field name come before the environment.

    Raises `SettingsError` with one line for the first thing that is wrong.
    """
    variables = _variables(env_file)
    _refuse_unknown(variables)
    set_variables = {name: value for name, value in variables.items() if value}
    from_files = _from_files(set_variables)
    renamed = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in deprecated.successors(set_variables).items()
    }
    try:
        # The mypy plugin knows the fields, but not that these come from a caller's mapping.
        return Settings(_env_file=env_file, **{**renamed, **from_files, **overrides})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingsError(_line(first)) from None


def may_be_in_file(field: str) -> bool:
    """Return whether `EGOLOG_<FIELD>_FILE` may name a file that holds this setting's value."""
    info = Settings.model_fields[field]
    return is_secret(info) or is_address(info)


def _variables(env_file: Path | None) -> dict[str, str]:
    """Return our variables by name in upper case, the environment over the file; empty ones too."""
    in_file = dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}
    variables: dict[str, str] = {}
    for source in (in_file, os.environ):
        for name, value in source.items():
            # An empty variable counts as not set, so it hides no line of the file.
            if name.upper().startswith(PREFIX) and (value or name.upper() not in variables):
                variables[name.upper()] = value or ""
    return variables


def _refuse_unknown(variables: Mapping[str, str]) -> None:
    known = {env_name(field) for field in Settings.model_fields} | deprecated.NAMES
    known |= {
        env_name(field) + FILE_SUFFIX for field in Settings.model_fields if may_be_in_file(field)
    }
    for name in sorted(variables):
        if name in known | NOT_SETTINGS:
            continue
        if _SERVICE_LINK.fullmatch(name) and variables[name].startswith(("tcp://", "udp://")):
            raise SettingsError(
                f"setting {name} is unknown: it is Kubernetes' address of a service; set "
                "enableServiceLinks: false in the pod"
            )
        raise SettingsError(_unknown(name))


def _from_files(variables: Mapping[str, str]) -> dict[str, str]:
    """Return by field what the files hold that variables name."""
    values: dict[str, str] = {}
    for field in filter(may_be_in_file, Settings.model_fields):
        name = env_name(field) + FILE_SUFFIX
        path = variables.get(name)
        if path is None:
            continue
        if env_name(field) in variables:
            raise SettingsError(f"settings {env_name(field)} and {name} are both set: expected one")
        try:
            values[field] = read_secret(Path(path))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if isinstance(error, UnicodeDecodeError):
                reason = "it is not text"
            raise SettingsError(
                f"setting {name} has value '{path}': expected a file that holds "
                f"{env_name(field)} ({reason.lower()})"
            ) from None
    return values


def _unknown(name: str) -> str:
    known = [env_name(field) for field in Settings.model_fields]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"setting {name} is unknown: did you mean {near[0]}?"


def _line(error: ErrorDetails) -> str:
    if not error["loc"]:
        return error["msg"].removeprefix("Value error, ")
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return _unknown(env_name(name))
    field = Settings.model_fields[name]
    value = refused_text(field, error["input"])
    # A validator whose message is more specific than its type.
    reason = str(error.get("ctx", {}).get("error") or "")
    return (
        f"setting {env_name(name)} has value '{value}': expected {reason or expected_text(field)}"
    )
