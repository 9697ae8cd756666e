"""How far a file was replayed, told by its lines."""

from emberwatch.runtime.bookmark import MOST_RUNS, Bookmark

LINES = [f"line {number}\n".encode() for number in range(10)]


def _read(lines: list[bytes], remembered: dict[str, str]) -> dict[str, str]:
    """Read a whole file and return what is remembered afterwards."""
    bookmark = Bookmark(lambda: lines, remembered)
    for line in lines[bookmark.skips :]:
        bookmark.note(line)
    return bookmark.cursor()


def _skips(lines: list[bytes], remembered: dict[str, str]) -> int:
    return Bookmark(lambda: lines, remembered).skips


def test_a_new_file_is_read_from_its_beginning() -> None:
    assert _skips(LINES, {}) == 0


def test_a_file_read_twice_is_known_whole() -> None:
    assert _skips(LINES, _read(LINES, {})) == 10


def test_a_file_that_was_cut_goes_on_where_it_stopped() -> None:
    assert _skips(LINES, _read(LINES[:4], {})) == 4


def test_a_file_read_in_pieces_is_known_whole() -> None:
    remembered: dict[str, str] = {}
    for begin, end in ((0, 3), (3, 7), (7, 10)):
        remembered = _read(LINES[begin:end], remembered)
    assert _skips(LINES, remembered) == 10
    assert _skips(LINES[3:7], remembered) == 4


def test_a_second_file_that_was_cut_goes_on_where_it_stopped() -> None:
    remembered = _read(LINES[5:7], _read(LINES[:5], {}))
    assert _skips(LINES[5:], remembered) == 2


def test_another_file_is_another_file() -> None:
    remembered = _read(LINES, {})
    assert _skips([b"other\n", *LINES], remembered) == 0
    assert _skips(LINES[1:], remembered) == 0


def test_a_last_line_that_lacked_its_end_is_the_same_line_later() -> None:
    remembered = _read([*LINES[:3], b"line 3"], {})
    assert _skips(LINES, remembered) == 4


def test_only_the_newest_runs_are_remembered() -> None:
    remembered: dict[str, str] = {}
    for number in range(MOST_RUNS + 5):
        remembered = _read([f"file {number}\n".encode()], remembered)
    assert len(remembered) == MOST_RUNS
    assert _skips([b"file 0\n"], remembered) == 0
    assert _skips([f"file {MOST_RUNS}\n".encode()], remembered) == 1
