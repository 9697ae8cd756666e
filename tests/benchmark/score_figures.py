"""How well scorers judge labelled posts, and how fast: `scripts/bench score`.

Prints, per language, the means over the sources of the labelled posts in `data/anger` of the
reference material, for VADER, a plain sum of AFINN's valences (where the package `afinn` is
installed) and ours.
"""

import gzip
import json
import math
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any

from emberwatch.core.read import quality
from emberwatch.model.mention import Score
from emberwatch.ports import Scorer, Text
from emberwatch.scorers.auto import Auto
from emberwatch.scorers.emoji import emoji_of
from emberwatch.scorers.model import CARD
from emberwatch.scorers.vader import Vader

ROOT = Path(__file__).parents[2]
FILES = ("dev.jsonl.gz", "dev_lt.jsonl.gz")
LANGUAGES = ("en", "ru", "id", "bg", "lt")
FEWEST_OF_A_CLASS = 5
BATCH = 64
DRAWS = 200
"""How often posts are drawn anew (with replacement) to see how far chance moves a figure."""
UNJUDGED = Score(scorer="none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A post and what people said of it; None where nobody was asked."""

    source: str
    language: str
    text: str
    anger: int | None
    sentiment: int | None


Judge = Callable[[Sequence[Text]], list[Score]]


def main() -> int:
    """Print the table; return the exit code."""
    folder = Path(os.environ.get("EMBERWATCH_SHARED", ROOT.parent / "shared")) / "data" / "anger"
    if not folder.is_dir():
        print(f"no labelled posts at {folder}; set EMBERWATCH_SHARED", file=sys.stderr)
        return 1
    posts = [post for name in FILES for post in _read(folder / name)]
    judges: dict[str, Judge] = {"vader": Vader().score}
    afinn = _afinn()
    if afinn is not None:
        judges["afinn"] = afinn
    judges["auto"] = Auto().score
    others = sorted({post.language for post in posts} - set(LANGUAGES))
    for name, judge in judges.items():
        scores = _scores(judge, posts)
        print(f"\n{name}: means over sources")
        print("language   posts judged  anger  top5%  error   negative  macro-F1")
        for language in (*LANGUAGES, *others):
            at = [n for n, post in enumerate(posts) if post.language == language]
            print(_line(language, [posts[n] for n in at], [scores[n] for n in at]))
        at = [n for n, post in enumerate(posts) if post.source == "airline"]
        print(_line("airline", [posts[n] for n in at], [scores[n] for n in at]))
        if name == "auto":
            print(f"\nanger: 19 of 20 draws of as many posts lie between ({DRAWS} draws)")
            print(
                "language          ROC area          top5%          error   a perfect judge errs by"
            )
            for language in LANGUAGES[:4]:
                at = [n for n, post in enumerate(posts) if post.language == language]
                print(_drawn([posts[n] for n in at], [scores[n] for n in at]))
            print()
        english = [post for post in posts if post.language == "en"]
        for what, is_tagged in (("tagged", True), ("not tagged", False)):
            speeds = [_speed(judge, some, is_tagged=is_tagged) for some in (posts, english)]
            print(
                f"{what} posts a second on one core, batches of {BATCH}: {speeds[0]:,.0f};"
                f" English {speeds[1]:,.0f}"
            )
    print("\nthe training rows, each judged by a model that had not seen it (cross-fitting):")
    for language in LANGUAGES:
        print(f"{language:<8} {_cross_fitted(language)}")
    print("\nemoji alone, of posts with words:")
    told = _card()["emoji"]["figures_by_cross_fitting"]
    print(f"training rows, by cross-fitting: {_figures_told(told)}")
    print(f"development part: {_emoji_alone(judges['auto'], posts)}")
    began = time.process_time()
    _load()
    print(f"\nloading the model: {(time.process_time() - began) * 1000:.0f} ms")
    return 0


def _read(path: Path) -> list[Labelled]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Labelled(
            source=row["src"], language=row["lang"], text=row["text"],
            anger=row.get("anger"), sentiment=row.get("sent"),
        )
        for row in rows
    ]  # fmt: skip


def _scores(judge: Judge, posts: Sequence[Labelled], *, is_tagged: bool = True) -> list[Score]:
    texts = [Text(text=post.text, language=post.language if is_tagged else None) for post in posts]
    return [
        score
        for start in range(0, len(texts), BATCH)
        for score in judge(texts[start : start + BATCH])
    ]


