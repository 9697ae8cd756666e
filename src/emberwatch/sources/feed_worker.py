"""Takes RSS and Atom apart in a process of its own: the door to feedparser.

A hostile feed can hold a parser for minutes or fill the memory. Here it costs a worker process,
which has limits, is killed when it takes too long, and ends when its owner does: it reads its
jobs from a pipe, and the end of that pipe is the end of it.
"""

import contextlib
import json
import os
import re
import struct
import subprocess
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Timer
from time import monotonic
from typing import Any, BinaryIO

from emberwatch.model.errors import FeedUnavailable
from emberwatch.sources.fields import as_count
from emberwatch.sources.plain import clean, compose, first_words, one_line, to_plain, unescape

MOST_ENTRIES = 500
"""Entries of one feed that are looked at, the newest: a full rebuild of a site is no news."""

LONGEST = timedelta(seconds=5)
MOST_QUICK = 2
SLOW_FROM = timedelta(seconds=1)
MOST_SLOW = 1000
"""Feeds remembered as slow."""
MOST_MEMORY = 512 * 1024 * 1024

# What a Python child may need to start; the rest of our environment holds secrets.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "HOME")

LONGEST_FAULT = 200
"""Characters of what the parser raised that are passed on: it may quote the feed."""

_SIZES = struct.Struct(">II")
_SIZE = struct.Struct(">I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a feed. `id` and `link` are as the feed gives them, empty where it does not."""

    id: str
    link: str
    author: str
    title: str
    text: str
    published_at: datetime | None
    comments: int | None
    language: str | None
    comments_feed: str = ""
    """The address of the feed of its comments, where the feed names one."""
    answers: str = ""
    """The id of the entry that it answers, in a feed of comments."""
    likes: int | None = None
    views: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A feed taken apart. `version` is empty when it was no feed at all.

    `left_out` counts the entries beyond `MOST_ENTRIES`; `is_cut` says that the feed ended in the
    middle of an entry, which was left out; `fault` says why a feed without entries is broken.
    """

    version: str
    entries: tuple[Entry, ...] = ()
    left_out: int = 0
    is_cut: bool = False
    fault: str = ""


def _nobody(_: timedelta) -> None:
    pass


class FeedWorker:
    """One worker process, started when first needed and again after it had to be killed."""

    def __init__(self, *, longest: timedelta = LONGEST, memory: int = MOST_MEMORY) -> None:
        self._longest = longest
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., FeedWorker] | None = None
        self._queue: ThreadPoolExecutor | None = None
        self._asked = 0
        self._answered = 0

    def submit(
        self, body: bytes, content_type: str = "", took: Callable[[timedelta], None] = _nobody
    ) -> "Future[ParsedFeed]":
        """Queue a feed; its future gives the feed, or raises `FeedUnavailable`.

        Before that, `took` is told how long it took without its wait.
        """
        if self._queue is None:
            self._queue = ThreadPoolExecutor(1, thread_name_prefix="feed-worker")
        self._asked += 1
        return self._queue.submit(self._timed, body, content_type, took)

    @property
    def waiting(self) -> int:
        """How many documents are parsed, or wait for it."""
        return self._asked - self._answered

    def _timed(
        self, body: bytes, content_type: str, took: Callable[[timedelta], None]
    ) -> ParsedFeed:
        started = monotonic()
        try:
            return self._work(body, content_type)
        finally:
            self._answered += 1  # by this one thread alone, as `_asked` is by its owner's
            took(timedelta(seconds=monotonic() - started))

    def close(self) -> None:
        """End the process and the thread that waits for it."""
        if self._queue is not None:
            self._queue.shutdown(wait=True)
            self._queue = None
        self._stop()

    @property
    def pid(self) -> int | None:
        """The id of the process, while there is one."""
        return None if self._process is None else self._process.pid

    def _work(self, body: bytes, content_type: str) -> ParsedFeed:
        process = self._running()
        is_late = Event()

        def give_up() -> None:
            is_late.set()
            process.kill()

        timer = Timer(self._longest.total_seconds(), give_up)
        timer.start()
        try:
            reply = _ask(process, body, content_type)
        except (OSError, EOFError):
            reply = None
        finally:
            timer.cancel()
            timer.join()
        if reply is None or is_late.is_set():
            self._stop()
        if reply is not None:
            return _decoded(reply)
        if is_late.is_set():
            seconds = self._longest.total_seconds()
            raise FeedUnavailable(f"the feed took longer than {seconds:g} s to parse; is it one?")
        raise FeedUnavailable("the feed broke the parser (too large or too deep); is it one?")

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        process = subprocess.Popen(  # noqa: S603  our own module, no argument from outside
            [sys.executable, "-P", "-m", "emberwatch.sources.feed_worker", str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the daemon, which drains first
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        self._process = process
        self._end = weakref.finalize(self, _put_down, process)
        return process

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._process = self._end = None


class FeedWorkers:
    """A few workers, so that a slow feed delays others by little.

    Feeds share the quick ones: who is free takes the next. A feed that took longer than
    `slow_from` the last time is parsed by a worker of its kind alone until it is quick again, so
    that it delays nobody but its like. A feed is held up only when as many others as there are
    quick workers turn slow at one time, and then by no longer than one may take.
    """

    def __init__(
        self,
        *,
        quick: int = MOST_QUICK,
        slow_from: timedelta = SLOW_FROM,
        longest: timedelta = LONGEST,
    ) -> None:
        self._quick = [FeedWorker(longest=longest) for _ in range(quick)]
        self._slow = FeedWorker(longest=longest)
        self._slow_from = slow_from
        self._slow_ones: dict[str, None] = {}
        self._one_at_a_time = Lock()

    def submit(self, body: bytes, content_type: str = "", name: str = "") -> "Future[ParsedFeed]":
        """Queue a document of the feed called `name`; see `FeedWorker.submit`."""
        worker = self._slow if name in self._slow_ones else min(self._quick, key=_load)
        return worker.submit(body, content_type, lambda took: self._note(name, took))

    def close(self) -> None:
        """End the processes and the threads that wait for them."""
        for worker in (*self._quick, self._slow):
            worker.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of the processes there are."""
        return tuple(each.pid for each in (*self._quick, self._slow) if each.pid is not None)

    def _note(self, name: str, took: timedelta) -> None:
        """Remember whether a feed was slow; the workers' threads say so."""
        with self._one_at_a_time:
            self._slow_ones.pop(name, None)
            if took >= self._slow_from:
                self._slow_ones[name] = None
            while len(self._slow_ones) > MOST_SLOW:
                del self._slow_ones[next(iter(self._slow_ones))]


def _load(worker: FeedWorker) -> int:
    return worker.waiting


def _put_down(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what was not written yet
                pipe.close()


def _ask(process: "subprocess.Popen[bytes]", body: bytes, content_type: str) -> bytes:
    told, heard = process.stdin, process.stdout
    if told is None or heard is None:
        raise EOFError
    header = content_type.encode("utf-8", "replace")
    told.write(_SIZES.pack(len(header), len(body)) + header)
    told.write(body)
    told.flush()
    (size,) = _SIZE.unpack(_exactly(heard, _SIZE.size))
    return _exactly(heard, size)


def _exactly(stream: Any, size: int) -> bytes:
    got: bytes = stream.read(size)
    if len(got) < size:
        raise EOFError
    return got


def _decoded(reply: bytes) -> ParsedFeed:
    told = json.loads(reply)
    if "error" in told:
        raise FeedUnavailable(f"the feed broke the parser ({told['error']}); is it one?")
    entries = told.pop("entries")
    return ParsedFeed(
        entries=tuple(
            Entry(
                **{
                    **entry,
                    "published_at": None
                    if entry["published_at"] is None
                    else datetime.fromtimestamp(entry["published_at"], UTC),
                }
            )
            for entry in entries
        ),
        **told,
    )


# ---------------------------------------------------------------- inside the worker process
_TAGS = re.compile(r"<(/?)(?:[A-Za-z_][\w.-]{0,20}:)?(?:item|entry)[\s>/]")
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=", re.DOTALL)
_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What Python code raises over input that it did not expect. Out of memory is not among them: only
the end of the process gives all of it back."""

_DECLARATION = re.compile(rb"\A\s*<\?xml.*?\?>", re.DOTALL)
_EPOCHS = (-62_135_596_800, 253_402_300_799)
"""The years 1 and 9999, between which a `datetime` can say when."""


def main() -> None:
    """Serve jobs from standard input until it ends."""
    jobs, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not look like a reply
    _limit_memory(int(sys.argv[1]))
    while len(sizes := jobs.read(_SIZES.size)) == _SIZES.size:
        header, body = _SIZES.unpack(sizes)
        content_type = _exactly(jobs, header).decode()
        _limit_time()
        _serve(_exactly(jobs, body), content_type, replies)


def _serve(body: bytes, content_type: str, replies: BinaryIO) -> None:
    try:
        told = take_apart(body, content_type)
    except _FAULTS as error:
        told = {"error": first_words(f"{type(error).__name__}: {error}", LONGEST_FAULT)}
    reply = json.dumps(told).encode()
    replies.write(_SIZE.pack(len(reply)) + reply)
    replies.flush()


def _limit_memory(most: int) -> None:
    import resource

    with contextlib.suppress(ValueError, OSError):  # macOS refuses; the time limit remains
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_time() -> None:
    """Let the system end us should our owner die while we are caught in a feed."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime + 2 * LONGEST.total_seconds())
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def take_apart(body: bytes, content_type: str) -> dict[str, object]:
    """Return a `ParsedFeed` as plain values, dates as seconds since 1970."""
    from xml.sax import SAXException

    parsed = _parsed(body, content_type)
    version = str(parsed.get("version") or "")
    # Plain dicts, because feedparser's own answer for one field with the value of another.
    entries = [dict(entry) for entry in parsed.entries] if version else []
    fault = parsed.get("bozo_exception")
    is_broken = isinstance(fault, SAXException)
    is_cut = bool(entries) and is_broken and _is_cut(body, str(parsed.get("encoding") or "utf-8"))
    if is_cut:
        entries.pop()
    language = parsed.feed.get("language")
    kept = _newest(entries)
    return {
        "version": version,
        "entries": [_entry(entry, language) for entry in kept],
        "left_out": len(entries) - len(kept),
        "is_cut": is_cut,
        "fault": str(fault) if is_broken and not entries and not is_cut else "",
    }


def _parsed(body: bytes, content_type: str) -> Any:
    """Return what feedparser makes of a feed, without its charset where that cannot be one.

    feedparser passes over a charset that Python does not know, but not over a codec that raises
    in its own way (`undefined`, `punycode`) or a name with a NUL in it.
    """
    try:
        return _fed(body, _headers(body, content_type))
    except ValueError:
        return _fed(_DECLARATION.sub(b"", body, count=1), {})


def _fed(body: bytes, headers: dict[str, str]) -> Any:
    import io

    import feedparser

    # BytesIO, because feedparser takes plain bytes for the name of a file to open.
    return feedparser.parse(
        io.BytesIO(body),
        response_headers=headers,
        resolve_relative_uris=False,
        sanitize_html=False,
    )


def _headers(body: bytes, content_type: str) -> dict[str, str]:
    """Pass on the site's charset only where the feed itself leaves us in doubt.

    Servers label UTF-8 feeds as anything; text that decodes as UTF-8 is hardly ever anything else.
    """
    if "charset" not in content_type.lower() or _DECLARED.match(body.lstrip()[:400]):
        return {}
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return {"content-type": content_type}
    return {}


def _is_cut(body: bytes, encoding: str) -> bool:
    """Tell whether the last entry was never closed; half an id would be another post's id."""
    try:
        text = body.decode(encoding, "replace")
    except (LookupError, ValueError):
        text = body.decode("latin-1")
    last = None
    for tag in _TAGS.finditer(text):
        last = tag
    if last is None or last[1]:
        return False
    return "/>" not in text[last.start() : text.find(">", last.start()) + 1]


def _newest(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(entries) <= MOST_ENTRIES:
        return entries
    dates = [_published(entry) for entry in entries]
    order = sorted(range(len(entries)), key=lambda n: (dates[n] is not None, -(dates[n] or 0), n))
    kept = set(order[:MOST_ENTRIES])
    return [entry for n, entry in enumerate(entries) if n in kept]


def _entry(entry: dict[str, Any], language: object) -> dict[str, object]:
    title = _plain_title(entry)
    said = entry.get("title_detail", {}).get("language") or language
    return {
        "id": _string(entry, "id"),
        "link": _string(entry, "link"),
        "author": clean(_string(entry, "author")).strip(),
        "title": title,
        "text": compose(title, _body(entry)),
        "published_at": _published(entry),
        "comments": _first_count(entry, ("slash_comments", "thr_total")),
        "language": said if isinstance(said, str) and 0 < len(said) < 40 else None,
        "comments_feed": _string(entry, "wfw_commentrss"),
        "answers": _attribute(entry, "thr_in-reply-to", "ref"),
        # How YouTube tells of a video in the feed of its channel.
        "likes": as_count(_attribute(entry, "media_starrating", "count")),
        "views": as_count(_attribute(entry, "media_statistics", "views")),
    }


def _string(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _attribute(entry: dict[str, Any], name: str, attribute: str) -> str:
    element = entry.get(name)
    return _string(element, attribute) if isinstance(element, dict) else ""


def _plain_title(entry: dict[str, Any]) -> str:
    title = _string(entry, "title")
    kind = entry.get("title_detail", {}).get("type")
    return one_line(to_plain(title) if kind != "text/plain" else unescape(title))


def _body(entry: dict[str, Any]) -> str:
    contents: list[dict[str, Any]] = entry.get("content") or []
    for content in contents:
        value = content.get("value")
        if isinstance(value, str) and value.strip():
            return to_plain(value)
    return to_plain(_string(entry, "summary"))


def _published(entry: dict[str, Any]) -> int | None:
    import calendar

    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        parsed = entry.get(name)
        if parsed is not None:
            try:
                seconds = calendar.timegm(parsed)
            except (ValueError, OverflowError):  # feedparser tells of the years -1 and 10000 too
                continue
            if _EPOCHS[0] <= seconds <= _EPOCHS[1]:
                return seconds
    return None


def _first_count(entry: dict[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        count = as_count(entry.get(name))
        if count is not None:
            return count
    return None


if __name__ == "__main__":
    main()
