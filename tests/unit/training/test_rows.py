"""Which rows a model that is given away learns from, and what is said of the others."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from training import rows
from training.keeping import keep
from training.rows import DataUnusable, Loaded

HEAD = "src\tlang\ttrain\ttier\tlicence\n"
KNOWN = f"{HEAD}free\ten\t2\tA\tMIT\nbound\ten\t2\tB\tresearch only\n"
FREE = {"text": "late again", "lang": "en", "src": "free", "tier": "A", "anger": 1, "sent": -1}

Load = Callable[..., Loaded]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    (tmp_path / rows.SOURCES).write_text(KNOWN, encoding="utf-8")

    def of(*lines: dict[str, object] | bytes, without: tuple[str, ...] = ()) -> Loaded:
        packed = b"\n".join(
            line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
        )
        (tmp_path / rows.ROWS).write_bytes(gzip.compress(packed))
        return rows.load(tmp_path, rows.sources(tmp_path), without=without)

    return of


def test_a_row_is_learnt_from_with_its_labels(load: Load) -> None:
    loaded = load(FREE, FREE | {"text": "fine", "sent": 0, "anger": 0})
    assert loaded.rows.texts == ["late again", "fine"]
    assert loaded.rows.targets.tolist() == [[1, 1, 0], [0, 0, 0]]
    assert list(loaded.told()) == ["2 rows that may be used"]


def test_a_label_that_is_missing_is_not_known(load: Load) -> None:
    bare = {key: FREE[key] for key in ("text", "lang", "src", "tier")}
    (target,) = load(bare).rows.targets
    assert all(target != target)  # only NaN is not itself


@pytest.mark.parametrize(
    "planted",
    [
        FREE | {"tier": "B"},
        FREE | {"src": "bound", "tier": "B"},
        FREE | {"src": "bound"},  # it calls itself free, its source does not
    ],
)
def test_rows_that_are_not_free_are_left_out_and_told(
    load: Load, planted: dict[str, object]
) -> None:
    loaded = load(FREE, planted | {"text": "planted"})
    assert loaded.rows.texts == ["late again"]
    assert f"1 row left out, not of tier A: {planted['src']}" in loaded.told()


def test_sources_that_nobody_wants_are_left_out_and_told(load: Load, tmp_path: Path) -> None:
    with (tmp_path / rows.SOURCES).open("a", encoding="utf-8") as file:
        file.write("other\ten\t1\tA\tMIT\n")
    loaded = load(FREE, FREE | {"src": "other"}, without=("other",))
    assert set(loaded.rows.sources) == {"free"}
    assert "1 row left out, of sources that --without names" in loaded.told()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff", "not JSON"),
        (FREE | {"text": 5}, '"text" must be a string'),
        (FREE | {"anger": 2}, '"anger" must be one of 0, 1'),
        (FREE | {"anger": True}, '"anger" must be one of 0, 1'),
        (FREE | {"sent": "1"}, '"sent" must be one of -1, 0, 1'),
        (FREE | {"src": "ghost"}, "SOURCES.tsv has no source 'ghost'"),
    ],
)
def test_a_broken_line_is_named_and_left_out(
    load: Load, line: dict[str, object] | bytes, why: str
) -> None:
    loaded = load(FREE, line)
    assert len(loaded.rows) == 1
    assert [told for told in loaded.told() if told.startswith("line 2: ") and why in told]
    assert "1 broken line left out" in loaded.told()


def test_few_broken_lines_are_named_and_all_are_counted(load: Load) -> None:
    told = list(load(FREE, *[b"{"] * 50).told())
    assert sum(line.startswith("line ") for line in told) == rows.MOST_NAMED
    assert told[-1] == "50 broken lines left out"


def test_a_source_that_does_not_exist_cannot_be_left_out(load: Load) -> None:
    with pytest.raises(DataUnusable, match=r"--without: SOURCES\.tsv has no source ghost"):
        load(FREE, without=("ghost",))


def test_nothing_is_learnt_from_nothing(load: Load) -> None:
    with pytest.raises(DataUnusable, match="holds no row of tier A"):
        load(FREE | {"tier": "N"})


def test_a_folder_without_rows_or_sources_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataUnusable, match=r"SOURCES\.tsv cannot be read"):
        rows.sources(tmp_path)
    (tmp_path / rows.SOURCES).write_text(KNOWN, encoding="utf-8")
    with pytest.raises(DataUnusable, match=r"train\.jsonl\.gz cannot be read"):
        rows.load(tmp_path, rows.sources(tmp_path), without=())


@pytest.mark.parametrize("body", [b"no archive", gzip.compress(b"{}\n" * 999, mtime=0)[:-9]])
def test_a_broken_archive_is_no_data(load: Load, tmp_path: Path, body: bytes) -> None:
    load(FREE)
    (tmp_path / rows.ROWS).write_bytes(body)
    with pytest.raises(DataUnusable, match="cannot be read to its end"):
        rows.load(tmp_path, rows.sources(tmp_path), without=())


@pytest.mark.parametrize("table", ["", HEAD, "src\tlang\nfree\ten\n", f"{HEAD}free\ten\n"])
def test_a_table_without_licences_is_no_table_of_sources(tmp_path: Path, table: str) -> None:
    (tmp_path / rows.SOURCES).write_text(table, encoding="utf-8")
    with pytest.raises(DataUnusable, match="needs the columns src, lang, tier, licence"):
        rows.sources(tmp_path)


# ---------------------------------------------------------------- what is kept
def test_a_file_that_was_not_finished_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "kept.bin"
    keep(file, lambda made: made.write_bytes(b"old"))

    def interrupted(made: Path) -> None:
        made.write_bytes(b"ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep(file, interrupted)
    assert [each.name for each in tmp_path.iterdir()] == ["kept.bin"]
    assert file.read_bytes() == b"old"
