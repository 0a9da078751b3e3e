"""`labels`: activities recognised by description (LanHAR §3.3.2, §3.6).

The topic is compacted by `label_key`. It has the changes of the shipped labels: a label that was
added, or a shipped one that was removed or described differently; a message without a value
(Kafka's tombstone) reverts the change.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from schemas.message import DeviceId, Message
from schemas.vector import Vector

MAX_NAME_CHARS = 48
MAX_DESCRIPTIONS = 32
MAX_DESCRIPTION_CHARS = 2_000
_MARKS = " -,.'/()&"
# Vectors are stored as float32; a unit vector of 128 of them is off by less.
_UNIT_TOLERANCE = 1e-3


def checked_name(name: str) -> str:
    """Return `name` with normalised blanks; raises `ValueError` for an invalid name.

    Names are shown on the page and sent to the language model, so they must be plain words.
    """
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    if not tidy or not tidy[0].isalnum():
        raise ValueError(f"label name {name[:64]!r} is no word; expected one like 'ironing'")
    if len(tidy) > MAX_NAME_CHARS:
        raise ValueError(
            f"label name {tidy[:20] + '...'!r} has {len(tidy)} characters; "
            f"expected at most {MAX_NAME_CHARS}"
        )
    odd = next((c for c in tidy if not c.isalnum() and c not in _MARKS), None)
    if odd is not None:
        raise ValueError(
            f"label name {tidy!r} holds {odd!r}; expected letters, digits, blanks and {_MARKS[1:]}"
        )
    return tidy


def label_key(name: str) -> str:
    """Return the key of a label, which ignores case and blanks of the name."""
    return " ".join(name.split()).casefold()


def _checked_name(name: str) -> str:
    if checked_name(name) != name:
        raise ValueError(f"label name {name[:64]!r} is not tidy; expected {checked_name(name)!r}")
    return name


LabelName = Annotated[str, AfterValidator(_checked_name)]
Description = Annotated[str, Field(min_length=1, max_length=MAX_DESCRIPTION_CHARS)]


class ActivityLabel(Message):
    """One label: its descriptions and their mean as a unit `vector` (D,), or None once removed.

    `revision` is that of the weights whose language space the vector belongs to: in another space
    it is meaningless. `described_by` is `shipped`, `user` or the language model's name. The labels
    are common to all devices, so `device_id` is `all` and the message's key is `label_key(name)`.
    """

    TYPE: ClassVar[str] = "activity.label"
    MAX_BYTES: ClassVar[int] = 200_000

    device_id: DeviceId = "all"
    name: LabelName
    vector: Vector | None
    descriptions: list[Description] = Field(default_factory=list, max_length=MAX_DESCRIPTIONS)
    described_by: str = Field(default="", max_length=128)
    revision: str = Field(max_length=64)

    @model_validator(mode="after")
    def _vector_is_unit(self) -> ActivityLabel:
        if self.vector is None:
            return self
        values = self.vector.array()
        if values.ndim != 1 or self.vector.dtype != "<f4" or not np.isfinite(values).all():
            raise ValueError(
                f"vector is {self.vector.dtype} of shape {self.vector.shape}; "
                "expected finite <f4 of shape (D,)"
            )
        length = float(np.linalg.norm(values.astype(np.float64)))
        if abs(length - 1.0) > _UNIT_TOLERANCE:
            raise ValueError(f"vector has length {length:.4g}; expected 1")
        return self
