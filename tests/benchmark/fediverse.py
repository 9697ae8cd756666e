"""Ten storms on a real fediverse server: from the deciding answer to the receiver's receipt."""

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.e2e.test_fediverse import storm


def main(runs: int = 10) -> None:
    """Print each run's seconds as it ends, then the median and the worst."""
    seconds = []
    with tempfile.TemporaryDirectory() as name:
        for run in range(runs):
            folder = Path(name) / str(run)
            folder.mkdir()
            took, receiver, _ = storm(folder)
            seconds.append(took)
            print(f"run {run + 1}: {took:.3f} s, {len(receiver.deliveries)} messages", flush=True)
    load = os.getloadavg()[0]
    print(
        f"{runs} runs: median {median(seconds):.2f} s, worst {max(seconds):.2f} s, load {load:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
