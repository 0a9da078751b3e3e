from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.pipeline.log import log_content
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Services


@pytest.mark.pipeline
@pytest.mark.timeout(600)
async def test_nobody_sends_in_the_name_of_another_wearer(
    services: Services, tmp_path: Path
) -> None:
    [recording] = open_recordings("simulated:11:0.5")
    own = recording.device_id
    keys = SecretStr(f"{own} {'k' * 32}\n{own}-2 {'o' * 32}")
    settings = settings_for(services, tmp_path / "run", unique_name("keys")).model_copy(
        update={"device_keys": keys}
    )
    # The clone's frames are signed with the key of somebody else.
    sender = settings.model_copy(update={"device_keys": SecretStr(f"{own} {'k' * 32}")})
    await topic_creation.create(settings)
    with Worker(settings) as worker:
        report = await Replay(sender, ReplayOptions(speed=None, devices=2)).run([recording])
        wait_until_settled(worker)
        letters = await read_letters(settings)
    assert len(letters) == report.frames / 2
    assert {(each.device_id, each.reason) for each in letters} == {(f"{own}-2", "signature")}
    assert all(len(each.value) < each.size for each in letters if "audio" in each.topic)
    assert {device for device, rows in (await log_content(settings)).items() if rows} == {own}
