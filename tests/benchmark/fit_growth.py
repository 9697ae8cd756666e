"""Fit the forecast of `core/detect/growth.py` on threads of our own making.

    python tests/benchmark/fit_growth.py [--threads 30000] [--seed 1] [--out FILE]

Needs numpy and five minutes. The same seed and number give the shipped `growth.json`.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from math import log
from pathlib import Path

import numpy as np
from simulated_threads import population

from emberwatch.core.detect.growth import (
    DIRECTIONS,
    EVEN,
    NO_GROWTH,
    SIGHT,
    Growth,
    features,
    grow,
)
from emberwatch.core.detect.pile_on import is_due
from emberwatch.core.detect.thread_state import DEFAULTS

SHIPPED = Path(__file__).parents[2] / "src/emberwatch/core/detect/growth.json"

PORTIONS = {30: 0.25, 100: 0.5, 300: 1.0, 1000: 1.0}
"""The targets that are practised, each on so many of the threads that come within sight of it."""

TREES = 60
DEPTH = 4
BINS = 64
RATE = 0.2
RIDGE = 5.0
LIGHTEST = 60.0
"""Least weight (of the curve of the loss) on either side of a split."""
ROWS, COLUMNS = 0.5, 0.6
"""Shares of the looks and of the features that each tree is shown."""
NEVER = 1e9
"""A threshold that no feature passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What was seen at every look at every thread, what came of it, and how much it weighs."""

    rows: np.ndarray
    huge: np.ndarray
    weights: np.ndarray


def practise(threads: Iterable[list[float]]) -> Looks:
    """Look at threads as the detector does; huge ones weigh as if `EVEN` of them were huge."""
    known = [thread for thread in threads if len(thread) >= min(PORTIONS) / SIGHT]
    rows: list[tuple[float, ...]] = []
    huge: list[bool] = []
    weights: list[np.ndarray] = []
    for target, portion in PORTIONS.items():
        alike = [thread for thread in known if len(thread) >= target / SIGHT]
        alike = alike[: int(len(alike) * portion)]
        share = sum(len(thread) >= target for thread in alike) / len(alike)
        before = len(huge)
        for thread in alike:
            growth: Growth = NO_GROWTH
            looked = 0
            for size, at in enumerate(thread[: target - 1], start=1):
                growth = grow(growth, at, 1)
                if size >= min(DEFAULTS.fewest, target / SIGHT) and is_due(size, looked):
                    looked = size
                    rows.append(features(growth, 0.0, at, size, target))
                    huge.append(len(thread) >= target)
        heavier = EVEN / (1.0 - EVEN) * (1.0 - share) / share
        each = np.where(huge[before:], heavier, 1.0)
        weights.append(each / each.sum() * len(each) ** 0.5)
        print(
            f"{target}: {len(alike)} threads, {share:.0%} huge, {len(each)} looks", file=sys.stderr
        )
    told = np.concatenate(weights)
    return Looks(rows=np.array(rows), huge=np.array(huge, dtype=float), weights=told / told.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A full tree: node i splits feature `by[i]` at `at[i]` into nodes 2i+1 (up to it) and 2i+2."""

    by: list[int]
    at: list[float]
    out: list[float]


