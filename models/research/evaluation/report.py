"""Writes docs/RESULTS.md: tables of every figure, mean and spread over the seeds, and plots."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.research.evaluation import class_page
from models.research.evaluation.self_training import report as loop_page
from models.research.evaluation.sounds.real_sounds import PEOPLE, STREET
from models.research.lib.plots import bars, confusion, lines
from models.research.lib.tables import Figures, pick, spread, table
from schemas.evidence import DIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.research.lib.sizes import Cost, Size


@dataclass(frozen=True)
class Bar:
    """A headline: where it is in the JSON, what the paper has, the bar and the aim."""

    name: str
    path: tuple[str, ...]
    paper: str
    least: str
    aim: str


MEASURED_BARS = (
    Bar(
        "near or far, dummy head in the dry, source beside it",
        ("measured", "ku100", "balanced_lateral"),
        "",
        "0.80",
        "0.90",
    ),
    Bar("… all around", ("measured", "ku100", "balanced"), "", "", ""),
    Bar("… in simulated rooms", ("measured", "ku100", "balanced_in_rooms"), "", "0.85", "0.92"),
    Bar("… calibration error, with measured rooms", ("measured", "ece"), "", "0.10", "0.05"),
    Bar("sound events, 50 classes", ("sound_events", "top1"), "", "0.82", "0.88"),
    Bar(
        "street and home sounds, UrbanSound8K's ten as parents",
        ("urbansound8k", "top1"),
        "",
        "0.70",
        "0.80",
    ),
    Bar("real speech heard as speech, in quiet", ("speech", "quiet"), "", "0.95", "0.99"),
    Bar("… at 0 dB under street noise", ("speech", "street"), "", "0.80", "0.90"),
    Bar("false speech on ESC-50's other sounds", ("speech", "false"), "", "≤ 0.05", "0.02"),
    Bar("motion class, macro-F1", ("motion_class", "macro_f1"), "", "0.85", "0.92"),
)

COMPOSED_BARS = (
    Bar(
        "direction, binaural, 1 s",
        ("localization", "direction_accuracy"),
        "75–85 %",
        "0.80",
        "0.90",
    ),
    Bar("… without motion", ("localization", "direction_accuracy_without_motion"), "−10", "−8", ""),
    Bar("distance", ("localization", "distance_accuracy"), "75–85 %", "0.80", "0.90"),
    Bar("front–back error", ("localization", "front_back_error"), "", "half", "a quarter"),
    Bar("… without motion", ("localization", "front_back_error_without_motion"), "", "", ""),
    Bar("scenario, 30 s, F1", ("scenario", "f1"), "0.85", "0.80", "0.90"),
    Bar("… with the minutes before", ("scenario", "f1_with_memory"), "0.89", "", "0.93"),
    # EgoLog's Table 2 takes the sequence away with it; `ablations --contrastive-alone` does not.
    Bar(
        "… without contrastive and sequence",
        ("scenario", "f1_without_contrastive"),
        "0.70",
        "−0.08",
        "−0.13",
    ),
    Bar("… without sequence", ("scenario", "f1_without_sequence"), "0.83", "−0.02", ""),
    Bar("… sound alone", ("scenario", "f1_audio"), "", "", ""),
    Bar("… motion alone", ("scenario", "f1_imu"), "", "", ""),
    Bar("activity, 5 s, accuracy", ("har", "accuracy"), "", "", ""),
    Bar(
        "… without scenario",
        ("har", "accuracy_without_scenario"),
        "−0.06 to −0.09",
        "−0.05",
        "−0.10",
    ),
    Bar("… sound alone", ("har", "accuracy_audio"), "", "", ""),
    Bar("… motion alone", ("har", "accuracy_imu"), "", "", ""),
    Bar("activity, of windows not unknown", ("abstention", "accuracy_known"), "", "", ""),
    Bar("… windows not unknown", ("abstention", "coverage"), "", "0.95", ""),
    Bar("… right windows lost as unknown", ("abstention", "lost"), "", "≤ 0.01", "0"),
    Bar("… at 0.95 coverage, least sure first", ("abstention", "lost_at_95"), "", "", ""),
    Bar("… area under risk and coverage", ("abstention", "aurc"), "", "", ""),
    Bar(
        "likeliest scenario, of windows not unknown",
        ("abstention", "scenario", "accuracy_known"),
        "",
        "",
        "",
    ),
    Bar("… windows not unknown", ("abstention", "scenario", "coverage"), "", "0.95", ""),
    Bar("… right windows lost as unknown", ("abstention", "scenario", "lost"), "", "≤ 0.01", "0"),
    Bar("… area under risk and coverage", ("abstention", "scenario", "aurc"), "", "", ""),
    Bar("activity, wearer's sounds only", ("har", "accuracy_clean"), "", "", ""),
    Bar("… a far loudspeaker", ("har", "accuracy_interfered"), "", "", ""),
    Bar("… and audio dropped", ("har", "accuracy_interfered_gated"), "", "half back", "all"),
    Bar("… and the near field kept", ("har", "accuracy_interfered_near_kept"), "", "", ""),
    Bar("gate closed, far-only windows", ("gate", "far_only_closed"), "", "0.60", "0.85"),
    Bar("… windows with a near source", ("gate", "near_wrongly_closed"), "", "≤ 0.05", "0.02"),
    Bar("near or far of a sound event", ("events", "distance_accuracy"), "", "", ""),
    Bar(
        "… near and far not heard apart", ("events", "by_regions", "distance_accuracy"), "", "", ""
    ),
    Bar("… by all sound of its half minute", ("events", "distance_accuracy_of_window"), "", "", ""),
    Bar("direction of a sound event", ("events", "direction_accuracy"), "", "", ""),
    Bar("… by all sound there", ("events", "direction_accuracy_of_window"), "", "", ""),
)


KINDS = ("with_motion", "without_motion")
JUDGED = ("direction_accuracy", "distance_accuracy", "front_back_error", "micro_f1")


@dataclass(frozen=True)
class Report:
    """Everything that goes into the page."""

    runs: dict[int, Figures]
    ablations: dict[str, Figures]
    sizes: Sequence[Size]
    costs: Sequence[Cost]
    date: str
    command: str
    data: str


def write(report: Report, page: Path) -> None:
    """Write the page, and its plots into `figures/` beside it."""
    page.parent.mkdir(parents=True, exist_ok=True)
    figures = page.parent / "figures"
    figures.mkdir(exist_ok=True)
    runs = list(report.runs.values())
    # Another command fills this section, so what it wrote stays.
    loop = loop_page.present(page.read_text() if page.is_file() else "")
    parts = [
        "# Results",
        f"Written by `{report.command}` on {report.date}; {report.data}. Seeds "
        f"{', '.join(map(str, report.runs))} each compose other unseen days, rooms and placements; "
        "figures are mean ± standard deviation over them.",
        "## Measured: real clips, speech and motion, and a measured head\n"
        + _headlines(runs, MEASURED_BARS)
        + _real_sounds(runs)
        + _measured_distance(runs)
        + _real_motion(runs[0]),
        "## Composed days: real sounds, ears and motion put together by our own recipes\n"
        + _headlines(runs, COMPOSED_BARS),
        "## Far sound\n" + _far_sound(runs),
        "## Localization\n" + _localization(runs, figures),
        "## Length of data\n" + _lengths(runs, figures),
        "## Classes and scenarios\n" + class_page.section(runs, figures),
        "## Ablations and baselines\n" + _ablations(report.ablations),
        loop,
        "## Sizes and time\n" + _sizes(report),
        "Activities recognised across data sets, and by their description alone: "
        "[LANHAR.md](LANHAR.md).",
    ]
    page.write_text("\n\n".join(parts) + "\n")


def _across(runs: Sequence[Figures], path: tuple[str, ...]) -> str:
    values = [v for run in runs if (v := pick(run, path)) is not None]
    return spread(values) if values else "not measured"


def _headlines(runs: Sequence[Figures], bars: Sequence[Bar]) -> str:
    rows = [[b.name, _across(runs, b.path), b.paper, b.least, b.aim] for b in bars]
    return table(["on unseen users, clips, ears and rooms", "ours", "paper", "bar", "aim"], rows)


def _real_sounds(runs: Sequence[Figures]) -> str:
    """Say of which recordings the figures of real speech and street sounds are."""
    sentences = []
    first = runs[0]
    if "speech" in first:
        clips = first["speech"]["clips"]
        sentences.append(
            f"Speech is {clips} clips of 4 s by speakers that nothing was trained on, heard where "
            "`speech` is among the sound events that the stream would publish: above its threshold "
            "and of the five likeliest."
        )
    if "street" in first.get("speech", {}):
        sentences.append(
            f"The street is UrbanSound8K's {_listed(STREET)}; children playing and street music "
            "have voices in them and are left out, as are gun shots, which are over at once."
        )
    if "false" in first.get("speech", {}):
        clips = first["speech"]["other_clips"]
        sentences.append(
            f"False speech is counted on {clips} clips of ESC-50; its sounds of people "
            f"({_listed(PEOPLE)}) are left out."
        )
    if "urbansound8k" in first:
        clips = first["urbansound8k"]["clips"]
        sentences.append(
            f"UrbanSound8K's {clips} clips are of recordings that nothing was trained on; a clip "
            "is right where the likeliest parent (EgoLog §4.4.1) is its category's."
        )
    return "\n\n" + " ".join(sentences) if sentences else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


# What a session says that has heard a set of responses, and one that begins.
_HEARD = (("measured",), ("measured", "first_seconds"))


def _measured_distance(runs: Sequence[Figures]) -> str:
    """Say how often near is said at each distance, where a measured head is at hand."""
    first = runs[0].get("measured", {})
    rows = [
        [
            f"{place}, {metres} m",
            *(_across(runs, (*part, "ku100", key, metres, "said_near")) for part in _HEARD),
        ]
        for place, key in (("dry", "distances"), ("in simulated rooms", "in_rooms"))
        for metres in first.get("ku100", {}).get(key, {})
    ]
    for name in first.get("surrey", {}):
        row = [f"{name}, 1.5 m"]
        for part in _HEARD:
            far = [pick(run, (*part, "surrey", name, "said_far")) for run in runs]
            near = [1 - value for value in far if value is not None]
            row.append(spread(near) if near else "not measured")
        rows.append(row)
    if not rows:
        return ""
    return (
        "\n\nEach set of responses is one device. Its session has heard all of the set, which "
        "tells how much louder one of its microphones is; in its first seconds that is unknown:\n\n"
        + table(["source", "said near", "said near, first seconds"], rows)
        + _measured_calibration(runs, first.get("calibration", {}))
    )


def _measured_calibration(runs: Sequence[Figures], devices: Figures) -> str:
    """Say where the probability of near is wrong: of each measured device by itself."""
    if not devices:
        return ""
    rows = [
        [
            name,
            *(
                _across(runs, ("measured", "calibration", name, key))
                for key in ("said", "near", "ece")
            ),
        ]
        for name in devices
    ]
    return (
        "\n\nHow likely near is said to be of each of them on average, how much of it is near, and "
        "the calibration error of it alone, which is all that is said where nothing is near:\n\n"
        + table(["device", "probability of near", "near", "calibration error"], rows)
    )


def _real_motion(first: Figures) -> str:
    """Say what the networks make of measured motion alone; no seed changes that."""
    files = first.get("real_motion", {})
    if not files:
        return ""
    keys = ("windows", "accuracy", "coverage", "confidently_wrong", "motion_class_macro_f1")
    rows = [
        [name, *(_cell(file[key]) for key in keys), _cell(file["lanhar"]["macro_f1"])]
        for name, file in files.items()
    ]
    head = ["motion of", "windows", "activity, of those known", "known", "sure and wrong"]
    return (
        "\n\nMotion alone, without sound or scenario, of users nothing was trained on; an activity "
        "outside of the closed set is right only as unknown, and sure is 0.5 and more:\n\n"
        + table([*head, "motion class, macro-F1", "LanHAR, macro-F1"], rows)
    )


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _far_sound(runs: Sequence[Figures]) -> str:
    """Say what each way of dealing with a far loudspeaker is worth to the activities."""
    ways = (
        ("no gate", "accuracy_interfered", None),
        ("audio dropped", "accuracy_interfered_gated", "won_back_dropped"),
        ("near field kept", "accuracy_interfered_near_kept", "won_back"),
    )
    rows = [
        [
            name,
            _across(runs, ("har", accuracy)),
            "–" if won is None else _across(runs, ("gate", won)),
        ]
        for name, accuracy, won in ways
    ]
    return (
        "Composed minutes in which a loudspeaker plays from afar without a pause; its cost is what "
        f"activities lose beside {_across(runs, ('har', 'accuracy_clean'))} without it. Where "
        "there is a gate they are told the scenario without segments of far sound alone.\n\n"
        + table(["what is done", "activity, 5 s, accuracy", "share of the cost won back"], rows)
    )


def _localization(runs: Sequence[Figures], figures: Path) -> str:
    first = runs[0].get("localization")
    if first is None:
        return "Not measured: sounds or ears were absent."
    rows = []
    for device in ("binaural", "headphones", "glasses", "mono"):
        where: tuple[str, ...] = ("localization",)
        if device != "binaural":
            where += (device,)
        for kind in KINDS:
            # The one microphone is asked with the motion alone.
            at = (*where, kind) if device != "mono" else where
            if device == "mono" and kind == "without_motion":
                continue
            values = [_across(runs, (*at, name)) for name in JUDGED]
            rows.append([device, kind.replace("_", " "), *values])
    head = ["device", "", "direction", "distance", "front–back error", "8 regions, micro-F1"]
    moved, still = (first[k]["by_turn"] for k in ("with_motion", "without_motion"))
    names = [_bin(row) for row in moved]
    turns = [
        [name, str(row["seconds"]), *(_turned(runs, kind, n) for kind in KINDS)]
        for n, (name, row) in enumerate(zip(names, moved, strict=True))
    ]
    confusion(
        first["with_motion"]["confusion"],
        DIRECTIONS,
        "direction, binaural, with motion",
        figures / "directions.png",
    )
    bars(
        {
            "with motion": [row["direction_accuracy"] or 0.0 for row in moved],
            "without": [row["direction_accuracy"] or 0.0 for row in still],
        },
        [f"{name} °/s" for name in names],
        "direction accuracy by head motion",
        figures / "motion.png",
    )
    return "\n\n".join(
        [
            table(head, rows),
            *_measured_rooms(runs),
            "Direction by how fast the head turns (mean °/s within the second):",
            table(["°/s", "seconds", "with motion", "without"], turns),
            "![confusion of directions](figures/directions.png) "
            "![direction by head motion](figures/motion.png)",
        ]
    )


def _measured_rooms(runs: Sequence[Figures]) -> list[str]:
    """Say how a dummy's head hears through responses measured in rooms, where there are any."""
    names = runs[0]["localization"].get("measured_rooms", {})
    if not names:
        return []
    rows = [
        [
            name,
            *(_across(runs, ("localization", "measured_rooms", name, key)) for key in JUDGED[:3]),
        ]
        for name in names
    ]
    return [
        "Through responses measured in rooms, which nothing was trained on: a dummy's head at "
        "rest, a source 1.5 m away, ahead or beside it (no motion):",
        table(["responses", "direction", "distance", "front–back error"], rows),
    ]


