"""The model that ships: linear heads over hashed n-grams, learnt by stochastic descent."""

from dataclasses import dataclass

import numba
import numpy as np

from emberwatch.scorers import ngrams
from emberwatch.scorers.valences import Valences

STYLE_VALUE = np.float32(0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Rows of hashed features: `places[starts[i]:starts[i + 1]]`, each of value `values[i]`.

    `styles` are places too, each of value `STYLE_VALUE`. `looks` are those of `ngrams.Block`.
    """

    places: np.ndarray
    starts: np.ndarray
    values: np.ndarray
    styles: np.ndarray
    looks: np.ndarray


def matrix(texts: list[str], bits: int, valences: Valences) -> Matrix:
    """Return the features of texts in a table of 2^bits places."""
    shift = np.uint64(64 - bits)
    places, lengths, values, styles, looks = [], [], [], [], []
    for start in range(0, len(texts), ngrams.BLOCK):
        block = ngrams.read(texts[start : start + ngrams.BLOCK])
        count = len(block.starts)
        at = np.arange(block.grams.shape[1])
        all_hashes = np.concatenate((block.grams.ravel(), block.words, block.pairs))
        all_at = np.concatenate((np.tile(at, len(ngrams.ORDERS)), block.word_at, block.pair_at))
        all_places = (all_hashes >> shift).astype(np.uint32)
        is_there = all_places > 0
        text_of = np.searchsorted(block.starts, all_at[is_there], side="right") - 1
        order = np.argsort(text_of, kind="stable")
        places.append(all_places[is_there][order])
        lengths.append(np.bincount(text_of, minlength=count))
        values.append(1 / np.sqrt(block.counts))
        dense = np.concatenate((block.styles, valences.features(block)), axis=1)
        styles.append((dense >> shift).astype(np.uint32))
        looks.append(block.looks)
    return Matrix(
        places=np.concatenate(places),
        starts=np.concatenate(([0], np.cumsum(np.concatenate(lengths)))).astype(np.int64),
        values=np.concatenate(values).astype(np.float32),
        styles=np.concatenate(styles),
        looks=np.concatenate(looks),
    )


@numba.njit(cache=True, fastmath=False)
def _descend(
    order, places, starts, values, styles, style_value, targets, weights, nuisance,
    table, speed, biases, bias_speed, rate, decay,
):  # fmt: skip
    heads = targets.shape[1]
    for row in order:
        first, last, value = starts[row], starts[row + 1], values[row]
        margins = np.zeros(heads, dtype=np.float32)
        for at in range(first, last):
            place = places[at]
            for head in range(heads):
                margins[head] += table[place, head]
        for head in range(heads):
            margins[head] *= value
        for at in range(styles.shape[1]):
            place = styles[row, at]
            if place == 0:
                continue
            for head in range(heads):
                margins[head] += table[place, head] * style_value
        source = nuisance[row]
        slopes = np.zeros(heads, dtype=np.float32)
        for head in range(heads):
            margin = margins[head] + biases[0, head] + biases[source, head]
            if weights[row, head] > 0:
                chance = np.float32(1) / (np.float32(1) + np.exp(-margin))
                slopes[head] = (chance - targets[row, head]) * weights[row, head]
        for head in range(heads):
            slope = slopes[head]
            for which in (0, source):
                bias_speed[which, head] += slope * slope
                biases[which, head] -= (
                    np.float32(0.1) * slope / np.sqrt(bias_speed[which, head] + np.float32(1))
                )
        for at in range(first, last):
            place = places[at]
            for head in range(heads):
                slope = slopes[head] * value + decay * table[place, head]
                speed[place, head] += slope * slope
                table[place, head] -= rate * slope / np.sqrt(speed[place, head])
        for at in range(styles.shape[1]):
            place = styles[row, at]
            if place == 0:
                continue
            for head in range(heads):
                slope = slopes[head] * style_value
                speed[place, head] += slope * slope
                table[place, head] -= rate * slope / np.sqrt(speed[place, head])


@dataclass(frozen=True, slots=True, kw_only=True)
class Student:
    """Weights of three heads at each place, and what is added to every margin."""

    table: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the student learns."""

    bits: int = 21
    epochs: int = 10
    rate: float = 0.15
    decay: float = 3e-4
    seed: int = 1


def learn(
    rows: Matrix, targets: np.ndarray, weights: np.ndarray, nuisance: np.ndarray,
    chosen: np.ndarray, recipe: Recipe,
) -> Student:  # fmt: skip
    """Return a student of the chosen rows; `nuisance` numbers each row's source from 0."""
    heads = targets.shape[1]
    places = 1 << recipe.bits
    table = np.zeros((places, heads), dtype=np.float32)
    speed = np.full((places, heads), 1e-3, dtype=np.float32)
    count = int(nuisance.max()) + 2
    biases = np.zeros((count, heads), dtype=np.float32)
    bias_speed = np.zeros((count, heads), dtype=np.float32)
    chance = np.random.default_rng(recipe.seed)
    for epoch in range(recipe.epochs):
        rate = recipe.rate * (1 - epoch / recipe.epochs)
        _descend(
            chance.permutation(chosen), rows.places, rows.starts, rows.values, rows.styles,
            STYLE_VALUE, targets, weights, (nuisance + 1).astype(np.int64), table, speed,
            biases, bias_speed, np.float32(rate), np.float32(recipe.decay),
        )  # fmt: skip
    table[0] = 0
    return Student(table=table, bias=biases[0])


@numba.njit(cache=True)
def _margins(places, starts, values, styles, style_value, table, bias, out):
    for row in range(len(values)):
        for at in range(starts[row], starts[row + 1]):
            for head in range(table.shape[1]):
                out[row, head] += table[places[at], head]
        for head in range(table.shape[1]):
            out[row, head] = out[row, head] * values[row] + bias[head]
        for at in range(styles.shape[1]):
            for head in range(table.shape[1]):
                out[row, head] += table[styles[row, at], head] * style_value


def margins(rows: Matrix, student: Student) -> np.ndarray:
    """Return what the heads say of each row."""
    out = np.zeros((len(rows.values), student.table.shape[1]), dtype=np.float32)
    _margins(
        rows.places, rows.starts, rows.values, rows.styles, STYLE_VALUE, student.table,
        student.bias, out,
    )  # fmt: skip
    return out
