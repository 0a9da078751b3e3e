from __future__ import annotations

from tests.infra.conftest import *  # noqa: F403
