"""Opens recordings by a short specification such as `hapt:u01` or `samosa:~/SAMoSA#49`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from models.recordings import folder
from models.recordings.datasets import (
    classyglass,
    ego4d,
    egoadl,
    hapt,
    samosa,
    self_collected,
    wisdm,
)
from models.recordings.imports.importing import open_import
from models.recordings.imports.report import as_lines
from models.recordings.protocol import Recording, RecordingError
from models.recordings.shared_data import ENVIRONMENT
from schemas.extras import is_missing_extra

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.recordings.session import SessionRecording

SPECS = (
    "folder:PATH",
    "import:PATH",
    "hapt:USER|all",
    "classyglass:USER|all",
    "wisdm-phone:USER",
    "wisdm-watch:USER",
    "composed:CLASSYGLASS_USER[:SEED]",
    "composed-day:SEED[:MINUTES]",
    "simulated:SEED[:MINUTES]",
    "ego4d:DIR[#VIDEO_UID]",
    "egoadl:DIR[#USER]",
    "samosa:DIR[#PARTICIPANT]",
    "self-collected:DIR[#DEVICE/USER/SESSION]",
)
DEFAULT_MINUTES = 24.0

NumberT = TypeVar("NumberT", int, float)


def open_recordings(
    spec: str, data_root: Path | None = None, start_ns: int | None = None
) -> list[Recording]:
    """Return the recordings of `spec` (one of `SPECS`), in the order of their start.

    `data_root` is the folder of the data sets; specifications with their own path, and `simulated`,
    do not need it. `start_ns` replaces the start of an import's earliest file. Raises
    `RecordingError` with one line for an unknown specification, a missing file or an invalid value.
    """
    kind, _, rest = spec.partition(":")
    opener = _OPENERS.get(kind)
    if opener is None or not rest:
        raise RecordingError(f"recording {spec!r} is unknown; expected one of {', '.join(SPECS)}")
    if start_ns is not None and kind != "import":
        raise RecordingError(f"recording {spec!r} has its own start; expected import:PATH")
    try:
        return opener(rest, data_root) if start_ns is None else _import(rest, data_root, start_ns)
    except RecordingError as error:
        # An example helps with a wrong specification, not with a missing extra.
        if kind not in _EXAMPLES or is_missing_extra(error):
            raise
        looked = f"; looked in {str(data_root)!r} ({_SET_BY})" if data_root else ""
        example = f"{kind}:{_EXAMPLES[kind]}"
        raise RecordingError(f"{error}{looked}; an example is {example}") from error


def _folder(rest: str, data_root: Path | None) -> list[Recording]:  # noqa: ARG001 - the signature is its callers'
    return [folder.open_folder(Path(rest).expanduser())]


def _import(
    rest: str,
    data_root: Path | None,  # noqa: ARG001 - the signature is its callers'
    start_ns: int | None = None,
) -> list[Recording]:
    imported = open_import(Path(rest).expanduser(), start_ns=start_ns)
    print("\n".join(as_lines(imported)), file=sys.stderr)
    if not imported.recordings:
        raise RecordingError(f"{rest!r} holds no recording that can be imported")
    return [*imported.recordings]


def _simulated(rest: str, data_root: Path | None) -> list[Recording]:  # noqa: ARG001 - the signature is its callers'
    # Needs an extra, unlike other kinds of recordings.
    from models.simulation.simulated_day import SimulatedDay

    return [SimulatedDay(*_day(rest))]


def _hapt(rest: str, data_root: Path | None) -> list[Recording]:
    path = _root(data_root) / "imu" / "hapt_50hz.npz"
    return [*(hapt.open_all(path) if rest == "all" else hapt.open_user(path, rest))]


def _classyglass(rest: str, data_root: Path | None) -> list[Recording]:
    path = _root(data_root) / "imu" / "classyglass_50hz.npz"
    return [*(classyglass.open_all(path) if rest == "all" else classyglass.open_user(path, rest))]


def _wisdm_phone(rest: str, data_root: Path | None) -> list[Recording]:
    return [*wisdm.open_user(_root(data_root) / "imu" / "wisdm19_phone_20hz.npz", rest)]


def _wisdm_watch(rest: str, data_root: Path | None) -> list[Recording]:
    return [*wisdm.open_user(_root(data_root) / "imu" / "wisdm19_watch_20hz.npz", rest)]


def _composed(rest: str, data_root: Path | None) -> list[Recording]:
    # It imports the readers of real clips and ears, which no other recording needs.
    from models.simulation import composed

    user, _, seed = rest.partition(":")
    return [*composed.open_user(_root(data_root), user, _number("seed", seed or "0", int))]


def _composed_day(rest: str, data_root: Path | None) -> list[Recording]:
    from models.recordings.unseen import unseen
    from models.simulation.composed_day import ComposedDay
    from models.simulation.sources.material import Material, missing

    seed, minutes = _day(rest)
    root = _root(data_root)
    if absent := missing(root):
        raise RecordingError(f"data folder {str(root)!r} lacks {', '.join(absent)}")
    return [ComposedDay(seed, minutes, Material.read(root, unseen(root), elsewhere=False))]


def _of_set(
    open_set: Callable[[Path, str | None], list[SessionRecording]],
) -> Callable[[str, Path | None], list[Recording]]:
    def opener(rest: str, data_root: Path | None) -> list[Recording]:  # noqa: ARG001 - the signature is its callers'
        path, _, one = rest.partition("#")
        return [*open_set(Path(path).expanduser(), one or None)]

    return opener


_OPENERS: dict[str, Callable[[str, Path | None], list[Recording]]] = {
    "import": _import,
    "folder": _folder,
    "hapt": _hapt,
    "classyglass": _classyglass,
    "wisdm-phone": _wisdm_phone,
    "wisdm-watch": _wisdm_watch,
    "composed": _composed,
    "composed-day": _composed_day,
    "simulated": _simulated,
    "ego4d": _of_set(ego4d.open_set),
    "egoadl": _of_set(egoadl.open_set),
    "samosa": _of_set(samosa.open_set),
    "self-collected": _of_set(self_collected.open_set),
}

_SET_BY = f"set by --data, else by {ENVIRONMENT}"
# A valid id of each data set below the data folder.
_EXAMPLES = {
    "hapt": "u01",
    "classyglass": "D1_u01",
    "wisdm-phone": "1600",
    "wisdm-watch": "1600",
    "composed": "D1_u01",
    "composed-day": "1",
}


def _root(data_root: Path | None) -> Path:
    if data_root is None:
        raise RecordingError(
            f"no data folder is {_SET_BY}; expected the one that holds imu/, audio/ and hrtf/"
        )
    if not data_root.is_dir():
        raise RecordingError(f"data folder {str(data_root)!r} does not exist")
    return data_root


def _day(rest: str) -> tuple[int, float]:
    seed, _, minutes = rest.partition(":")
    length = _number("minutes", minutes, float) if minutes else DEFAULT_MINUTES
    return _number("seed", seed, int), length


def _number(name: str, text: str, kind: Callable[[str], NumberT]) -> NumberT:
    try:
        return kind(text)
    except ValueError as error:
        raise RecordingError(f"{name} is {text!r}; expected a number") from error
