from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from infra.local.broker_embedded import EmbeddedBroker
from infra.local.probe import free_port, redis_answers
from infra.local.process import ChildProcess
from infra.local.redis_embedded import EmbeddedRedis
from models.serving.one_thread import pin_one_thread
from tests.needed import need, need_embedded_redis, need_redis
from tests.spare_worker import FromBothEnds, is_spare, step_back

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

    from tests.secure_kafka import SecureKafka

# A machine may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Without the second compiler a JVM that runs for seconds takes half the CPU.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

# Modules that take a minute, besides the drives on real services.
LONG = ("/test_wheel.py",)
# Of the modules that stay in their process, those that train networks.
TRAINING = (Path(__file__).parent / "models" / "research").as_posix()
SPARE_TIMEOUT_S = 1200
# Fixtures that start another process.
SERVERS = {"broker_url", "redis_url", "kafka_url", "secure_kafka", "debian_redis_url"}
# Modules that import one of these start a process or open a socket.
OUTSIDE = (
    *("aiohttp", "aiokafka", "http.server", "httpx", "infra.local", "multiprocessing", "redis"),
    *("socket", "subprocess", "tests.pipeline.llm_endpoint", "tests.pipeline.running"),
    *("tests.streams.web.browser", "tests.warm_process"),
)


# Its cases are read from the HTTP interface's description, which takes seconds.
SLOWLY_COLLECTED = {"test_contract.py": "not pipeline"}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what takes seconds to collect where its mark is not asked for."""
    left_out = SLOWLY_COLLECTED.get(collection_path.name)
    return True if left_out is not None and left_out in config.option.markexpr else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order modules by duration, the longest first, so that no worker waits for them at the end.

    Modules that stay in their process come last, for a spare worker, and after those that train
    networks, which would end the run on one core. Tests that depend on other processes are rerun
    once if they fail, because the machine may have been too busy.
    """
    if is_spare(os.environ.get("PYTEST_XDIST_WORKER", "")):
        for item in items:
            # It may have no core for minutes.
            item.add_marker(pytest.mark.timeout(SPARE_TIMEOUT_S))
    leaving = [item for item in items if leaves_its_process(item)]
    if config.pluginmanager.hasplugin("rerunfailures"):
        for item in leaving:
            item.add_marker(pytest.mark.flaky(reruns=1))
    long = {
        item.path
        for item in items
        if item.path.as_posix().endswith(LONG) or item.get_closest_marker("services") is not None
    }
    outgoing = {item.path for item in leaving}
    items.sort(
        key=lambda item: (
            item.path not in long,
            item.path not in outgoing,
            not item.path.as_posix().startswith(TRAINING),
        )
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """By default, distribute whole modules from both ends of the queue."""
    return FromBothEnds(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_finish() -> None:
    """Exclude the shared heap from garbage collection: it is large and lives until the end."""
    gc.collect()
    gc.freeze()
    step_back(os.environ.get("PYTEST_XDIST_WORKER", ""))


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Collect garbage after each module, so that its open sockets are not blamed on the next."""
    if (nextitem is None or nextitem.path != item.path) and leaves_its_process(item):
        gc.collect()


def leaves_its_process(item: pytest.Item) -> bool:
    """Return whether a test depends on a server, a child process or a socket."""
    marked = any(item.get_closest_marker(name) is not None for name in ("services", "pipeline"))
    served = not SERVERS.isdisjoint(getattr(item, "fixturenames", ()))
    return marked or served or outside(item.getparent(pytest.Module))


@cache
def outside(module: pytest.Module | None) -> bool:
    """Return whether a test module has imported anything from `OUTSIDE`."""
    values = [] if module is None else list(vars(module.obj).values())
    names = {
        value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        for value in values
    }
    return any(f"{name}.".startswith(f"{each}.") for name in names for each in OUTSIDE)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Pin torch to one thread, for a fixed order of summation and one core per xdist worker."""
    pin_one_thread()


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One embedded broker for the session; tests use topic names of their own."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker.url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One embedded Redis for the session; tests use app ids of their own."""
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture(scope="session")
def real_redis() -> None:
    """A server that is not fakeredis; without one the test is skipped."""
    need_embedded_redis()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the session's Redis, which is emptied first."""
    async with Redis.from_url(redis_url) as client:
        await client.flushall()
        yield client


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture(scope="session")
def secure_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """One Apache Kafka for the session, with a data folder of its own."""
    # Imported late, because it imports this module.
    from tests.secure_kafka import SecureKafka

    need("java", "default-jre-headless")
    need("mvn", "maven")
    with SecureKafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.fixture(scope="session")
def kafka_url(secure_kafka: SecureKafka) -> str:
    """Its plaintext address, without login and authorization."""
    return secure_kafka.url


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.pipeline),
        pytest.param("kafka", marks=pytest.mark.services),
    ]
)
def any_broker_url(request: pytest.FixtureRequest) -> str:
    """Run each test that uses it on the embedded broker and on Apache Kafka."""
    name = "broker_url" if request.param == "embedded" else "kafka_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(scope="session")
def debian_redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The distribution's own Redis server, with a data folder of its own."""
    with debian_redis(tmp_path_factory.mktemp("debian-redis")) as url:
        yield url


@contextmanager
def debian_redis(folder: Path, *options: str) -> Iterator[str]:
    """The distribution's own Redis server with a data folder."""
    program, port = need_redis(), free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    server = ChildProcess(
        "redis",
        [*command, "--save", "", *options],
        port=port,
        log=folder / "redis.log",
    )
    server.start(lambda: redis_answers(port), 10.0)
    yield f"redis://127.0.0.1:{port}"
    server.stop()


@dataclass(frozen=True)
class Services:
    """A broker and a store."""

    broker_url: str
    redis_url: str


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.pipeline),
        pytest.param("real", marks=pytest.mark.services),
    ]
)
def services(request: pytest.FixtureRequest) -> Services:
    """The embedded services, in the long suite only, or Apache Kafka and Debian's Redis."""
    names = {
        "embedded": ("broker_url", "redis_url"),
        "real": ("kafka_url", "debian_redis_url"),
    }[request.param]
    return Services(*(request.getfixturevalue(name) for name in names))


@pytest.fixture(scope="session")
def prometheus_binary() -> str:
    """The path of Prometheus."""
    return need("prometheus", "prometheus")


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of promtool."""
    return need("promtool", "prometheus")
