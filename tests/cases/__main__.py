"""Runs the cases of a folder and prints a table; exits 1 if one fails."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.recordings.imports.importing import open_import
from models.recordings.imports.report import as_json
from models.recordings.protocol import RecordingError
from tests.cases.expect import Verdict, judge

_WORDS = {True: "ok", False: "FAILED", None: "not checked"}


def run(case: Path) -> Verdict:
    """Import the case's folder `rec`, as `import --dry-run --json` does, and compare."""
    expect = (case / "expect.txt").read_text(encoding="utf-8")
    try:
        imported = open_import(case / "rec")
        for recording in imported.recordings:
            # What can be listed must also come.
            for part in (recording.audio(), recording.imu()):
                for chunk in part:
                    assert chunk.t_ns >= recording.start_ns
            if recording.report.skipped:
                return Verdict(False, f"breaks off while it is read: {recording.report}")
    except RecordingError as error:
        return judge(
            expect,
            {
                "recordings": [],
                "skipped": [{"path": "", "reason": str(error)}],
                "rows_left_out": {},
            },
        )
    return judge(expect, as_json(imported))


def main(arguments: list[str]) -> int:
    """Run all cases; return the number to exit with."""
    parser = argparse.ArgumentParser("python -m tests.cases", description=__doc__)
    parser.add_argument(
        "folder", type=Path, help="Folder of cases: each holds rec/ and expect.txt."
    )
    folder = parser.parse_args(arguments).folder
    cases = sorted(path.parent for path in folder.glob("*/rec") if path.is_dir())
    if not cases:
        print(f"error: {str(folder)!r} holds no case with a folder rec", file=sys.stderr)
        return 1
    width = max(len(case.name) for case in cases)
    failed = 0
    for case in cases:
        verdict = run(case)
        failed += verdict.held is False
        print(f"{case.name:{width}}  {_WORDS[verdict.held]:11}  {verdict.why}", flush=True)
    print(f"{len(cases)} cases, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
