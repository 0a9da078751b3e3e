"""The variables that settings are read from: in the environment and in a `.env` file."""

from __future__ import annotations

from typing import Any

from pydantic_settings import DotEnvSettingsSource

PREFIX = "EGOLOG_"
# Variables with the prefix that are not settings: where tests find real recordings, and where the
# local Apache Kafka keeps its jars.
NOT_SETTINGS = frozenset({"EGOLOG_SHARED_DATA", "EGOLOG_KAFKA_LIBS"})


def env_name(field: str) -> str:
    """Return the environment variable of the setting `field`."""
    return PREFIX + field.upper()


class OwnKeys(DotEnvSettingsSource):
    """Reads only our own keys of a `.env` file, which may serve other programs too."""

    def __call__(self) -> dict[str, Any]:
        """Return the values by field."""
        fields = self.settings_cls.model_fields
        return {name: value for name, value in super().__call__().items() if name in fields}
