"""How soon a receiver is told while ten others hang, and how 500 incidents at once leave."""

import asyncio
import logging
import os
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from emberwatch.core.respond.pacing import Channel
from emberwatch.model.secret import Secret
from emberwatch.notifiers.slack import Slack
from tests.integration.receiver import hanging, receiving, saying
from tests.integration.sending import Clock, House, an_incident

INCIDENTS = 300
DEAD = 10
FLOOD = 500
PER_MINUTE = 20
PATIENCE = 20.0
"""Seconds that one try may take: what the daemon gives it."""


async def beside_hanging(folder: Path) -> list[float]:
    """Return the seconds from each commit to its arrival at the receiver that answers."""
    house = House(folder / "hanging.db", Clock(), patience=PATIENCE)
    waits = []
    async with receiving(hanging) as dead, receiving(saying(200)) as well:
        names = [f"dead{number}" for number in range(DEAD)]
        notifiers = {name: house.webhook(dead.url) for name in names}
        dispatcher = house.sending({**notifiers, "well": house.webhook(well.url)})
        run = asyncio.create_task(dispatcher.run())
        for number in range(INCIDENTS):
            await house.open([an_incident(f"inc_{number}")], *names, "well")
            began_at, before = time.perf_counter(), len(well.got)
            dispatcher.wake()
            while len(well.got) == before:
                await asyncio.sleep(0.001)
            waits.append(time.perf_counter() - began_at)
            await asyncio.sleep(0.05)
        await dispatcher.stop(0.0)
        await run
    await closed(house)
    return waits


async def at_once(folder: Path) -> tuple[int, int, float]:
    """Return how many messages a chat and a webhook got of a flood, and after how many seconds."""
    house = House(folder / "flood.db", Clock())
    posted = saying(200, b'{"ok": true, "channel": "C9", "ts": "17.5"}')
    async with receiving(posted) as chat, receiving(saying(200)) as hook:
        options = Slack.Options(token=Secret("xoxb-1"), channel="C1", api=chat.url)
        await house.open([an_incident(f"inc_{n}") for n in range(FLOOD)], "chat", "hook")
        dispatcher = house.sending(
            {"chat": Slack(options, house.network.outbound()), "hook": house.webhook(hook.url)},
            channels={"chat": Channel(per_minute=PER_MINUTE, takes_digests=True)},
        )
        began_at = time.perf_counter()
        await dispatcher.drain()
        took = time.perf_counter() - began_at
    await closed(house)
    return len(chat.got), len(hook.got), took


async def closed(house: House) -> None:
    """Let go of the network and the database."""
    await house.network.__aexit__(None, None, None)
    house.writer.close()


async def main() -> None:
    """Print both figures."""
    logging.getLogger("emberwatch").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        waits = await beside_hanging(Path(name))
        chat, hook, took = await at_once(Path(name))
    p99 = quantiles(waits, n=100)[98]
    print(f"{DEAD} receivers hang, {INCIDENTS} incidents, load {os.getloadavg()[0]:.1f}:")
    print(f"  median {median(waits):.3f} s, p99 {p99:.3f} s, worst {max(waits):.3f} s")
    got = f"{chat} messages in the chat, {hook} at the webhook"
    print(f"{FLOOD} incidents at once: {got}, {took:.1f} s")


if __name__ == "__main__":
    asyncio.run(main())
