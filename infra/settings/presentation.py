"""How settings are shown: secrets and addresses masked, and what an error says is expected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from infra.secrets import FILE_SUFFIX, MASK, mask_address, mask_urls
from infra.settings.types import Address, Expected
from infra.settings.variables import env_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class SettingRow:
    """One setting as text: `name` is its environment variable."""

    name: str
    value: str
    default: str
    description: str


class MaskedSettings(BaseSettings):
    """Settings that are safe to print: secrets are masked."""

    def rows(self) -> list[SettingRow]:
        """Return one row a setting, in order of definition; secrets are masked."""
        return [
            SettingRow(
                env_name(name),
                self._text(name),
                value_text(field, field.get_default()),
                description_text(name, field),
            )
            for name, field in type(self).model_fields.items()
        ]

    def _text(self, name: str) -> str:
        return value_text(type(self).model_fields[name], getattr(self, name))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Mask what URLs carry; `SecretStr` masks itself."""
        for name, value in super().__repr_args__():
            is_text = isinstance(value, str | Path)
            field = type(self).model_fields.get(name or "")
            yield name, type(value)(value_text(field, value)) if is_text else value

    def __str__(self) -> str:
        return repr(self)


def is_secret(field: FieldInfo) -> bool:
    """Return whether a setting's value must never be shown."""
    return SecretStr.__name__ in str(field.annotation)


def is_address(field: FieldInfo) -> bool:
    """Return whether a setting is a URL, which may carry a password."""
    return any(isinstance(part, Address) for part in _metadata(field))


def value_text(field: FieldInfo | None, value: object) -> str:
    """Return a value as text, with the secrets of URLs masked."""
    text = "" if value is None else str(value)
    return mask_address(text) if field is not None and is_address(field) else mask_urls(text)


def description_text(name: str, field: FieldInfo) -> str:
    """Return a setting's description, and how a secret is read from a file."""
    hint = f"; or {env_name(name)}{FILE_SUFFIX} names a file with it" if is_secret(field) else ""
    return (field.description or "") + hint


def refused_text(field: FieldInfo, value: object) -> str:
    """Return a refused value as an error line shows it."""
    return MASK if is_secret(field) else value_text(field, str(value))


def expected_text(field: FieldInfo) -> str:
    """Return what a setting's value must be, in words."""
    for part in _metadata(field):
        if isinstance(part, Expected):
            return part.text
    return "a text"


def _metadata(field: FieldInfo) -> Iterator[object]:
    yield from field.metadata
    # In `X | None` the marker stays inside the union's first member.
    for member in getattr(field.annotation, "__args__", ()):
        yield from getattr(member, "__metadata__", ())
