from __future__ import annotations

import asyncio
import os
from pathlib import Path
from uuid import uuid4

import pytest

from infra import topics
from infra.broker.device_control import write_control
from infra.broker.topic_reader import publish
from infra.settings import Settings
from schemas import DeviceControl
from schemas.event_time import NS_PER_MS
from tests.broker_settings import with_topics
from tests.infra.daily_log.stored_records import T0
from tests.pipeline.running import Worker
from tests.refused_command import refusal
from tests.streams.commands.filled_log import fill_log
from tests.warm_process import run_command


@pytest.fixture
def ours(tmp_path: Path, broker_url: str, redis_url: str) -> Worker:
    """The commands of an app whose topics and log hold records of two devices."""

    async def fill() -> Settings:
        made = await with_topics(broker_url, 2)
        settings = Settings(
            _env_file=None,
            broker_url=broker_url,
            redis_url=redis_url,
            topic_prefix=made.topic_prefix,
            topic_partitions=2,
            app_id=f"devices-{uuid4().hex[:8]}",
            run_dir=tmp_path,
        )
        for record in await fill_log(settings):
            await publish(settings, topics.SCENARIO, record.device_id, record.encode())
        return settings

    return Worker(asyncio.run(fill()))


def states(ours: Worker) -> dict[str, list[str]]:
    lines = ours.command("devices", "list").splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines[1:]}


def test_devices_are_listed_paused_resumed_and_erased(ours: Worker, tmp_path: Path) -> None:
    assert ours.command("devices", "pause", "d1") == (
        "paused 'd1': its frames are dropped, and counted\n"
    )
    hours = ours.command("devices", "quiet", "d1", "22:00-07:00@Europe/Berlin")
    assert hours == "quiet hours of 'd1': 22:00-07:00@Europe/Berlin\n"
    before = states(ours)
    span = ["2023-11-14T22:13:30Z", "2023-11-14T22:14:30Z"]
    assert before["d1"] == ["paused", *span, "2", "1", "22:00-07:00@Europe/Berlin"]
    assert before["d2"][0] == "active"
    assert ours.command("devices", "resume", "d1") == (
        "resumed 'd1': what it sends from now on is processed\n"
    )
    erased = ours.command("devices", "erase", "d1").splitlines()
    assert erased[0] == "erased 'd1':"
    assert "  3 records of the log" in erased
    assert f"  {ours.settings.topic('audio.frames')} (1 d)" in erased
    assert "nothing was kept of 'd9'" in ours.command("devices", "erase", "d9")
    line = refusal(tmp_path, ("devices", "resume", "d1"), **ours.environment())
    assert "was erased a moment ago, and workers may still hold samples of it" in line
    # What the topics still have of it does not come back.
    rebuilt = ours.command("log", "rebuild")
    assert rebuilt == (
        "rebuilt 1 scenarios (0 refined) and 0 activities of 1 device(s), and 0 corrections\n"
    )
    gone = ["erased", "0", "0"]
    assert states(ours) == {"d1": gone, "d2": before["d2"], "d9": gone}


def test_a_log_that_is_restored_and_a_device_that_is_resumed_after_its_erasure_say_so(
    ours: Worker, tmp_path: Path
) -> None:
    def said(*arguments: str) -> tuple[str, str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("EGOLOG_")}
        root = Path(__file__).parents[3]
        _, out, err = run_command(
            arguments,
            {**environment, "PYTHONPATH": str(root), **ours.environment()},
            60.0,
            tmp_path,
        )
        return out, err

    file = str(tmp_path / "d1.jsonl")
    ours.command("log", "backup", "d1", file)
    restored = "restored 2 scenarios (0 refined) and 1 activities\n"
    assert said("log", "restore", file) == (restored, "")
    erased = DeviceControl(device_id="d1", state="erased", erased_ms=T0 // NS_PER_MS)
    asyncio.run(write_control(ours.settings, erased))
    back = (
        "device 'd1' was erased at 2023-11-14T22:13:30Z: its records are back in the store, but "
        "`log rebuild` leaves them out"
    )
    still = "; what it sends is dropped until `devices resume d1`"
    assert said("log", "restore", file) == (restored, f"{back}{still}\n")
    assert said("devices", "resume", "d1") == (
        "resumed 'd1': what it sends from now on is processed\n"
        "what was erased at 2023-11-14T22:13:30Z does not come back\n",
        "",
    )
    assert said("log", "restore", file) == (restored, f"{back}\n")


def test_a_device_of_which_nothing_is_known_may_be_misspelt(ours: Worker, tmp_path: Path) -> None:
    def said(*arguments: str) -> tuple[int, str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("EGOLOG_")}
        root = Path(__file__).parents[3]
        status, _, err = run_command(
            ("devices", *arguments),
            {**environment, "PYTHONPATH": str(root), **ours.environment()},
            60.0,
            tmp_path,
        )
        return status, err

    assert said("pause", "d1") == (0, "")
    line = "device 'dl' has no log yet: check the id with `devices list`\n"
    assert said("pause", "dl") == (0, line)
    # It was decided on before.
    assert said("quiet", "dl", "22:00-07:00@Europe/Berlin") == (0, "")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("devices", "pause", "a b"), "device is 'a b'; expected 1 to 64 letters"),
        (("devices", "resume", "d1"), "device 'd1' is active: there is nothing to resume"),
        (("devices", "quiet", "d1", "at night"), "hours are 'at night'; expected spans as"),
        (
            ("topics", "--grow", "4", "--force"),
            "cannot add partitions: the embedded one",
        ),
        (("log", "rebuild", "--from", "noon"), "time is 'noon'; expected"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    ours: Worker, tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    assert line in refusal(tmp_path, arguments, **ours.environment())
