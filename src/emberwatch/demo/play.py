"""Plays the written storm through the real watch, to a receiver on this machine."""

import asyncio
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from random import Random

from emberwatch.config.reader import read_config
from emberwatch.demo import storm
from emberwatch.demo.receiver import Received, Receiver
from emberwatch.model.notification import DeliveryState, Notification
from emberwatch.notifiers.signature import PREFIX, signing_key
from emberwatch.ports import Reading
from emberwatch.runtime import wiring
from emberwatch.runtime.dispatcher import Dispatcher
from emberwatch.runtime.processor import Processor
from emberwatch.runtime.replay import Replayed, replay
from emberwatch.runtime.writer import Writer
from emberwatch.store.sqlite import open_store

SEED = 20260307
KEY_FILE = "key.txt"
"""The file beside the demo's configuration that holds the signing secret, drawn for it alone."""

STRIDE = timedelta(minutes=5)
"""How much of the storm is shown at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A piece of the story that was played."""

    until: datetime
    posts: int
    mentions: int
    not_judged: int
    is_storm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the whole story came to."""

    config: Path
    database: Path
    posts: int
    mentions: int
    not_judged: int
    messages: tuple[Received, ...]


class StoryClock:
    """The story's time: when a message became owed, and what has really passed since.

    By the wall clock a message of a storm that is months old would be months late.
    """

    def __init__(self) -> None:
        self.go_to(storm.STORM_AT - storm.ORDINARY)

    def go_to(self, at: datetime) -> None:
        """Go on from an instant of the story."""
        self._at, self._since = at, time.monotonic()

    def __call__(self) -> datetime:
        """Return the time in the story now."""
        return self._at + timedelta(seconds=time.monotonic() - self._since)


async def play(
    folder: Path,
    *,
    on_scene: Callable[[Scene], None],
    on_message: Callable[[Received], None],
    pause: float = 0.0,
) -> Played:
    """Play the story into a database in `folder`.

    `pause` is how many seconds to wait after each five minutes of the storm, for whoever watches.
    """
    received: list[Received] = []
    clock = StoryClock()
    secret = PREFIX + b64encode(secrets.token_bytes(32)).decode()
    async with Receiver(signing_key(secret), clock=clock, on_message=received.append) as receiver:
        path = folder / "config.yaml"
        path.write_text(_configuration(receiver.url), encoding="utf-8")
        (folder / KEY_FILE).write_text(secret)
        config = read_config(path, wiring.installed(), {})
        writer = Writer(open_store(config.database))
        try:
            async with wiring.network(config) as network:
                processor = await writer.do(
                    lambda: wiring.processor(
                        writer.store, wiring.policy(config, is_replay=True), is_live=False
                    )
                )
                dispatcher = Dispatcher(
                    notifiers=wiring.notifiers(config, network.outbound()),
                    write=writer.write,
                    read=writer.read,
                    clock=clock,
                    chance=wiring.chance,
                    on_part=_nothing_to_tell,
                )
                done = Replayed()
                for until, lines in _scenes(storm.story(Random(SEED))):
                    part, shown = Replayed(), len(received)
                    for piece in _pieces(until, lines):
                        came = await writer.do(partial(_advance, piece, processor))
                        part = _sum(part, came)
                        owed = await writer.read(_waiting)
                        if owed:
                            clock.go_to(max(each.created_at for each in owed))
                            await dispatcher.drain()
                    done = _sum(done, part)
                    on_scene(_scene(until, part))
                    for message in received[shown:]:
                        on_message(message)
                    if until > storm.STORM_AT:
                        await asyncio.sleep(pause)
        finally:
            await asyncio.to_thread(writer.close)
    return Played(
        config=path,
        database=config.database,
        posts=done.posts,
        mentions=done.mentions,
        not_judged=done.not_judged,
        messages=tuple(received),
    )


def _configuration(url: str) -> str:
    return (
        f"{storm.CONFIG}"
        "database: demo.db\n"
        "network: {allow: [127.0.0.0/8]}\n"
        "notifiers:\n"
        f"  - {{name: receiver, kind: webhook, url: '{url}', secret_file: {KEY_FILE}}}\n"
    )


def _scenes(lines: list[storm.Line]) -> Iterator[tuple[datetime, list[storm.Line]]]:
    """Cut the story into days, and the storm into strides."""
    until = storm.STORM_AT - storm.ORDINARY + timedelta(days=1)
    scene: list[storm.Line] = []
    for line in lines:
        while line.at >= until:
            if scene:
                yield until, scene
                scene = []
            is_storm = until >= storm.STORM_AT
            until += STRIDE if is_storm else timedelta(days=1)
        scene.append(line)
    yield until, scene


def _pieces(until: datetime, lines: list[storm.Line]) -> list[list[storm.Line]]:
    """Cut a scene of the storm into minutes: a message leaves soon, and not at its end."""
    if until <= storm.STORM_AT:
        return [lines]
    return [list(same) for _, same in groupby(lines, lambda line: f"{line.at:%d %H:%M}")]


def _waiting(look: Reading) -> list[Notification]:
    return look.notifications(state=DeliveryState.WAITING)


def _advance(lines: list[storm.Line], processor: Processor) -> Replayed:
    return replay((line.text.encode() for line in lines), processor, wall=wiring.now())


def _sum(left: Replayed, right: Replayed) -> Replayed:
    return Replayed(
        lines=left.lines + right.lines,
        posts=left.posts + right.posts,
        kept=left.kept + right.kept,
        mentions=left.mentions + right.mentions,
        not_judged=left.not_judged + right.not_judged,
    )


def _scene(until: datetime, part: Replayed) -> Scene:
    return Scene(
        until=until,
        posts=part.kept,
        mentions=part.mentions,
        not_judged=part.not_judged,
        is_storm=until > storm.STORM_AT,
    )


async def _nothing_to_tell(part: str, why: str) -> None:
    """Leave out our own troubles: the demo's receiver shows them by itself."""
