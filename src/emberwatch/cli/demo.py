"""A first look: a written storm, offline, through the real watch."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import program

if TYPE_CHECKING:
    from emberwatch.demo.play import Played, Scene
    from emberwatch.demo.receiver import Received

PAUSE = 0.15
"""Seconds after each five minutes of the storm, for people who watch it at a terminal."""


@click.command("demo")
def command() -> None:
    """Play a written storm in five languages, offline, in seconds.

    Ten ordinary days of a railway, then three hours after a bad decision, through the real watch
    into a throw-away database, with a receiver on this machine that verifies each signature.

    \b
    Example:
      emberwatch demo
    """
    from emberwatch.demo.play import play

    folder = Path(tempfile.mkdtemp(prefix="emberwatch-demo-"))
    stage = _Stage()
    click.secho("Norvik, a railway. Ten ordinary days:", bold=True)
    played = asyncio.run(
        play(
            folder,
            on_scene=stage.scene,
            on_message=stage.message,
            pause=PAUSE if sys.stdout.isatty() else 0.0,
        )
    )
    stage.end(played)


class _Stage:
    """Prints the story as it happens."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._is_storm = False
        self._first_alert: float | None = None

    def scene(self, scene: "Scene") -> None:
        """Say what a piece of the story brought."""
        from emberwatch.cli.present import count

        if scene.is_storm and not self._is_storm:
            self._is_storm = True
            click.echo()
            click.secho("Saturday, 17:40 UTC. The last train is cancelled:", bold=True)
        if not scene.is_storm:
            click.echo(
                f"  to {scene.until:%a %d %b}   {count(scene.posts, 'post'):>9} about Norvik"
            )
            return
        bar = "#" * min(60, scene.posts)
        click.echo(f"  {scene.until:%H:%M}   {count(scene.posts, 'post'):>9}  {bar}")

    def message(self, message: "Received") -> None:
        """Show a webhook as the receiver saw it."""
        from emberwatch.cli.present import COLOURS, MARKS
        from emberwatch.core.read.text import safe_line

        if self._first_alert is None:
            self._first_alert = time.monotonic() - self._began
        payload = message.payload
        incident = payload["incident"]
        severity = incident["severity"]
        kinds = " + ".join(kind.replace("_", "-") for kind in incident["kinds"])
        head = f"{MARKS[severity]} {payload['type']}  {severity}, {kinds}, fire {incident['fire']}"
        seal = "signature verified" if message.is_verified else "SIGNATURE WRONG"
        click.secho(f"         {head}", fg=COLOURS[severity], bold=True)
        for line in wrap(safe_line(payload["reason"], 400), 85):
            click.echo(f"           {line}")
        click.echo(f"           webhook received, {seal}, {message.size:,} bytes")

    def end(self, played: "Played") -> None:
        """Say what it all came to, and what to try next."""
        from emberwatch.core.read.text import safe_line

        took = time.monotonic() - self._began
        opened = [m for m in played.messages if m.payload["type"] == "incident.opened"]
        click.echo()
        click.secho("What happened", bold=True)
        share = played.not_judged / max(1, played.mentions)
        click.echo(
            f"  {played.posts:,} posts in {took:.1f} s, {played.mentions:,} mentions of Norvik"
        )
        click.echo(
            f"  {share:.0%} of them in languages whose anger is not judged: "
            "counted in volume, never taken for calm"
        )
        for message in opened:
            incident = message.payload["incident"]
            click.echo(
                f"  one incident, opened {incident['opened_at'][11:16]} UTC; its first post was "
                f"written {(incident['first_post_at'] or '')[11:16]}"
            )
        for post in played.messages[-1].payload["brief"]["posts"][:4] if opened else ():
            click.echo("    " + safe_line(f"@{post['author']}: {post['text']}", 110))
        received = len(played.messages)
        verified = sum(message.is_verified for message in played.messages)
        click.echo(f"  {received} webhooks received, {verified} with a true signature")
        if self._first_alert is not None:
            click.echo(f"  the first one {self._first_alert:.1f} s after the demo began")
        click.echo()
        name = program()
        click.secho("Try next", bold=True)
        if opened:
            id = opened[0].payload["incident"]["id"]
            click.echo(f"  {name} incident show {id} --database {played.database}")
            click.echo(f"  {name} incident acknowledge {id} --by YOU --config {played.config}")
        click.echo(f"  {name} init          write a config.yaml for your own brand")
        click.echo(f"  {name} check         see what it would watch")
        click.echo(f"  {name} run           watch")
        click.echo()
        click.echo(f"The demo's files lie in {played.database.parent}; nothing else uses them.")
