"""One door per library: each third-party package is imported behind its own door only."""

import ast
import sys
from pathlib import Path

import pytest

DOORS = {
    "httpx": ("http.py",),
    "httpcore": ("http.py",),
    "apscheduler": ("runtime/schedule.py",),
    "vaderSentiment": ("scorers/vader.py",),
    "sqlite_utils": ("store/schema.py",),
    "msgspec": ("store/codec.py",),
    "numpy": (
        "scorers/ngrams.py",
        "scorers/model.py",
        "scorers/auto.py",
        "scorers/valences.py",
        "scorers/onnx.py",
    ),
    "onnxruntime": ("scorers/onnx.py",),
    "tokenizers": ("scorers/onnx.py",),
    "py3langid": ("scorers/identifier.py",),
    "click": ("cli/",),
    "rich": ("cli/",),
    "yaml": ("config/",),
    "pydantic": ("config/",),
    "pydantic_core": ("config/",),
    "aiosmtplib": ("notifiers/email.py",),
    "apprise": ("notifiers/apprise.py",),
    "websockets": ("websocket.py",),
    "jmespath": ("sources/http_json.py",),
    "feedparser": ("sources/feed_worker.py",),
    "ahocorasick_rs": ("core/read/matching.py",),
}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def _files(root: Path) -> list[Path]:
    return sorted((root / "src" / "emberwatch").rglob("*.py"))


def test_every_third_party_import_stands_behind_its_door(root: Path) -> None:
    trespasses = []
    for path in _files(root):
        place = path.relative_to(root / "src" / "emberwatch").as_posix()
        for package in _imports(path) - sys.stdlib_module_names - {"emberwatch"}:
            doors = DOORS.get(package)
            if doors is None:
                trespasses.append(f"{place} imports {package}, which has no door")
            elif not place.startswith(doors):
                trespasses.append(f"{place} imports {package}, whose door is {doors[0]}")
    assert trespasses == []


@pytest.mark.parametrize("package", sorted(DOORS))
def test_every_door_is_in_use(root: Path, package: str) -> None:
    assert any(package in _imports(path) for path in _files(root))


def test_no_module_bears_a_name_that_says_nothing(root: Path) -> None:
    empty_names = {
        "utils", "helpers", "common", "misc", "base", "manager", "service", "types",
    }  # fmt: skip
    assert {path.stem for path in _files(root)} & empty_names == set()


def test_nobody_below_the_runtime_asks_what_time_it_is(root: Path) -> None:
    below = ("model", "core", "config", "sources", "scorers", "notifiers", "store")
    asked = []
    for path in _files(root):
        place = path.relative_to(root / "src" / "emberwatch").as_posix()
        if place.split("/")[0] not in below and place not in (
            "http.py",
            "websocket.py",
            "ports.py",
        ):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in ("now", "utcnow", "today")
                and isinstance(node.value, ast.Name)
                and node.value.id in ("datetime", "date")
            ) or (
                isinstance(node, ast.Attribute)
                and node.attr == "time"
                and isinstance(node.value, ast.Name)
                and node.value.id == "time"
            ):
                asked.append(f"{place}:{node.lineno}")
    assert asked == []


def test_only_the_three_loops_and_who_asks_the_scorer_swallow_every_exception(root: Path) -> None:
    loops = {"runtime/collector.py", "runtime/processor.py", "runtime/dispatcher.py"}
    loops |= {"runtime/intake.py"}
    nets = set()
    for path in _files(root):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.ExceptHandler)
                and isinstance(node.type, ast.Name)
                and node.type.id in ("Exception", "BaseException")
                and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            ):
                nets.add(path.relative_to(root / "src" / "emberwatch").as_posix())
    assert nets <= loops


def test_every_public_function_and_class_is_documented(root: Path) -> None:
    silent = []
    for path in _files(root):
        tree = ast.parse(path.read_text())
        if not ast.get_docstring(tree):
            silent.append(f"{path}: the module")
        silent += [
            f"{path}:{node.lineno}: {node.name}"
            for node in tree.body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert silent == []
