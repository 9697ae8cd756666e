"""Posts a second end to end: a week of tweets, again and again, through `emberwatch replay`."""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

EMBERWATCH = Path(sys.executable).parent / "emberwatch"

CONFIG = """\
database: bench.db
brands:
  - {name: JetBlue, words: [jetblue], handles: ["@JetBlue"], languages: [en]}
  - {name: Southwest, words: [southwest airlines], handles: ["@SouthwestAir"], languages: [en]}
  - {name: US Airways, words: [us airways], handles: ["@USAirways"], languages: [en]}
"""


def repeated(week: Path, count: int, into: Path) -> None:
    """Write `count` posts: the week again and again, each time with new ids and a week later."""
    with gzip.open(week, "rt") as lines:
        posts = [json.loads(line) for line in lines]
    with into.open("w") as out:
        for number in range(count):
            turn, post = number // len(posts), posts[number % len(posts)]
            at = datetime.fromisoformat(post["created_at"]) + timedelta(weeks=turn)
            again = {**post, "id": f"{turn}-{post['id']}", "created_at": at.isoformat()}
            out.write(json.dumps(again) + "\n")


def replayed(file: Path, folder: Path) -> tuple[float, str]:
    """Return the wall seconds of one replay into a new database, and what it said."""
    for old in folder.glob("bench.db*"):
        old.unlink()
    began = time.perf_counter()
    done = subprocess.run(
        [EMBERWATCH, "replay", file, "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - began, done.stderr.strip().splitlines()[-1]


def main(runs: int = 3, count: int = 100_000) -> None:
    """Print the figures, start-up taken off, on one core."""
    shared = Path(os.environ.get("EMBERWATCH_SHARED", "../shared")).resolve()
    week = shared / "data" / "timeline" / "timeline_airline_public.jsonl.gz"
    if not week.exists():
        sys.exit(f"needs {week}: set EMBERWATCH_SHARED")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.yaml").write_text(CONFIG)
        repeated(week, 1, folder / "one.jsonl")
        repeated(week, count, folder / "many.jsonl")
        start_up = median(replayed(folder / "one.jsonl", folder)[0] for _ in range(runs))
        seconds = []
        for _ in range(runs):
            took, said = replayed(folder / "many.jsonl", folder)
            seconds.append(took - start_up)
    rates = sorted(count / second for second in seconds)
    print(said)
    print(
        f"{runs} runs on one core: median {median(rates):,.0f} posts/s "
        f"({rates[0]:,.0f} to {rates[-1]:,.0f}), start-up of {start_up:.2f} s taken off, "
        f"load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
