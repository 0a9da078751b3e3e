from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from infra import topics
from infra.broker import device_control
from infra.broker.signing import HEADER, SIGNED, Signatures
from infra.broker.topic_reader import publish
from infra.errors import SettingsError
from infra.settings import load
from schemas import DeviceControl
from schemas.errors import SignatureError
from tests.broker_settings import with_topics

if TYPE_CHECKING:
    from pathlib import Path

KEY = "k" * 32
OTHER = "o" * 32


@dataclass(frozen=True)
class Record:
    """A record as a consumer gives it."""

    topic: str = "labels"
    key: bytes | None = b"ironing"
    value: bytes | None = b"value"
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int = 3
    offset: int = 7

    def sign(self, signatures: Signatures) -> Record:
        return replace(
            self, headers=tuple(signatures.headers(self.topic, self.key or b"", self.value))
        )


def signatures(*keys: str) -> Signatures:
    return Signatures.of(load(env_file=None, signing_key="\n".join(keys)))


@pytest.mark.parametrize("name", sorted(SIGNED))
@pytest.mark.parametrize("value", [b"value", b"", None])
def test_what_was_signed_is_taken(name: str, value: bytes | None) -> None:
    signatures(KEY).require(Record(topic=name, value=value).sign(signatures(KEY)))


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": "model.updates"},
        {"key": b"ironing2"},
        {"key": b"ironin", "value": b"gvalue"},
        {"value": b"value2"},
        {"value": None},
        {"value": b""},
        {"headers": ((HEADER, b""),)},
        {"headers": ((HEADER, b"\xff" * 64),)},
    ],
)
def test_a_signature_is_of_one_topic_key_and_value(changes: dict[str, object]) -> None:
    signed = Record().sign(signatures(KEY))
    with pytest.raises(SignatureError, match="is wrongly signed"):
        signatures(KEY).require(replace(signed, **changes))  # type: ignore[arg-type]


def test_a_tombstone_is_no_empty_value() -> None:
    signed = Record(value=None).sign(signatures(KEY))
    with pytest.raises(SignatureError):
        signatures(KEY).require(replace(signed, value=b""))


def test_what_is_not_signed_is_refused_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SignatureError) as caught:
        signatures(KEY).require(Record())
    assert str(caught.value) == (
        "message of key b'ironing' is not signed; expected a signature by EGOLOG_SIGNING_KEY"
    )
    assert caplog.messages == [f"labels[3]@7 is refused: {caught.value}"]
    assert caught.value.reason == "signature"


def test_keys_are_changed_one_after_the_other() -> None:
    by_old = Record().sign(signatures(OTHER))
    signatures(KEY, OTHER).require(by_old)
    signatures(OTHER, KEY).require(Record().sign(signatures(KEY, OTHER)))
    with pytest.raises(SignatureError):
        signatures(KEY).require(by_old)


def test_without_a_key_nothing_is_signed_and_everything_taken() -> None:
    nobody = Signatures.of(load(env_file=None))
    assert Record().sign(nobody).headers == ()
    nobody.require(Record())


def test_other_topics_are_not_signed() -> None:
    assert Record(topic="scenario").sign(signatures(KEY)).headers == ()
    signatures(KEY).require(Record(topic="scenario"))


@pytest.mark.parametrize("text", ["k" * 31, f"{KEY}\nshort", " \n"])
def test_a_short_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(env_file=None, signing_key=text)
    assert str(caught.value) == (
        "setting EGOLOG_SIGNING_KEY has value '**********': expected keys of at least 32 "
        "characters without spaces, one a line"
    )
    assert KEY not in repr(signatures(KEY))


def test_the_key_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n{OTHER}\n")
    monkeypatch.setenv("EGOLOG_SIGNING_KEY_FILE", str(tmp_path / "key"))
    assert Signatures.of(load(env_file=None)).keys == (KEY.encode(), OTHER.encode())


async def test_a_decision_about_a_device_without_a_signature_counts_as_none(
    any_broker_url: str,
) -> None:
    forger = await with_topics(any_broker_url, 1)
    owner = forger.model_copy(update={"signing_key": SecretStr(KEY)})
    paused = DeviceControl(device_id="d1", state="paused")
    await device_control.write_control(owner, paused)
    await device_control.write_control(forger, paused.model_copy(update={"state": "erased"}))
    assert await device_control.read_controls(owner) == {"d1": paused}
    # A tombstone, too, would set it free.
    await publish(forger, topics.DEVICE_CONTROL, "d1", None)
    assert await device_control.read_controls(owner) == {"d1": paused}
    await publish(owner, topics.DEVICE_CONTROL, "d1", None)
    assert await device_control.read_controls(owner) == {}
