"""`finetune`: learn from the fine-tuning queue (EgoLog §4.4.2)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from faust.cli import option
from prometheus_client import start_http_server

from infra.broker import permissions, topic_creation
from infra.errors import PortInUseError
from infra.model_store.weights import WeightsStore
from infra.redis.client import connect
from infra.settings import Settings, env_name
from models.serving.trained_with import trained_with_others
from streams.commands.error_lines import one_line_errors
from streams.commands.running_services import running
from streams.engine.startup import open_registry
from streams.finetuning.finetuner import Finetuner

if TYPE_CHECKING:
    from streams.engine.app import EgoLogApp

log = logging.getLogger(__name__)


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""

    @app.command(
        option(
            "--once",
            is_flag=True,
            help="Exit once the queue is drained and pending training is done.",
        )
    )
    @one_line_errors
    async def finetune(once: bool) -> None:
        """Fine-tune the scenario network on refined windows.

        Runs until Ctrl-C. A revision is published only if it is better on held-out windows of the
        queue and not worse on the reference days.
        """
        registry = open_registry(app.settings)
        settings = running(app.settings, "broker_url", "redis_url")
        # What is trained goes to both, an hour later perhaps.
        WeightsStore.of(settings).check()
        async with await connect(settings):
            pass
        await permissions.require(settings, "finetuner")
        await topic_creation.create(settings)
        logging.basicConfig(level=settings.log_level, format="%(message)s")
        for line in trained_with_others(registry.weights_dir):
            log.warning("%s", line)
        _serve_metrics(settings)
        async with Finetuner(settings, registry) as finetuner:
            print(f"reading {settings.topic('finetune.queue')}; stop with Ctrl-C", flush=True)
            await finetuner.run(once=once)


def _serve_metrics(settings: Settings) -> None:
    port = settings.finetune_metrics_port
    if port is None:
        return
    try:
        start_http_server(port, settings.web_host)
    except OSError as error:
        raise PortInUseError(
            f"port {port} on {settings.web_host} cannot be used for metrics "
            f"({str(error.strerror).lower()}): set {env_name('finetune_metrics_port')} to another"
        ) from None
