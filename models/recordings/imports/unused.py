"""Why a file of an import is not used, and what would make it usable."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from models.recordings.imports.files import unpacked_name
from models.recordings.imports.motion.file_header import EXAMPLE_HEADER, why_no_motion

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.imports.files import FoundFile

_OTHER_ARCHIVES = frozenset((".7z", ".rar", ".zst", ".lz4", ".br", ".z"))
_SPREADSHEETS = frozenset((".xls", ".xlsx", ".xlsm", ".ods", ".numbers"))
# They may hold motion, for a maker's program or a library to read.
_TABLES = frozenset(
    (
        ".avro", ".bag", ".bin", ".cwa", ".edf", ".feather", ".fit", ".gt3x", ".h5", ".hdf5",
        ".jsonl", ".mat", ".mcap", ".npy", ".npz", ".parquet", ".pickle", ".pkl", ".xdf", ".xml",
    )
)  # fmt: skip
_BINARIES = {
    ".cwa": ("an Axivity", "OmGui"),
    ".gt3x": ("an ActiGraph", "ActiLife, as raw data"),
}
_GENEACTIV = b"Device Identity"  # the first line of its .bin


def why_unused(file: FoundFile, as_format: str) -> str:
    """Return the reason that `file` is not used; `as_format` is one of `layouts.FORMATS`."""
    display_path = file.display_path
    suffix = display_path.suffix.lower()
    if display_path.name.startswith(".") or "__MACOSX" in display_path.parts:
        return "is a hidden file of the system"
    if suffix == ".zip":
        return "is a zip inside of a zip; unpack it first"
    if suffix in _OTHER_ARCHIVES:
        return "is an archive that is not read; unpack it first, or pack it as a zip"
    suffix = PurePosixPath(unpacked_name(display_path.name)).suffix.lower()
    if as_format != "auto":
        return f"is not read as {as_format}"
    if suffix in (".csv", ".txt", ".tsv"):
        return why_no_motion(file.path)
    ends = f"(its name ends in {suffix or 'nothing'!r})"
    binary = _BINARIES.get(suffix)
    if suffix == ".bin" and _begins_with(file.path, _GENEACTIV):
        binary = "a GENEActiv", "GENEActiv PC Software"
    if binary is not None:
        device, program = binary
        return f"is a recording of {device}; export it as CSV with {program}"
    if suffix in _SPREADSHEETS:
        return f"is a spreadsheet {ends}; export it as CSV"
    if suffix in _TABLES:
        return f"is no table of text {ends}; write it as CSV with a header, as {EXAMPLE_HEADER}"
    return f"is no sound and no motion that can be read {ends}"


def _begins_with(path: Path, start: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(start)) == start
    except OSError:
        return False
