"""Units as spelled in headers, and their factors to m/s² and rad/s."""

from __future__ import annotations

import math
import re
from typing import Literal

G = 9.80665
RADIAN, DEGREE = 1.0, math.pi / 180

_ACC = {
    "m/s2": 1.0,
    "ms2": 1.0,
    "ms-2": 1.0,
    "m/s/s": 1.0,
    "mps2": 1.0,
    "m/sec2": 1.0,
    "м/с2": 1.0,
    "cm/s2": 0.01,
    "g": G,
    "gs": G,
    "gn": G,
    "gforce": G,
    "mg": G / 1000,
    "milli-g": G / 1000,
}
_GYRO = {
    "rad/s": 1.0,
    "rads": 1.0,
    "rad/sec": 1.0,
    "radians/s": 1.0,
    "radians/sec": 1.0,
    "rads-1": 1.0,
    "mrad/s": 0.001,
    "deg/s": DEGREE,
    "degs": DEGREE,
    "deg/sec": DEGREE,
    "degrees/s": DEGREE,
    "degree/s": DEGREE,
    "degrees/sec": DEGREE,
    "dps": DEGREE,
    "°/s": DEGREE,
    "º/s": DEGREE,
    "°/sec": DEGREE,
    "рад/с": 1.0,
    "град/с": DEGREE,
    "°/с": DEGREE,
    "�/s": DEGREE,
    "mdps": math.pi / 180_000,
}


def unit_of(text: str, kind: Literal["acc", "gyro"]) -> float | None:
    """Return the factor to m/s² or rad/s of a unit in any spelling, or None."""
    # UTF-8 read as Latin-1 leaves an Â before ² and °.
    plain = text.strip().lower().replace("â", "").replace("²", "2").replace("^", "")
    plain = plain.replace("·", "").replace("−", "-").replace("⁻", "-")
    plain = re.sub(r"\s+", "", plain)
    plain = re.sub(r"^(c?m|m?rad|deg|m)_s(2?)$", r"\1/s\2", plain)
    return (_ACC if kind == "acc" else _GYRO).get(plain)
