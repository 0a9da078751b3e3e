"""Runs the cases of a folder and prints a table; exits 1 if one fails."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.imports.importing import open_import
from models.recordings.imports.report import as_json
from models.recordings.protocol import RecordingError
from tests.cases import answers
from tests.cases.expect import Verdict, judge
from tests.cases.outcome import judge_log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.recordings.protocol import Recording
    from tests.cases.worker import LocalWorker

_WORDS = {True: "ok", False: "FAILED", None: "not checked"}


def run(case: Path, worker: LocalWorker | None = None) -> Verdict:
    """Import the case's folder `rec`, as `import --dry-run --json` does, and compare.

    With a worker the recordings are also logged, and their logs must be complete.
    """
    expect = (case / "expect.txt").read_text(encoding="utf-8")
    if answers.is_case(case):
        return answers.run(case, expect)
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
    verdict = judge(expect, as_json(imported))
    return verdict if worker is None else log_all(verdict, imported.recordings, worker)


def log_all(verdict: Verdict, recordings: Iterable[Recording], worker: LocalWorker) -> Verdict:
    """Log the recordings of a case and add what became of them to its verdict."""
    for recording in recordings:
        logged = judge_log(recording, asyncio.run(worker.log(recording)))
        held = logged.held if verdict.held is not False else False
        verdict = Verdict(held, f"{verdict.why}; {logged.why}")
    return verdict


def main(arguments: list[str]) -> int:
    """Run all cases; return the number to exit with."""
    parser = argparse.ArgumentParser("python -m tests.cases", description=__doc__)
    parser.add_argument(
        "folder", type=Path, help="Folder of cases: each holds rec/ or an answer, and expect.txt."
    )
    parser.add_argument(
        "--end-to-end",
        action="store_true",
        help="Also pass each recording through a worker's agents and networks, without a broker: "
        "every window must have its record, and nothing may become a dead letter.",
    )
    options = parser.parse_args(arguments)
    folder = options.folder
    cases = sorted(
        path for path in folder.glob("*") if (path / "rec").is_dir() or answers.is_case(path)
    )
    if not cases:
        print(
            f"error: {str(folder)!r} holds no case with a folder rec or an answer", file=sys.stderr
        )
        return 1
    worker = None
    if options.end_to_end:
        # The networks take seconds to load.
        from tests.cases.worker import LocalWorker

        worker = LocalWorker()
    width = max(len(case.name) for case in cases)
    failed = 0
    for case in cases:
        verdict = run(case, worker)
        failed += verdict.held is False
        print(f"{case.name:{width}}  {_WORDS[verdict.held]:11}  {verdict.why}", flush=True)
    print(f"{len(cases)} cases, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
