"""Labelled rows: `train.jsonl.gz` and `SOURCES.tsv` of a data folder."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FREE = "A"
"""The tier of rows whose licences let a model that is trained on them be given away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Texts with their labels, NaN where a label is missing: 0 or 1, and -1, 0 or 1."""

    texts: list[str]
    languages: np.ndarray
    sources: np.ndarray
    anger: np.ndarray
    sentiment: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def targets(self) -> np.ndarray:
        """What the three heads shall say: angry, negative, positive; NaN where unknown."""
        known = ~np.isnan(self.sentiment)
        negative = np.where(known, self.sentiment == -1, np.nan)
        positive = np.where(known, self.sentiment == 1, np.nan)
        return np.stack((self.anger, negative, positive), axis=1).astype(np.float32)


def load(file: Path, *, without: frozenset[str]) -> Rows:
    """Return the rows of a file that a model given away may learn from, but for some sources."""
    texts, languages, sources, anger, sentiment = [], [], [], [], []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["tier"] != FREE or row["src"] in without:
                continue
            texts.append(row["text"])
            languages.append(row["lang"])
            sources.append(row["src"])
            anger.append(row.get("anger", np.nan))
            sentiment.append(row.get("sent", np.nan))
    return Rows(
        texts=texts,
        languages=np.array(languages),
        sources=np.array(sources),
        anger=np.array(anger, dtype=np.float32),
        sentiment=np.array(sentiment, dtype=np.float32),
    )