def _bin(row: Figures) -> str:
    return f"{row['from_deg_s']}–{row['to_deg_s']}" if row["to_deg_s"] else f">{row['from_deg_s']}"


def _turned(runs: Sequence[Figures], kind: str, number: int) -> str:
    rows = [run["localization"][kind]["by_turn"][number] for run in runs]
    values = [row["direction_accuracy"] for row in rows if row["direction_accuracy"] is not None]
    return spread(values) if values else "none"


def _lengths(runs: Sequence[Figures], figures: Path) -> str:
    kinds = {
        "activity, accuracy (no scenario)": ("har", "by_length"),
        "scenario, F1": ("scenario", "by_length"),
    }
    rows = []
    drawn: dict[str, dict[float, float]] = {}
    for name, path in kinds.items():
        lengths = runs[0].get(path[0], {}).get(path[1], {})
        rows += [[name, f"{length} s", _across(runs, (*path, length))] for length in lengths]
        drawn[name] = {
            float(s): statistics.mean(float(run[path[0]][path[1]][s]) for run in runs)
            for s in lengths
        }
    located = runs[0].get("localization", {}).get("by_length", {})
    for length in located:
        where = ("localization", "by_length", length, "direction_accuracy")
        rows.append(["direction, accuracy", f"{length} s", _across(runs, where)])
    if located:
        drawn["direction, accuracy"] = {
            float(s): float(located[s]["direction_accuracy"]) for s in located
        }
    lines(drawn, "seconds", "accuracy against length of data", figures / "lengths.png")
    return (
        table(["what", "length", "score"], rows)
        + "\n\n![accuracy against length](figures/lengths.png)"
    )


