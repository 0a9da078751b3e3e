"""Applies each wearer's corrections to their own scenario estimates from the next window on.

A correction is queued for fine-tuning the shared network (`streams.corrections`). In addition, it
adapts this wearer's estimates immediately: windows that the network estimates similarly are judged
by it (`models.egolog.correction_adapter`). Other wearers are not affected.

**What an estimate depends on.** As with a revision of the network, only the first window that a
correction applies to depends on the time of the correction. The `revision` of an adapted estimate
ends in `+c` and the hash of the corrected windows, and two runs that name the same revision for a
window agree to the bit.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from infra.errors import StoreError
from infra.redis.erasure_marks import count_refused
from models.egolog.correction_adapter import CorrectionAdapter
from models.labels import SCENARIOS
from models.serving.predict import PredictError
from models.serving.weights_file import names_encoders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from infra.device_state.corrected_windows import CorrectedWindows
    from models.serving.predict import ScenarioRecognizer
    from schemas import FinetuneItem

# A revision has 64 characters at most, including all other parts.
_DIGITS = 6
_DEVICES_MAX = 256

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _CachedAdapter:
    changes: int
    network: str
    adapter: CorrectionAdapter | None


class CorrectionAdapters:
    """Builds adapters from the corrected windows in `store`; if that fails, estimates go without.

    Adapters are built in `pool`, for the network that `recognizer` currently uses. Nothing is
    stored of devices that `withholds` names, or that were erased since.
    """

    def __init__(
        self,
        store: CorrectedWindows,
        recognizer: ScenarioRecognizer,
        pool: ThreadPoolExecutor,
        withholds: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._recognizer = recognizer
        self._pool = pool
        self._withholds = withholds
        self._known: OrderedDict[str, _CachedAdapter] = OrderedDict()

    async def adapter(self, device_id: str) -> CorrectionAdapter | None:
        """Return the device's adapter of the current network, None if nothing was corrected."""
        network = self._recognizer.scenario_revision
        try:
            changes = await self._store.changes(device_id)
            if not changes:
                self._known.pop(device_id, None)
                return None
            known = self._known.get(device_id)
            if known is None or (known.changes, known.network) != (changes, network):
                changes, items = await self._store.read(device_id)
                made = asyncio.get_running_loop().run_in_executor(
                    self._pool, _build_adapter, self._recognizer, network, items
                )
                known = _CachedAdapter(changes, network, await made)
        except (StoreError, PredictError) as error:
            log.warning("device %s: judged without its corrections: %s", device_id, error)
            return None
        self._known[device_id] = known
        self._known.move_to_end(device_id)
        while len(self._known) > _DEVICES_MAX:
            self._known.popitem(last=False)
        return known.adapter

    async def learn(self, items: Sequence[FinetuneItem], after_ms: int = 0) -> None:
        """Store corrected windows of one device; raises `StoreError`.

        `after_ms` is the erasure of the device that the correction comes after.
        """
        if items and not self._withholds(items[0].device_id):
            count_refused("corrections", await self._store.put(items, after_ms))


def _build_adapter(
    recognizer: ScenarioRecognizer, network: str, items: Sequence[FinetuneItem]
) -> CorrectionAdapter | None:
    usable = [
        item for item in items if names_encoders(item.revision, recognizer.encoders_in_records)
    ]
    if not usable:
        return None
    rows = [item.embeddings.array().astype(np.float32) for item in usable]
    estimates = [recognizer.classify(each) for each in rows]
    labels = np.array([np.isin(SCENARIOS, item.pseudo_labels) for item in usable])  # (N, 16)
    content = sha256(labels.tobytes())
    for each in rows:
        content.update(each.tobytes())
    return CorrectionAdapter(
        network,
        np.array([[each[name] for name in SCENARIOS] for each in estimates]),
        labels,
        f"c{content.hexdigest()[:_DIGITS]}",
    )
