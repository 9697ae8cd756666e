"""NAB's realTweets, scored by the published definition of the Numenta Anomaly Benchmark.

Within a labelled window only the first detection counts, for more the earlier it comes; each one
outside costs, the more the farther it is behind the last window; a window without a detection costs
a whole one. The first 15 % of a file (at most 750 rows) are for learning. The sum is scaled so that
silence comes to 0 and the perfect detector to 100 (Lavin and Ahmad 2015, arXiv:1510.03336).
"""

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp
from pathlib import Path

import numpy as np

EMBERWATCH = Path(sys.executable).parent / "emberwatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a detection, a false one and a miss are worth."""

    name: str
    true: float = 1.0
    false: float = 0.11
    missed: float = 1.0


PROFILES = (
    Profile(name="standard"),
    Profile(name="low false positives", false=0.22),
    Profile(name="low false negatives", missed=2.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A file of the benchmark: how many rows, and its windows as (first, last) row."""

    name: str
    rows: int
    windows: tuple[tuple[int, int], ...]

    @property
    def learning(self) -> int:
        """How many rows at the beginning are not scored."""
        return int(min(0.15 * self.rows, 0.15 * 5000))

    @property
    def scored(self) -> tuple[tuple[int, int], ...]:
        """The windows that do not lie wholly among the rows for learning."""
        return tuple(window for window in self.windows if window[1] >= self.learning)


def worth(place: float) -> float:
    """Return what a detection is worth by its place: -1 where a window begins, 0 where it ends."""
    return -1.0 if place > 3.0 else 2.0 / (1.0 + exp(5.0 * place)) - 1.0


def points(file: Labelled, detections: Sequence[int], profile: Profile) -> float:
    """Return the unscaled score of the rows at which something was detected."""
    found = sorted(row for row in detections if row >= file.learning)
    total = 0.0
    for first, last in file.scored:
        inside = [row for row in found if first <= row <= last]
        if inside:
            place = -(last - inside[0] + 1) / (last - first + 1)
            total += profile.true * worth(place) / worth(-1.0)
        else:
            total -= profile.missed
    for row in found:
        if any(first <= row <= last for first, last in file.windows):
            continue
        behind = [(row - last) / (last - first) for first, last in file.windows if last < row]
        total += profile.false * (worth(behind[-1]) if behind else -1.0)
    return total


def scaled(total: float, windows: int, profile: Profile) -> float:
    """Return a score between silence (0) and perfection (100)."""
    silence = -profile.missed * windows
    return 100.0 * (total - silence) / (profile.true * windows - silence)


def load(folder: Path) -> list[tuple[Labelled, list[tuple[int, int]]]]:
    """Return each file with its rows (seconds since 1970, tweets)."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text())
    files = []
    for name, windows in sorted(labels.items()):
        if not name.startswith("realTweets/"):
            continue
        with (folder / "data" / name).open() as lines:
            rows = [
                (_seconds(row["timestamp"]), int(row["value"])) for row in csv.DictReader(lines)
            ]
        place = {second: number for number, (second, _) in enumerate(rows)}
        spans = tuple((place[_seconds(a)], place[_seconds(b)]) for a, b in windows)
        files.append((Labelled(name=name, rows=len(rows), windows=spans), rows))
    return files


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text[:19]).replace(tzinfo=UTC).timestamp())


def judged(rows: list[tuple[int, int]]) -> tuple[np.ndarray, list[int]]:
    """Return our score of each row, and the rows in which an alert opened; all tweets are angry."""
    with tempfile.TemporaryDirectory() as name:
        source, out = Path(name) / "in.csv", Path(name) / "out.csv"
        lines = [f"{second},{count},{count}" for second, count in rows]
        source.write_text("timestamp,count,angry\n" + "\n".join(lines) + "\n")
        command = [EMBERWATCH, "backtest", "--series", source, "--out", out]
        subprocess.run(command, check=True, capture_output=True)
        with out.open() as told:
            answers = list(csv.DictReader(told))
    scores = np.array([float(row["score"] or 0.0) for row in answers])
    alerts = [int(float(row["alert"] or 0)) for row in answers]
    opened = [n for n, alert in enumerate(alerts) if alert and not (n and alerts[n - 1])]
    return scores, opened


def report(folder: Path) -> str:
    """Run our detector over the folder and return the table.

    The second column chooses the threshold for each file on the nine others.
    """
    files = load(folder)
    answers = [judged(rows) for _, rows in files]
    pooled = np.concatenate([scores for scores, _ in answers])
    thresholds = np.unique(np.quantile(pooled, 1.0 - np.logspace(-1.5, -5.0, 120)))
    total = sum(len(file.scored) for file, _ in files)
    lines = [
        "| profile | as it rings | by score, threshold from the others |",
        "| --- | --- | --- |",
    ]
    for profile in PROFILES:
        rung = sum(
            points(file, opened, profile)
            for (file, _), (_, opened) in zip(files, answers, strict=True)
        )
        by_threshold = np.array(
            [
                [
                    points(file, np.flatnonzero(scores >= least).tolist(), profile)
                    for least in thresholds
                ]
                for (file, _), (scores, _) in zip(files, answers, strict=True)
            ]
        )
        others = by_threshold.sum(axis=0)[None, :] - by_threshold
        apart = sum(
            row[best] for row, best in zip(by_threshold, others.argmax(axis=1), strict=True)
        )
        told = [scaled(points_, total, profile) for points_ in (rung, float(apart))]
        lines.append(f"| {profile.name} | {told[0]:.1f} | {told[1]:.1f} |")
    hits = sum(
        any(first <= row <= last for row in opened)
        for (file, _), (_, opened) in zip(files, answers, strict=True)
        for first, last in file.scored
    )
    rings = sum(
        len([row for row in opened if row >= f.learning])
        for (f, _), (_, opened) in zip(files, answers, strict=True)
    )
    return "\n".join([*lines, f"\n{hits} of {total} windows are hit, by {rings} alerts in all."])
