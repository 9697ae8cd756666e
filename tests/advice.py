"""Which tests show that the advice is served: rows A1 to A17, and the playbook's rules R1 to R16.

A test bears the ids of what it shows: at the beginning of its name (`test_a12_r5_a_threat_...`), or
by `@pytest.mark.advice("A12", "R5")` where its name says something else. `scripts/test` prints the
table.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROWS = {
    "A1": "straight to who can solve it; hand-offs counted",
    "A2": "measured figures, never impressions",
    "A3": "no silence: their words first, who waits is listed",
    "A4": "spikes and pile-ons, everywhere, within seconds",
    "A5": "what was done to make it good is recorded",
    "A6": "at once, with the link where to answer",
    "A7": "what causes the most anger, by theme and week",
    "A8": "the whole complaint, its thread, its author's past",
    "A9": "get there first: the affected who wait, in order",
    "A10": "refunds are recognised; the policy stands beside",
    "A11": "abuse is told apart from anger",
    "A12": "threats are recognised, and weighed",
    "A13": "reach counts: one tells ten",
    "A14": "can it be saved: the author's history; let go",
    "A15": "notes on known problems stand beside the theme",
    "A16": "a follow-up comes when it is due",
    "A17": "any language; what was not judged is said so",
    "R1": "answer now, in the same place",
    "R2": "one owner who can mend it",
    "R3": "no neutral silence",
    "R4": "read twice, restate",
    "R5": "weigh the threat",
    "R6": "set a limit to abuse",
    "R7": "let them vent, then ask",
    "R8": "money",
    "R9": "something extra",
    "R10": "get there first",
    "R11": "mend the policy",
    "R12": "can it be saved?",
    "R13": "word of mouth",
    "R14": "follow up",
    "R15": "facts at hand",
    "R16": "a calm tone",
}

_IN_NAME = re.compile(r"test_((?:[ar]\d{1,2}_)+)")


def ids_of(name: str, marked: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the ids that a test bears; `marked` are those of its marker."""
    found = _IN_NAME.match(name)
    named = found[1].upper().strip("_").split("_") if found else ()
    return tuple(dict.fromkeys((*named, *marked)))


def written(folder: Path) -> dict[str, list[str]]:
    """Return the tests of a folder by the ids that they bear, without running anything."""
    found = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        for test in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef):
                for id in ids_of(test.name, _marked(test)):
                    found[id].append(test.name)
    return dict(found)


def _marked(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.advice":
            yield from map(ast.literal_eval, mark.args)


def table(passed: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Return a line for each row: how many tests passed that bear it, and one of them.

    `passed` are tests (node ids) with the ids that they bear; the cases of one test count as one.
    """
    tests: dict[str, dict[str, None]] = defaultdict(dict)
    for node, ids in passed:
        for id in ids:
            tests[id][node.partition("[")[0]] = None
    return [
        f"{id:<4} {len(tests[id]):>3}  {title:<51} {_example(id, tests[id])}"
        for id, title in ROWS.items()
    ]


def _example(id: str, nodes: Iterable[str]) -> str:
    """Return the shortest name that begins with the id, else the shortest."""
    names = [node.rpartition("::")[2] for node in nodes]
    return min(names, key=lambda name: (id not in ids_of(name), len(name), name), default="-")
