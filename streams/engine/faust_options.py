"""What Faust is configured with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.errors import SettingsError

if TYPE_CHECKING:
    from infra.settings import Settings

# Thirty-second windows are the largest messages; a fetch must hold at least one.
_MAX_REQUEST_BYTES = 5_000_000
# Workers learn from missing heartbeats that another one is gone.
_HEARTBEAT_S = 0.5
# How long a recreated topic may stay unnoticed.
_METADATA_MAX_AGE_MS = 5_000


def faust_options(settings: Settings) -> dict[str, Any]:
    """Return the arguments of `faust.App` besides its id; creates Faust's data folder.

    Raises `SettingsError` if the run folder cannot be written.
    """
    data = settings.run_dir / "faust"
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"setting EGOLOG_RUN_DIR has value {str(settings.run_dir)!r}: expected a folder that "
            f"can be written ({(error.strerror or str(error)).lower()})"
        ) from error
    return {
        # An embedded broker's port is known only once it runs: see `EgoLogApp.use`.
        "broker": f"kafka://{','.join(settings.bootstrap_servers) or '127.0.0.1:1'}",
        "store": "memory://",
        "datadir": str(data),
        "autodiscover": False,
        "key_serializer": "raw",
        "value_serializer": "raw",
        "topic_partitions": settings.topic_partitions,
        "topic_replication_factor": settings.topic_replicas,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "producer_linger": 0.005,
        # Records repeat names and ids. Supported since Kafka 2.1; lz4 is six microseconds a batch
        # faster, but takes five percent more disk.
        "producer_compression_type": "zstd",
        "producer_metadata_max_age_ms": _METADATA_MAX_AGE_MS,
        "consumer_metadata_max_age_ms": _METADATA_MAX_AGE_MS,
        "producer_max_request_size": _MAX_REQUEST_BYTES,
        "consumer_max_fetch_size": _MAX_REQUEST_BYTES,
        # Every message has a checksum of its own, from where it was encoded. The broker checked the
        # batch's when it took it; checking that again would take twice as long.
        "broker_check_crcs": False,
        "consumer_auto_offset_reset": "earliest",
        "broker_session_timeout": settings.session_timeout_s,
        "broker_heartbeat_interval": min(settings.session_timeout_s / 3, _HEARTBEAT_S),
        "broker_rebalance_timeout": settings.session_timeout_s,
        "broker_commit_interval": settings.commit_interval_s,
        "stream_buffer_maxsize": settings.stream_buffer_max,
        "stream_wait_empty": False,
        "stream_recovery_delay": 0.0,
        "web_bind": settings.web_host,
        "web_port": settings.web_port,
        # Faust writes it into a URL, where an address of IPv6 stands in brackets.
        "web_host": f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host,
        "worker_redirect_stdouts": False,
        "Worker": "streams.engine.worker:Worker",
        "TableManager": "streams.engine.no_tables:NoTables",
        "Topic": "streams.engine.kafka.topic:GuardedTopic",
    }
