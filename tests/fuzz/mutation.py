"""Bytes that are nearly good: flipped, cut, repeated, spliced, or with a number made extreme."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgpack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_EXTREMES = (
    *(0, 1, -1, 127, 128, 255, 256, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1),
    *(-(2**31), -(2**63), 2**64 - 1),
)
_VALUES: tuple[Any, ...] = (
    *_EXTREMES,
    *(1e38, -1e308, float("nan"), float("inf"), 5e-324, -0.0, 0.5),
    *("", "x" * 70_000, "\ud800".encode("utf-8", "surrogatepass"), "a/b", "\0", b"", b"\xff" * 99),
    *(None, True, False, [], {}, [[[[[]]]]], {"a": {"b": []}}, ["audio"] * 300),
)
_TEXTS = (
    *(b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0", b"99999999999999999999", b"\xff\xfe"),
    *(b'"', b",", b"\n", b"\r\n", b"\0", b"[[[[[[[[", b"{", b"}", b"\xed\xa0\x80", b"time_s"),
    *(b"2026-03-02T08:00:00Z", b"0000-00-00", b"%s", b"\xe2\x80\xae"),
)


def damage(data: bytes, good: Sequence[bytes], rng: Random) -> bytes:
    """Return `data` with one to four changes; some splice in a piece of another of `good`."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        _change(out, good, rng)
    return bytes(out)


def _change(out: bytearray, good: Sequence[bytes], rng: Random) -> None:
    at = rng.randrange(len(out) + 1)
    length = min(rng.choice((1, 2, 4, 8, 64, 1_000)), len(out) - at)
    how = rng.randrange(8)
    if how == 0 and length:
        out[at] ^= rng.randrange(1, 256)
    elif how == 1:
        del out[at:]
    elif how == 2:
        del out[at : at + length]
    elif how == 3:
        out[at:at] = out[at : at + length] * rng.choice((1, 2, 30))
    elif how == 4:
        out[at:at] = rng.randbytes(rng.randrange(1, 50))
    elif how == 5:
        other = rng.choice(good)
        begin = rng.randrange(len(other) + 1)
        out[at : at + length] = other[begin : begin + length]
    elif how == 6:
        form = rng.choice(("<H", ">H", "<I", ">I", "<Q", ">Q", "<f", "<d"))
        number = float("inf") if form[1] in "fd" else rng.choice(_EXTREMES)
        size = struct.calcsize(form)
        packed = struct.pack(form, number if form[1] in "fd" else number % 2 ** (8 * size))
        out[at : at + size] = packed
    else:
        out[at : at + length] = rng.choice(_TEXTS)


def damage_and_reseal(envelope: bytes, good: Sequence[bytes], rng: Random) -> bytes:
    """Return a message whose body is damaged, or has another value somewhere, and whose checksum
    is right: what a faulty or hostile producer would send.
    """
    kind, version, _, body = msgpack.unpackb(envelope)
    if rng.random() < 0.7:
        fields = msgpack.unpackb(body, strict_map_key=False)
        _replace(fields, rng)
        body = msgpack.packb(fields, use_bin_type=True)
    else:
        bodies = [msgpack.unpackb(each)[3] for each in good[:4]]
        body = damage(body, bodies, rng)
    sealed: bytes = msgpack.packb([kind, version, crc32(body), body], use_bin_type=True)
    return sealed


def _replace(fields: Any, rng: Random) -> None:
    """Give some value in nested maps and lists another one, or take it away."""
    while True:
        keys: list[Any] = list(fields) if isinstance(fields, dict) else list(range(len(fields)))
        if not keys:
            return
        key = rng.choice(keys)
        inner = fields[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.7:
            fields = inner
            continue
        if rng.random() < 0.1:
            del fields[key]
        elif isinstance(inner, bytes) and rng.random() < 0.5:
            fields[key] = damage(inner, [inner], rng)
        else:
            fields[key] = rng.choice(_VALUES)
        return
