"""A hostile feed costs a worker process, and nothing else."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import timedelta

import psutil
import pytest

from emberwatch.model.errors import FeedUnavailable
from emberwatch.sources.feed_worker import MOST_SLOW, FeedWorker, FeedWorkers, ParsedFeed

GOOD = b"<rss version='2.0'><channel><item><guid>1</guid><title>T</title></item></channel></rss>"

LAUGHS = (
    b"<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY l0 'lol'>"
    + b"".join(b"<!ENTITY l%d '%s'>" % (n + 1, b"&l%d;" % n * 10) for n in range(10))
    + b"]><rss version='2.0'><channel><item><guid>1</guid><title>&l10;</title></item>"
    + b"</channel></rss>"
)


@pytest.fixture
def worker() -> Iterator[FeedWorker]:
    made = FeedWorker()
    yield made
    made.close()


def parse(worker: FeedWorker, body: bytes) -> ParsedFeed:
    return worker.submit(body).result(timeout=60)


def test_one_process_serves_one_feed_after_another(worker: FeedWorker) -> None:
    assert worker.pid is None
    first = parse(worker, GOOD)
    pid = worker.pid
    assert parse(worker, GOOD) == first
    assert first.entries[0].id == "1"
    assert worker.pid == pid


def test_a_billion_laughs_are_not_laughed(worker: FeedWorker) -> None:
    before = psutil.Process().memory_info().rss
    try:
        feed = parse(worker, LAUGHS)
    except FeedUnavailable:
        pass
    else:
        assert sum(len(entry.text) for entry in feed.entries) < 1_000_000
    assert psutil.Process().memory_info().rss - before < 50_000_000
    assert parse(worker, GOOD).entries


def test_no_file_of_ours_is_read_for_a_feed(worker: FeedWorker, tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary")
    body = (
        f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file://{secret}'>]>"
        "<rss version='2.0'><channel><item><guid>1</guid><title>a &e; b</title></item>"
        "</channel></rss>"
    )
    assert "canary" not in repr(parse(worker, body.encode()))
    assert "canary" not in repr(parse(worker, str(secret).encode()))


def test_a_feed_that_takes_too_long_is_given_up_and_the_next_one_read() -> None:
    worker = FeedWorker(longest=timedelta(seconds=0.05))
    slow = b"<rss version='2.0'><channel>" + b"<item><guid>1</guid></item>" * 30_000
    try:
        with pytest.raises(FeedUnavailable, match=r"longer than 0\.05 s"):
            parse(worker, slow)
        assert worker.pid is None
    finally:
        worker.close()


def test_a_feed_that_fills_the_memory_is_given_up() -> None:
    worker = FeedWorker(memory=200 * 1024 * 1024)
    try:
        big = b"<rss version='2.0'><channel><title>" + b"x" * 100_000_000
        with pytest.raises(FeedUnavailable, match="broke the parser"):
            parse(worker, big)
        assert parse(worker, GOOD).entries
    finally:
        worker.close()


def test_what_breaks_the_parser_is_named_and_ends_no_worker(worker: FeedWorker) -> None:
    parse(worker, GOOD)
    pid = worker.pid
    with pytest.raises(FeedUnavailable, match=r"broke the parser \(UnicodeError: .*undefined"):
        parse(worker, b"<?x encoding='undefined'?>" + GOOD)
    assert parse(worker, GOOD).entries
    assert worker.pid == pid


def test_a_worker_that_died_is_replaced(worker: FeedWorker) -> None:
    parse(worker, GOOD)
    pid = worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    psutil.Process(pid).wait(10)
    assert parse(worker, GOOD).entries
    assert worker.pid != pid


def test_many_feeds_at_once_wait_for_their_turn(worker: FeedWorker) -> None:
    futures = [worker.submit(GOOD.replace(b">1<", b">%d<" % n)) for n in range(20)]
    assert [future.result(60).entries[0].id for future in futures] == [str(n) for n in range(20)]


def test_a_closed_worker_leaves_no_process_and_no_thread(worker: FeedWorker) -> None:
    before = set(threading.enumerate())
    parse(worker, GOOD)
    process = psutil.Process(worker.pid)
    worker.close()
    assert not process.is_running()
    assert set(threading.enumerate()) <= before


def test_a_forgotten_worker_leaves_no_process() -> None:
    worker = FeedWorker()
    parse(worker, GOOD)
    process = psutil.Process(worker.pid)
    del worker
    gc.collect()
    process.wait(10)
    assert not process.is_running()


@pytest.mark.parametrize("end", ["pass", "os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_worker_ends_with_its_owner_however_that_ends(end: str) -> None:
    program = textwrap.dedent(f"""
        import os, signal
        from emberwatch.sources.feed_worker import FeedWorker
        worker = FeedWorker()
        worker.submit(b"<rss/>").result()
        print(worker.pid, flush=True)
        {end}
    """)
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    pid = int(ran.stdout)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(10)
    assert not psutil.pid_exists(pid)
    assert ran.stderr == ""


def test_the_worker_sees_no_secret_of_our_environment(
    worker: FeedWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBER_SECRET", "canary")
    parse(worker, GOOD)
    assert "EMBER_SECRET" not in psutil.Process(worker.pid).environ()


# ---------------------------------------------------------------- several workers
@pytest.fixture
def workers() -> Iterator[FeedWorkers]:
    made = FeedWorkers(longest=timedelta(seconds=60))
    yield made
    made.close()


@contextlib.contextmanager
def stuck(pid: int) -> Iterator[None]:
    """Let a process take for ever over what it is given."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_feeds_one_after_another_are_served_by_one_process(workers: FeedWorkers) -> None:
    for number in range(3):
        workers.submit(GOOD, name=f"feed {number}").result(60)
    assert len(workers.pids) == 1


def test_a_slow_feed_keeps_no_other_waiting(workers: FeedWorkers) -> None:
    workers.submit(GOOD, name="first").result(60)
    with stuck(*workers.pids):
        slow = workers.submit(GOOD, name="slow")
        for number in range(10):
            workers.submit(GOOD, name=f"feed {number}").result(60)
        assert not slow.done()
    assert slow.result(60).entries


def test_feeds_known_to_be_slow_delay_but_their_like() -> None:
    workers = FeedWorkers(slow_from=timedelta(), longest=timedelta(seconds=60))
    try:
        for _ in range(2):  # the second time by the worker of the slow ones
            workers.submit(GOOD, name="slow").result(60)
        quick, slow = workers.pids
        with stuck(slow):
            waits = workers.submit(GOOD, name="slow")
            workers.submit(GOOD, name="another").result(60)
            assert not waits.done()
            assert workers.pids == (quick, slow)
        waits.result(60)
    finally:
        workers.close()


def test_a_feed_that_is_quick_again_stands_with_the_quick_ones(workers: FeedWorkers) -> None:
    workers._note("feed", timedelta(seconds=2))
    workers.submit(GOOD, name="feed").result(60)
    (slow,) = workers.pids
    workers.submit(GOOD, name="feed").result(60)
    assert len(workers.pids) == 2
    with stuck(slow):
        workers.submit(GOOD, name="feed").result(60)


def test_only_so_many_feeds_are_remembered_as_slow(workers: FeedWorkers) -> None:
    for number in range(MOST_SLOW + 5):
        workers._note(f"feed {number}", timedelta(seconds=2))
    assert len(workers._slow_ones) == MOST_SLOW
