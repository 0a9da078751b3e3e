"""A wearer who corrects the log of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.pipeline.running import Worker


def post_correction(worker: Worker, **change: Any) -> Any:
    """Return what the worker answers to a correction that it takes."""
    answer = httpx.post(
        f"{worker.url}/api/v1/corrections", json=change, headers={"X-EgoLog": "1"}, timeout=60
    )
    assert answer.status_code == 201, answer.text
    return answer.json()