def plant(
    bins: np.ndarray,
    edges: list[np.ndarray],
    slope: np.ndarray,
    curve: np.ndarray,
    columns: list[int],
) -> Tree:
    """Grow one tree for the slopes and curves of the loss, level by level.

    A split may not make the forecast fall where its feature's direction says that it rises, nor
    the other way round: neither at once nor further down.
    """
    inner = 2**DEPTH - 1
    by, at = [0] * inner, [NEVER] * inner
    place = np.zeros(len(slope), dtype=np.int64)
    low, high = np.full(2 * inner + 1, -np.inf), np.full(2 * inner + 1, np.inf)
    value = np.zeros(2 * inner + 1)
    for level in range(DEPTH):
        first, number = 2**level - 1, 2**level
        sums = {
            column: tuple(
                np.bincount(
                    (place - first) * BINS + bins[:, column],
                    weights=weight,
                    minlength=number * BINS,
                ).reshape(number, BINS)
                for weight in (slope, curve)
            )
            for column in columns
        }
        splits = np.zeros((number, 2), dtype=np.int64)
        for index in range(number):
            node = first + index
            best, split = 1e-3, None
            for column, (slopes, curves) in sums.items():
                left_slope, left_curve = slopes[index].cumsum()[:-1], curves[index].cumsum()[:-1]
                all_slope, all_curve = slopes[index].sum(), curves[index].sum()
                left = np.clip(-left_slope / (left_curve + RIDGE), low[node], high[node])
                right_slope, right_curve = all_slope - left_slope, all_curve - left_curve
                right = np.clip(-right_slope / (right_curve + RIDGE), low[node], high[node])
                whole = np.clip(-all_slope / (all_curve + RIDGE), low[node], high[node])
                gain = (
                    _gain(left, left_slope, left_curve)
                    + _gain(right, right_slope, right_curve)
                    - _gain(whole, all_slope, all_curve)
                )
                gain[(left_curve < LIGHTEST) | (right_curve < LIGHTEST)] = -np.inf
                gain[DIRECTIONS[column] * (right - left) < 0.0] = -np.inf
                found = int(gain.argmax())
                if gain[found] > best:
                    best = gain[found]
                    split = (column, found, float(left[found]), float(right[found]))
            if split is None:
                splits[index] = columns[0], BINS
                value[2 * node + 1] = value[2 * node + 2] = value[node]
                low[2 * node + 1] = low[2 * node + 2] = low[node]
                high[2 * node + 1] = high[2 * node + 2] = high[node]
                continue
            column, found, left_value, right_value = split
            by[node], at[node] = column, float(f"{edges[column][found]:.5g}")
            splits[index] = column, found
            middle = (left_value + right_value) / 2.0
            for child in (2 * node + 1, 2 * node + 2):
                low[child], high[child] = low[node], high[node]
            value[2 * node + 1], value[2 * node + 2] = left_value, right_value
            if DIRECTIONS[column] > 0:
                high[2 * node + 1] = low[2 * node + 2] = middle
            elif DIRECTIONS[column] < 0:
                low[2 * node + 1] = high[2 * node + 2] = middle
        mine = splits[place - first]
        place = 2 * place + 1 + (bins[np.arange(len(place)), mine[:, 0]] > mine[:, 1])
    return Tree(by=by, at=at, out=[float(f"{RATE * each:.4g}") for each in value[inner:]])


def _gain(value: np.ndarray, slope: np.ndarray, curve: np.ndarray) -> np.ndarray:
    return -(slope * value + 0.5 * (curve + RIDGE) * value**2)


def answer(tree: Tree, rows: np.ndarray) -> np.ndarray:
    """Return what a tree adds to the log odds of each row."""
    by, at, out = np.array(tree.by), np.array(tree.at), np.array(tree.out)
    place = np.zeros(len(rows), dtype=np.int64)
    for _ in range(DEPTH):
        place = 2 * place + 1 + (rows[np.arange(len(rows)), by[place]] > at[place])
    return out[place - len(by)]


def fit(looks: Looks, seed: int) -> tuple[float, list[Tree]]:
    """Boost trees under the logistic loss; return where they start from, and the trees."""
    chance = np.random.default_rng(seed)
    rows, width = looks.rows, looks.rows.shape[1]
    edges = [
        np.unique(np.percentile(rows[:, column], np.linspace(0, 100, BINS + 1)[1:-1]))
        for column in range(width)
    ]
    bins = np.stack(
        [np.searchsorted(edges[column], rows[:, column]) for column in range(width)], axis=1
    ).astype(np.int64)
    share = float(np.average(looks.huge, weights=looks.weights))
    start = log(share / (1.0 - share))
    odds, trees = np.full(len(rows), start), []
    for _ in range(TREES):
        shown = np.flatnonzero(chance.random(len(rows)) < ROWS)
        columns = sorted(chance.choice(width, round(COLUMNS * width), replace=False).tolist())
        guess = 1.0 / (1.0 + np.exp(-odds[shown]))
        slope = looks.weights[shown] * (guess - looks.huge[shown])
        curve = looks.weights[shown] * guess * (1.0 - guess)
        trees.append(plant(bins[shown], edges, slope, curve, columns))
        odds += answer(trees[-1], rows)
    return float(f"{start:.4g}"), trees


def main() -> None:
    """Fit and write."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--threads", type=int, default=30_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--out", type=Path, default=SHIPPED)
    options = asked.parse_args()
    start, trees = fit(practise(population(options.seed, options.threads)), options.seed)
    lines = ",\n".join(
        json.dumps([tree.by, tree.at, tree.out], separators=(",", ":")) for tree in trees
    )
    options.out.write_text(f'{{"start": {start}, "trees": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