def _line(language: str, posts: Sequence[Labelled], scores: Sequence[Score]) -> str:
    """Return the means over sources; a post that is not judged counts as neither calm nor angry."""
    found: dict[str, list[float | None]] = {"area": [], "top": [], "error": [], "n": [], "f1": []}
    for source in sorted({post.source for post in posts}):
        of = [(p, s) for p, s in zip(posts, scores, strict=True) if p.source == source]
        asked = [(p.anger == 1, s.anger or 0.0) for p, s in of if p.anger is not None]
        is_angry, anger = [angry for angry, _ in asked], [said for _, said in asked]
        if min(sum(is_angry), len(asked) - sum(is_angry)) >= FEWEST_OF_A_CLASS:
            found["area"].append(quality.roc_area(is_angry, anger))
            found["top"].append(quality.precision_at_top(is_angry, anger))
            found["error"].append(quality.calibration_error(is_angry, anger))
        labelled = [(p.sentiment, s) for p, s in of if p.sentiment is not None]
        true = [label for label, _ in labelled]
        if min(true.count(-1), len(true) - true.count(-1)) >= FEWEST_OF_A_CLASS:
            ranks = [0.5 if s.negative is None else s.negative for _, s in labelled]
            found["n"].append(quality.roc_area([label == -1 for label in true], ranks))
            said = [s.sentiment or 0.0 for _, s in labelled]
            found["f1"].append(quality.macro_f1(true, said))
    share = sum(score.judged for score in scores) / max(1, len(scores))
    cells = [_mean(values) for values in found.values()]
    anger_cells, negative_cells = "  ".join(cells[:3]), "     ".join(cells[3:])
    return f"{language:<8} {len(posts):>7} {share:>6.2f}  {anger_cells}   {negative_cells}"


def _drawn(posts: Sequence[Labelled], scores: Sequence[Score]) -> str:
    """Return between what the means over sources lie for other posts of the same kind (bootstrap).

    The last column is the mean calibration error of a judge whose chances are exactly right: of so
    few posts as a source has, the share of angry ones in a bin is seldom what was foretold.
    """
    chance = random.Random(1)
    sources: dict[str, list[tuple[bool, float]]] = {}
    for post, score in zip(posts, scores, strict=True):
        if post.anger is not None:
            sources.setdefault(post.source, []).append((post.anger == 1, score.anger or 0.0))
    asked = [
        of
        for of in sources.values()
        if min(sum(angry for angry, _ in of), sum(not angry for angry, _ in of))
        >= FEWEST_OF_A_CLASS
    ]
    means: tuple[list[float], ...] = ([], [], [], [])
    for _ in range(DRAWS):
        drawn = [list(zip(*chance.choices(of, k=len(of)), strict=True)) for of in asked]
        for n, figure in enumerate(
            (quality.roc_area, quality.precision_at_top, quality.calibration_error)
        ):
            found = [figure(is_angry, said) for is_angry, said in drawn]
            means[n].append(fmean(value for value in found if value is not None))
        said = [[each for _, each in of] for of in asked]
        perfect = [
            quality.calibration_error([chance.random() < each for each in of], of) for of in said
        ]
        means[3].append(fmean(value for value in perfect if value is not None))
    cells = [
        f"{sorted(values)[DRAWS // 40]:.3f} to {sorted(values)[-1 - DRAWS // 40]:.3f}"
        for values in means[:3]
    ]
    return f"{posts[0].language:<8} {'  '.join(cells)}   {fmean(means[3]):.3f}"


def _mean(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{fmean(known):.3f}" if known else "    -"


def _speed(judge: Judge, posts: Sequence[Labelled], *, is_tagged: bool) -> float:
    """Return posts a second, the best of three goes, in time of the processor."""
    chosen = random.Random(1).sample(list(posts), 12_800)
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        _scores(judge, chosen, is_tagged=is_tagged)
        best = max(best, len(chosen) / (time.process_time() - began))
    return best


def _cross_fitted(language: str) -> str:
    told = _card()["languages"][language]["figures_by_cross_fitting"]
    return _figures_told(told) or "no training rows"


def _card() -> dict[str, Any]:
    card: dict[str, Any] = json.loads(
        files("emberwatch.scorers").joinpath(CARD).read_text(encoding="utf-8")
    )
    return card


def _figures_told(told: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in told.items())


def _emoji_alone(judge: Judge, posts: Sequence[Labelled]) -> str:
    """Return how well the emoji of posts, without their words, tell what people said of them."""
    bare = [replace(post, text=emoji_of(post.text)) for post in posts]
    scores = zip(bare, _scores(judge, bare), strict=True)
    judged = [(post, score) for post, score in scores if score.judged]
    angry = [(p.anger == 1, s.anger or 0.0) for p, s in judged if p.anger is not None]
    negative = [
        (p.sentiment == -1, s.negative or 0.0) for p, s in judged if p.sentiment is not None
    ]
    return ", ".join(
        f"{name} ROC area {quality.roc_area(*map(list, zip(*pairs, strict=True))):.3f} of "
        f"{len(pairs)} posts, {sum(is_so for is_so, _ in pairs)} {name}"
        for name, pairs in (("angry", angry), ("negative", negative))
    )


def _afinn() -> Judge | None:
    """Return the sum of a word list's valences, squashed; None where it is not installed."""
    try:
        from afinn import Afinn
    except ImportError:
        return None
    lists = {"en": Afinn(emoticons=True)}

    def judge(texts: Sequence[Text]) -> list[Score]:
        return [_plain(lists.get(text.language or ""), text) for text in texts]

    def _plain(words: "Afinn | None", text: Text) -> Score:
        if words is None:
            return UNJUDGED
        balance = math.tanh(words.score(text.text) / 5)
        return Score(
            sentiment=balance, negative=(1 - balance) / 2, anger=max(0.0, -balance),
            language=text.language, judged=True, scorer="afinn",
        )  # fmt: skip

    return judge


def _load() -> Scorer:
    from emberwatch.scorers.model import shipped

    shipped.cache_clear()
    shipped()
    return Auto()


if __name__ == "__main__":
    sys.exit(main())
