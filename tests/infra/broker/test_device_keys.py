from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from infra.broker.device_keys import HEADER, DeviceKeys
from infra.broker.signing import Signatures
from infra.errors import SettingsError
from infra.settings import load
from schemas.errors import SignatureError

if TYPE_CHECKING:
    from pathlib import Path

LAB, HOME, ROOM = ("l" * 32, "h" * 32, "r" * 32)
TEXT = f"lab- {LAB}\nhome- {HOME}\nlab-room- {ROOM}\n"


@dataclass(frozen=True)
class Record:
    """A frame as a consumer gives it."""

    topic: str = "imu.frames"
    key: bytes | None = b"lab-1"
    value: bytes = b"frame"
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int = 3
    offset: int = 7

    def sign(self, text: str, device_id: str | None = None) -> Record:
        name = (self.key or b"").decode() if device_id is None else device_id
        return replace(self, headers=tuple(keys(text).headers(self.topic, name, self.value)))


def keys(text: str) -> DeviceKeys:
    return DeviceKeys.of(load(env_file=None, device_keys=text))


@pytest.mark.parametrize("topic", ["audio.frames", "imu.frames"])
@pytest.mark.parametrize("device_id", ["lab-1", "home-1", "lab-room-1"])
def test_a_frame_with_the_key_of_its_device_is_taken(topic: str, device_id: str) -> None:
    frame = Record(topic, device_id.encode())
    own = next(line for line in TEXT.splitlines()[::-1] if device_id.startswith(line.split()[0]))
    keys(TEXT).require(frame.sign(own))


@pytest.mark.parametrize(
    ("device_id", "line"),
    [
        ("home-1", f"home- {LAB}"),
        # The longest prefix counts, so that a part of the devices may be given away.
        ("lab-room-1", f"lab- {LAB}"),
        ("lab-1", f"lab- {ROOM}"),
    ],
)
def test_another_devices_key_is_refused(device_id: str, line: str) -> None:
    frame = Record(key=device_id.encode()).sign(line)
    with pytest.raises(SignatureError, match=f"frame of device b'{device_id}' is wrongly signed"):
        keys(TEXT).require(frame)


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": "audio.frames"},
        {"key": b"lab-2"},
        {"value": b"frame2"},
        {"headers": ((HEADER, b""),)},
        {"headers": ((HEADER, b"\xff" * 64),)},
    ],
)
def test_a_signature_is_of_one_topic_device_and_frame(changes: dict[str, object]) -> None:
    with pytest.raises(SignatureError, match="is wrongly signed"):
        keys(TEXT).require(replace(Record().sign(TEXT), **changes))  # type: ignore[arg-type]


def test_a_frame_without_a_signature_is_refused_with_the_setting() -> None:
    with pytest.raises(SignatureError) as caught:
        keys(TEXT).require(Record())
    assert str(caught.value) == (
        "frame of device b'lab-1' is not signed; expected a signature by its key of "
        "EGOLOG_DEVICE_KEYS"
    )


@pytest.mark.parametrize("key", [b"attic-1", b"la", b"\xff", None])
def test_a_device_that_no_key_is_for_is_refused(key: bytes | None) -> None:
    frame = Record(key=key).sign(TEXT, "attic-1")
    assert frame.headers == ()
    with pytest.raises(SignatureError, match="no key is for device"):
        keys(TEXT).require(frame)


def test_keys_are_changed_one_after_the_other() -> None:
    new = "n" * 32
    by_old = Record().sign(f"lab- {LAB}")
    keys(f"lab- {new}\nlab- {LAB}").require(by_old)
    keys(f"lab- {LAB}\nlab- {new}").require(Record().sign(f"lab- {new}\nlab- {LAB}"))
    with pytest.raises(SignatureError):
        keys(f"lab- {new}").require(by_old)


def test_without_keys_nothing_is_signed_and_everything_taken() -> None:
    nobody = DeviceKeys.of(load(env_file=None))
    assert nobody.headers("imu.frames", "lab-1", b"frame") == []
    nobody.require(Record())


def test_what_is_no_frame_is_not_signed() -> None:
    assert keys(TEXT).headers("labels", "lab-1", b"label") == []
    keys(TEXT).require(Record(topic="labels"))


def test_a_decisions_key_signs_no_frame() -> None:
    decisions = Signatures((LAB.encode(),), frozenset({"imu.frames"}))
    headers = decisions.headers("imu.frames", b"lab-1", b"frame")
    with pytest.raises(SignatureError):
        keys(TEXT).require(replace(Record(), headers=tuple((HEADER, s) for _, s in headers)))


@pytest.mark.parametrize("text", [f"lab- {'k' * 31}", LAB, f"{TEXT}home-", f"a b {LAB}", " \n"])
def test_a_line_that_is_no_prefix_and_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        keys(text)
    assert str(caught.value) == (
        "setting EGOLOG_DEVICE_KEYS has value '**********': expected a prefix of device ids and a "
        "key of at least 32 characters a line"
    )
    assert LAB not in repr(keys(TEXT))


def test_the_keys_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"\n{TEXT}\n")
    monkeypatch.setenv("EGOLOG_DEVICE_KEYS_FILE", str(tmp_path / "keys"))
    DeviceKeys.of(load(env_file=None)).require(Record().sign(f"lab- {LAB}"))
