"""The networks of EgoLog and LanHAR, their features, data and weights; knows only `schemas`.

Moved commands print their new module and exit with status 2, as `python -m models.train`; this is
removed with the next release.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType, ModuleType

MOVED = {
    "models.ablate": "models.research.evaluation.ablations",
    "models.adapt": "models.finetuning",
    "models.adapt.coreset": "models.research.egolog.coreset",
    "models.compose": "models.simulation",
    "models.evaluate": "models.research.evaluation",
    "models.evaluate_loop": "models.research.evaluation.self_training",
    "models.evaluate_papers": "models.research.papers",
    "models.expert": "models.egolog.offline_expert",
    "models.expert.table": "models.research.evaluation.offline_expert_table",
    "models.expert.train": "models.research.egolog.offline_expert",
    "models.lanhar.ablate": "models.research.lanhar.evaluation.ablations",
    "models.lanhar.describe": "models.research.lanhar.interpretation.describe",
    "models.lanhar.evaluate": "models.research.lanhar.evaluation",
    "models.lanhar.interpret": "models.research.lanhar.interpretation",
    "models.lanhar.readers": "models.research.lanhar.datasets",
    "models.lanhar.results": "models.research.lanhar.evaluation.results",
    "models.lanhar.training": "models.research.lanhar.training",
    "models.lanhar.training.distil": "models.research.lanhar.training.distil",
    "models.lanhar.train": "models.research.lanhar.training",
    "models.names": "models.research.papers.names",
    "models.train": "models.research.egolog",
}


class _Moved(MetaPathFinder, Loader):
    """Imports moved commands as stubs that print where they are now."""

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname not in MOVED:
            return None
        parent = any(name.startswith(f"{fullname}.") for name in MOVED)
        return ModuleSpec(fullname, self, is_package=parent)

    def exec_module(self, module: ModuleType) -> None:
        # A package is imported before its command, whose stub then prints the new module.
        if module.__spec__ is None or module.__spec__.submodule_search_locations is None:
            raise ImportError(f"{module.__name__} moved to {MOVED[module.__name__]}")

    def get_code(self, fullname: str) -> CodeType:
        """Return the code that `python -m` runs."""
        line = f"{fullname} moved: run python -m {MOVED[fullname.removesuffix('.__main__')]}"
        source = f"import sys\nprint({line!r}, file=sys.stderr)\nraise SystemExit(2)\n"
        return compile(source, f"<{fullname}>", "exec")


sys.meta_path.append(_Moved())
