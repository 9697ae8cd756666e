"""What discovered themes are worth beside labels that people gave, and what themes cost.

Run by `scripts/bench themes`. The labels are those of the week of airline tweets: the reason that
people who read each tweet gave for its complaint. Prints tables for docs/benchmarks.md.
"""

import gzip
import json
import os
import resource
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from emberwatch.core.read.text import fingerprint
from emberwatch.core.read.themes import Themes
from emberwatch.core.respond.complaint import complains
from emberwatch.core.respond.discovery import Lexicon, discover
from emberwatch.model.brand import Theme
from emberwatch.model.mention import Mention
from emberwatch.ports import Ledger, Text
from emberwatch.runtime.theme_report import theme_report
from emberwatch.scorers.auto import Auto
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_brand, a_mention

SHARED = Path(os.environ.get("EMBERWATCH_SHARED", Path(__file__).parents[3] / "shared"))
WEEK = SHARED / "data" / "timeline" / "timeline_airline_public.jsonl.gz"
UNTOLD = (None, "Can't Tell")
"""Labels that name no matter."""

MENTIONS = 100_000


def week() -> list[tuple[Mention, str | None]]:
    """Return each tweet as a judged mention of its airline, with the label that people gave."""
    with gzip.open(WEEK, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    scores = Auto().score([Text(text=row["text"], language="en") for row in rows])
    return [
        (
            replace(
                a_mention(
                    row["id"],
                    text=row["text"],
                    author=row["author"],
                    brand=row["brand"],
                    at=datetime.fromisoformat(row["created_at"]),
                    fingerprint=fingerprint(row["text"]),
                ),
                score=score,
            ),
            row["reason"],
        )
        for row, score in zip(rows, scores, strict=True)
    ]


def worth(labelled: list[tuple[Mention, str | None]]) -> None:
    """Print, by airline, how well each discovered theme keeps to one label."""
    reasons = {mention.id: reason for mention, reason in labelled}
    for brand in sorted({mention.brand for mention, _ in labelled}):
        mine = [mention for mention, _ in labelled if mention.brand == brand]
        lexicon = Lexicon(mine)
        complaints = [each for each in mine if complains(each.score)]
        told = [each for each in complaints if reasons[each.id] not in UNTOLD]
        usual = Counter(reasons[each.id] for each in told)
        print(f"\n{brand}: {len(mine)} mentions, {len(complaints)} complaints")
        covered: set[str] = set()
        kept = judged = 0
        for theme in discover(mine, lexicon):
            fitting = [each for each in told if theme.fits(lexicon.said(each))]
            ((label, most),) = Counter(reasons[each.id] for each in fitting).most_common(1)
            covered |= {each.id for each in complaints if theme.fits(lexicon.said(each))}
            kept, judged = kept + most, judged + len(fitting)
            lift = (most / len(fitting)) / (usual[label] / len(told))
            print(f"  {theme.name:<34} {label:<28} {most / len(fitting):4.0%}  {lift:4.1f} times")
        share = usual.most_common(1)[0][1] / len(told)
        print(f"  of one label: {kept / judged:.0%} (the commonest label of all: {share:.0%})")
        print(f"  complaints in a theme: {len(covered) / len(complaints):.0%}")


def cost(labelled: list[tuple[Mention, str | None]]) -> None:
    """Print what a report over five weeks costs, and what matching costs a post."""
    chance = Random(1)
    brand = a_brand(
        themes=tuple(
            Theme(name=f"theme {n}", words=(f"{word}*",))
            for n, word in enumerate(("refund", "bag", "delay", "cancel", "rude") * 10)
        )
    )
    themes = Themes([brand])
    texts = [mention.post.text for mention, _ in labelled]
    began = time.process_time()
    for text in texts:
        themes.match(text)
    pace = len(texts) / (time.process_time() - began)
    print(f"\nmatching 50 themes: {pace:,.0f} posts a CPU second")
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "themes.db")
        for batch in range(MENTIONS // 1000):
            mentions = []
            for n in range(1000):
                (one, _), (other, _) = chance.choice(labelled), chance.choice(labelled)
                text = f"{one.post.text} {other.post.text[:60]}"
                at = NOON - timedelta(days=35 * chance.random())
                mention = a_mention(
                    f"{batch}-{n}", text=text, author=f"a{chance.randrange(60_000)}", at=at,
                    fingerprint=fingerprint(text),
                )  # fmt: skip
                mentions.append(replace(mention, score=one.score))
            with store.writing() as tx:
                tx.record(Ledger(posts=tuple(m.post for m in mentions), mentions=tuple(mentions)))
        began = time.process_time()
        with store.reading() as look:
            found = theme_report(look, brand, NOON - timedelta(days=7), NOON)
        spent = time.process_time() - began
        store.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"a report over {MENTIONS:,} mentions of five weeks: {spent:.1f} CPU seconds, "
        f"{len(found.themes)} themes; this process at its largest: {memory} MB"
    )
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    labelled = week()
    worth(labelled)
    cost(labelled)
