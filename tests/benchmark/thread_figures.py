"""How well pile-ons are foreseen on files of threads.

    python -m tests.benchmark.thread_figures FILE.csv[.gz]... [--target 300] [--base-rates .44 .05]

A file has the columns `cascade,t`: seconds since the root of each reaction. Every thread that comes
to the target counts as if so many others had not that the base rate comes out: its weight is one
over the share in the file. `precision` is that of the flags, `recall` that of the threads that came
to the target; `early` is the share of those flagged before they were there; `reactions` and
`minutes` are medians at the flag. `half` says whether all threads of the file were looked at, or
the odd or the even ones.
"""

import argparse
import csv
import gzip
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from emberwatch.runtime.threads import Reaction, judge_threads

WEEK = 7 * 86_400.0


def read(path: Path) -> dict[str, list[float]]:
    """Return the moments of each thread's reactions in its first week, in order."""
    threads: dict[str, list[float]] = {}
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for row in csv.DictReader(lines):
            if 0.0 <= float(row["t"]) <= WEEK:
                threads.setdefault(row["cascade"], []).append(float(row["t"]))
    return {name: sorted(moments) for name, moments in threads.items()}


def figures(threads: Mapping[str, Sequence[float]], target: int, base_rate: float) -> str:
    """Return one row of the table for some threads at a base rate."""
    rows = (Reaction(cascade=name, t=t) for name, moments in threads.items() for t in moments)
    flags = dict(judge_threads(rows, target, base_rate))
    huge = [name for name, moments in threads.items() if len(moments) >= target]
    right = [name for name in flags if len(threads[name]) >= target]
    if not right:
        return f"{base_rate:>5.2f}  none of {len(huge)} flagged"
    others = len(threads) - len(huge)
    weight = base_rate / (1.0 - base_rate) * others / len(huge)
    wrong = len(flags) - len(right)
    sizes = [bisect_right(threads[name], flags[name]) for name in right]
    early = sum(size < target for size in sizes)
    return (
        f"{base_rate:>5.2f}  {weight * len(right) / (weight * len(right) + wrong):>9.2f}"
        f"  {len(right) / len(huge):>6.2f}  {early / len(huge):>5.2f}"
        f"  {median(sizes):>9.0f}  {median(flags[name] for name in right) / 60.0:>7.1f}"
        f"  {wrong:>5} of {others}"
    )


def main() -> None:
    """Print the figures of every file, whole and by halves."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("files", nargs="+", type=Path)
    asked.add_argument("--target", type=int, default=300)
    asked.add_argument("--base-rates", nargs="+", type=float, default=[0.44, 0.05, 0.01])
    options = asked.parse_args()
    for path in options.files:
        threads = read(path)
        huge = sum(len(moments) >= options.target for moments in threads.values())
        print(f"{path.name}: {len(threads)} threads, {huge} come to {options.target}")
        print("half   asked  precision  recall  early  reactions  minutes  false")
        for half, step in (
            ("all", slice(None)),
            ("odd", slice(0, None, 2)),
            ("even", slice(1, None, 2)),
        ):
            some = {name: threads[name] for name in list(threads)[step]}
            for base_rate in options.base_rates:
                print(f"{half:<6} {figures(some, options.target, base_rate)}", flush=True)


if __name__ == "__main__":
    main()
