"""All settings of the pipeline, read from the environment, then `.env`, then defaults.

Each setting is an environment variable `EGOLOG_<NAME>`.
"""

from infra.settings.loading import load, may_be_in_file
from infra.settings.presentation import SettingRow
from infra.settings.schema import Settings
from infra.settings.types import EMBEDDED
from infra.settings.variables import PREFIX, env_name

__all__ = [
    "EMBEDDED",
    "PREFIX",
    "SettingRow",
    "Settings",
    "env_name",
    "load",
    "may_be_in_file",
]
