from pathlib import Path

from models.recordings.report import SetReport


def test_each_kind_of_trouble_is_one_line_with_its_count() -> None:
    report = SetReport()
    for number in range(7):
        report.missing(Path(f"{number}.csv"))
    report.missing(Path("0.csv"))
    report.skip(Path("a.wav"), "holds no samples")
    report.bad_row(Path("b.csv"), 3, "cut", "1,2")
    report.bad_row(Path("b.csv"), 9, "not finite", count=4)
    report.bad_row(Path("c.json"), 2, "malformed", unit="entry")
    assert report.lines(named=2) == [
        "7 files absent: 0.csv, 1.csv and 5 more",
        "1 file skipped: a.wav (holds no samples)",
        "6 rows left out: b.csv: 1 cut, 4 not finite (line 3: cut: 1,2), "
        "c.json: 1 malformed (entry 2: malformed)",
    ]


def test_an_empty_report_is_empty_text() -> None:
    assert str(SetReport()) == ""
