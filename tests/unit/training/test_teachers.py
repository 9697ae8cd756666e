"""The network that teaches the student."""

import numpy as np
import pytest
from training import teacher

ROWS = 400


@pytest.fixture(scope="module")
def embedded() -> np.ndarray:
    chance = np.random.default_rng(3)
    found = chance.normal(size=(ROWS, 16)).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def taught(embedded: np.ndarray, targets: np.ndarray, chosen: np.ndarray) -> teacher.Teacher:
    return teacher.learn(
        embedded, targets, np.ones_like(targets), np.zeros(ROWS, dtype=np.int64), chosen,
        seed=1, inner=32, epochs=100, rate=0.02, dropped=0.1,
    )  # fmt: skip


def test_a_teacher_judges_rows_that_it_has_not_seen(embedded: np.ndarray) -> None:
    targets = (embedded[:, :1] > 0).astype(np.float32)
    margins = taught(embedded, targets, np.arange(ROWS // 2)).margins(embedded)
    assert ((margins > 0) == (targets > 0))[ROWS // 2 :].mean() > 0.85


def test_a_teacher_learns_from_the_chosen_rows_alone(embedded: np.ndarray) -> None:
    chosen = np.arange(ROWS // 2)
    targets = (embedded[:, :1] > 0).astype(np.float32)
    other = targets.copy()
    other[ROWS // 2 :] = 1 - other[ROWS // 2 :]
    one, two = (taught(embedded, told, chosen).margins(embedded) for told in (targets, other))
    assert np.array_equal(one, two)