def _ablations(ablations: dict[str, Figures]) -> str:
    if not ablations:
        return (
            "Not run: `python -m models.research.evaluation.ablations --json FILE`, "
            "then `--ablations FILE`."
        )
    runs = list(ablations.values())
    titles = {
        "scenario": "Scenario F1 (EgoLog Table 2)",
        "scenario_baselines": "Scenario F1, baselines",
        "positive": "Scenario F1 by definition of a positive pair",
        "retrieval": "Motion found among 32 by its sound",
        "har": "Activity accuracy (EgoLog Table 1)",
        "har_baselines": "Activity accuracy, baselines",
        "contrastive_alone": "Scenario F1 by what the contrastive stage teaches, all else alike",
    }
    parts = [
        f"Trained with seeds {', '.join(ablations)} on the shipped encoders "
        "(`python -m models.research.evaluation.ablations`), "
        "measured on other unseen days for each."
    ]
    for key, title in titles.items():
        if key not in runs[0]:
            continue
        rows = [[name, _across(runs, (key, name))] for name in runs[0][key]]
        parts.append(table([title, "score"], rows))
    return "\n\n".join(parts)


# EgoLog's Table 3: seconds between windows, CPU and GPU milliseconds.
_PAPER = {
    "scenario": ("30 s", "550", "9"),
    "spatial": ("2 s", "2.5", "2.1"),
    "har": ("10 s", "34", "2.7"),
}


def _sizes(report: Report) -> str:
    rows = [[s.name, f"{s.parameters:,}", f"{s.megabytes:.2f}"] for s in report.sizes]
    total = sum(s.megabytes for s in report.sizes)
    rows.append(["all", f"{sum(s.parameters for s in report.sizes):,}", f"{total:.2f}"])
    costs = [
        [
            c.part,
            f"{c.every_s} s",
            f"{c.mega_macs:.1f}",
            f"{c.cpu_ms:.1f}",
            *_PAPER.get(c.part, ("–", "–"))[:2],
        ]
        for c in report.costs
    ]
    head = [
        "window",
        "every",
        "million MACs",
        "ms, one CPU thread",
        "paper: every",
        "paper: ms, CPU",
    ]
    return (
        table(["network", "parameters", "MB"], rows)
        + "\n\n"
        + table(head, costs)
        + "\n\nNo GPU was at hand; the paper's GPU needs 9, 2.1 and 2.7 ms."
    )
