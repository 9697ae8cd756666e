"""Fit the forecast of `core/detect/growth.py` on threads of our own making, and print it.

    python tests/benchmark/fit_growth.py [--threads 8000] [--seed 1]

Needs numpy. The same seed and number give the constants that are in the module.
"""

import argparse
from math import log

import numpy as np
from simulated_threads import population

from emberwatch.core.detect.growth import LIKENESS, NO_GROWTH, Growth, features, grow, products

TARGETS = (30, 100, 300, 1000)
EVEN = log(0.44 / 0.56)
"""Log odds of a huge thread that the fit is weighted to; the live ones are put in later."""
RIDGE = 3.0


def checkpoints(target: int) -> frozenset[int]:
    """Return the sizes at which a forecast is practised."""
    sizes, size = [], max(5.0, target / LIKENESS)
    while size < target:
        sizes.append(int(size))
        size = max(size + 1, size * 1.15)
    return frozenset(sizes)


def practise(threads: list[list[float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, outcomes and weights of every checkpoint of every thread."""
    rows: list[tuple[float, ...]] = []
    huge: list[bool] = []
    weights: list[float] = []
    for target in TARGETS:
        alike = [thread for thread in threads if len(thread) * LIKENESS >= target]
        share = sum(len(thread) >= target for thread in alike) / len(alike)
        weight_of_huge = np.exp(EVEN) * (1.0 - share) / share
        wanted = checkpoints(target)
        for thread in alike:
            growth: Growth = NO_GROWTH
            for size, at in enumerate(thread[: target - 1], start=1):
                growth = grow(growth, at, 1)
                if size in wanted:
                    rows.append(features(growth, 0.0, at, size, target))
                    huge.append(len(thread) >= target)
                    weights.append(weight_of_huge if huge[-1] else 1.0)
    return np.array(rows), np.array(huge, dtype=float), np.array(weights)


def fit(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the coefficients of a ridge logistic regression on the products of the features."""
    design = np.array([(1.0, *products(tuple(row))) for row in x])
    mean, spread = design.mean(axis=0), design.std(axis=0)
    mean[0], spread[0] = 0.0, 1.0
    design = (design - mean) / spread
    ridge = np.eye(design.shape[1]) * RIDGE
    ridge[0, 0] = 0.0
    beta = np.zeros(design.shape[1])
    for _ in range(15):
        guess = 1.0 / (1.0 + np.exp(-design @ beta))
        curve = weights * guess * (1.0 - guess) + 1e-9
        beta += np.linalg.solve(
            (design * curve[:, None]).T @ design + ridge,
            design.T @ (weights * (y - guess)) - ridge @ beta,
        )
    out = beta / spread
    out[0] = beta[0] - (beta * mean / spread)[1:].sum()
    return out


def main() -> None:
    """Fit and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--threads", type=int, default=8_000)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    x, y, weights = practise(list(population(options.seed, options.threads)))
    low, high = np.percentile(x, [0.1, 99.9], axis=0)
    x = np.clip(x, low, high)
    print(f"# {len(x)} checkpoints of {options.threads} threads, seed {options.seed}")
    for name, numbers in (("LOWEST", low), ("HIGHEST", high), ("WEIGHTS", fit(x, y, weights))):
        print(f"{name} = ({', '.join(f'{number:.5g}' for number in numbers)})")


if __name__ == "__main__":
    main()
