"""`emberwatch check`: is the configuration right, and what would be watched?"""

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from emberwatch.cli.place import config_option
from emberwatch.model.errors import ConfigError

if TYPE_CHECKING:
    from emberwatch.config.schema import Config, FeedSettings
    from emberwatch.core.respond.routing import Route
    from emberwatch.model.alert import AlertKind
    from emberwatch.model.brand import Brand, Group
    from emberwatch.model.team import Team

_LABEL = 13
_WIDTH = 100
_LEAST_ROOM = 20

Block = tuple[str, Sequence[str]]
"""A label, and the lines that stand beside it."""


@click.command()
@config_option
@click.option("--explain", metavar="BRAND", help="Say what is watched for a brand, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the file, and stop.")
def command(config_path: Path, explain: str | None, as_json: bool, schema: bool) -> None:
    """Say whether the configuration is right, and what it watches.

    Every mistake is told at once, each with its line and column, and the exit code is 3. Nothing
    is started and the network is not touched.

    \b
    Example:
      emberwatch check --explain Samsung
    """
    from emberwatch.config.reader import json_schema, read_config
    from emberwatch.runtime.plugins import installed
    from emberwatch.runtime.wiring import playbook, scorer

    plugins = installed()
    if schema:
        click.echo(json.dumps(json_schema(plugins), indent=2, ensure_ascii=False))
        return
    try:
        config = read_config(config_path, plugins, os.environ)
        scorer(config.scorer)
        playbook(config)
    except ConfigError as error:
        if as_json:
            _print_json({"ok": False, "problems": list(error.problems)})
        raise
    if explain is not None:
        brand = _brand(config, explain)
        if as_json:
            _print_json(explanation(config, brand))
        else:
            described = {
                feed.name: plugins.sources[feed.source](feed.options).describe()
                for feed in config.feeds_of(brand.name)
            }
            _print_blocks(explained(config, brand, described))
    elif as_json:
        _print_json(summary(config))
    else:
        click.echo(f"{config_path} is right.\n")
        _print_blocks(summarised(config))
        for brand in config.brands:
            if not config.feeds_of(brand.name):
                click.echo(f"\nNo feed is read for {brand.name}: nothing will be found.", err=True)
        if not config.notifiers:
            click.echo("\nThere is no notifier: nobody will be told.", err=True)
        for line in out_of_bounds(config):
            click.echo(f"\n{line}", err=True)


def out_of_bounds(config: "Config") -> Iterator[str]:
    """Yield what is configured with a bare address that nothing may be sent to.

    A name is not looked up: the network is not touched.
    """
    from emberwatch.core.read.address import may_connect

    named = [
        *((f"Feed {each.name}", each.options) for each in config.feeds),
        *((f"Notifier {each.name}", each.options) for each in config.notifiers),
    ]
    for name, options in named:
        for address in _addresses(options):
            if not may_connect(address, config.networks):
                yield (
                    f"{name} leads to {address}, which is no public address: nothing is sent there "
                    f"unless the configuration has network: {{allow: [{address}]}}"
                )


def _addresses(options: object) -> Iterator[IPv4Address | IPv6Address]:
    """Yield the bare addresses in the options that name a host."""
    if not dataclasses.is_dataclass(options):
        return
    for field in dataclasses.fields(options):
        value: object = getattr(options, field.name)
        if isinstance(value, str) and (field.name == "host" or "://" in value):
            with suppress(ValueError):
                host = (urlsplit(value).hostname if "://" in value else value) or ""
                yield ip_address("127.0.0.1" if host == "localhost" else host)


def _brand(config: "Config", wanted: str) -> "Brand":
    from emberwatch.config.tree import did_you_mean

    for brand in config.brands:
        if brand.name.casefold() == wanted.casefold():
            return brand
    names = tuple(brand.name for brand in config.brands)
    hint = did_you_mean(wanted, names) or f"; there are {', '.join(names)}"
    raise click.BadParameter(f"there is no brand '{wanted}'{hint}", param_hint="--explain")


# ---------------------------------------------------------------- what is watched
def summary(config: "Config") -> dict[str, object]:
    """Return what `check --json` prints of a right configuration."""
    return {
        "ok": True,
        "path": str(config.path),
        "database": str(config.database),
        "retention": _length(config.retention),
        "brands": [brand.name for brand in config.brands],
        "feeds": [_feed(feed) for feed in config.feeds],
        "notifiers": [{"name": one.name, "kind": one.kind} for one in config.notifiers],
        "scorer": _scorer(config),
        "routes": [
            {
                "brands": route.brands,
                "kinds": route.kinds,
                "themes": route.themes,
                "languages": route.languages,
                "severity": route.severity,
                "hours": [str(span) for span in route.hours],
                "team": route.team or None,
                "notify": route.notify,
            }
            for route in config.routes
        ],
        "teams": [
            {
                "name": team.name,
                "people": [person.name for person in team.people],
                "languages": team.languages,
                "time_zone": team.time_zone,
                "notify": team.notify,
                "escalation": [
                    {
                        "after": _length(link.after),
                        "team": link.team or None,
                        "people": link.people,
                        "notify": link.notify,
                    }
                    for link in team.escalation
                ],
            }
            for team in config.teams
        ],
        "playbook": {
            "stance": config.playbook.stance,
            "file": None if config.playbook.file is None else str(config.playbook.file),
            "notes": [note.name for note in config.playbook.notes],
        },
        "networks": [str(network) for network in config.networks],
        "heartbeat": _length(config.heartbeat.every) if config.heartbeat else None,
    }


def _scorer(config: "Config") -> dict[str, object]:
    return {"kind": config.scorer.kind, "options": public(config.scorer.options)}


def _judge(config: "Config") -> str:
    """Name the scorer and its options in a line."""
    options = public(config.scorer.options).items()
    return ", ".join((config.scorer.kind, *(f"{key} {value}" for key, value in options)))


def _feed(feed: "FeedSettings") -> dict[str, object]:
    return {
        "name": feed.name,
        "source": feed.source,
        "every": _length(feed.every),
        "brands": feed.brands,
        "backfill": None if feed.backfill is None else _length(feed.backfill),
        "options": public(feed.options),
    }


def summarised(config: "Config") -> list[Block]:
    """Say in a few lines what a configuration watches and whom it tells."""
    blocks: list[Block] = [
        ("database", [f"{config.database}, texts kept for {_length(config.retention)}"]),
        ("brands", [_counted(brand) for brand in config.brands]),
        ("judged by", [_judge(config)]),
        (
            "feeds",
            _columns(
                (feed.name, feed.source, f"every {_length(feed.every)}", ", ".join(feed.brands))
                for feed in config.feeds
            )
            or ["none"],
        ),
        ("notifiers", _columns((one.name, one.kind) for one in config.notifiers) or ["none"]),
        ("teams", list(map(_team, config.teams))),
        (
            "routes",
            list(map(_route, config.routes))
            or ["none: every notifier is told of everything but mere volume"],
        ),
    ]
    blocks = [block for block in blocks if block[1]]
    blocks.append(("playbook", [_advice(config)]))
    if config.networks:
        allowed = ", ".join(str(network) for network in config.networks)
        blocks.append(("network", [f"private addresses allowed: {allowed}"]))
    if config.heartbeat is not None:
        blocks.append(("heartbeat", [f"every {_length(config.heartbeat.every)} while all is well"]))
    return blocks


def _route(route: "Route") -> str:
    """Say in a line what a route takes, and where it sends it."""
    conditions = (
        _or(route.brands, "any brand") + ": " + _or(route.kinds, "any kind but surge"),
        *(f"theme {theme}" for theme in route.themes),
        *(f"in {language}" for language in route.languages),
        f"{route.severity} or worse" if route.severity.rank else "",
        "at its hours" if route.hours else "",
    )
    goals = ([f"team {route.team}"] if route.team else []) + list(route.notify)
    return f"{', '.join(filter(None, conditions))} -> {', '.join(goals)}"


def _team(team: "Team") -> str:
    """Say in a line who is in a team, and who follows when they do not act."""
    from emberwatch.core.respond.attention import goal_of

    links = [f"after {_length(link.after)} {goal_of(link)}" for link in team.escalation]
    parts = (
        ", ".join(person.name for person in team.people),
        f"by {', '.join(team.notify)}" if team.notify else "",
        *links,
    )
    return f"{team.name}: {'; '.join(filter(None, parts)) or 'nobody'}"


def _advice(config: "Config") -> str:
    """Say in a line what people are advised by."""
    book = config.playbook
    own = f", with {book.file}" if book.file is not None else ""
    known = f"; {len(book.notes)} notes of yours" if book.notes else ""
    return f"{book.stance}{own}{known}"


def _counted(brand: "Brand") -> str:
    counts = (
        (len(brand.words), "word", "words"),
        (len(brand.handles), "handle", "handles"),
        (len(brand.hashtags), "hashtag", "hashtags"),
        (len(brand.groups), "group", "groups"),
    )
    known = ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)
    team = f"; {brand.team} answers" if brand.team else ""
    return f"{brand.name}: {known}{team}; {_budget(brand)}"


def _budget(brand: "Brand") -> str:
    allowed = f"{brand.false_alarms_per_month:g}"
    return f"at most {allowed} false alarm{'' if allowed == '1' else 's'} a month"


# ---------------------------------------------------------------- how a brand is watched
def explanation(config: "Config", brand: "Brand") -> dict[str, object]:
    """Return what `check --explain BRAND --json` prints."""
    return {
        "brand": brand.name,
        "words": brand.words,
        "handles": brand.handles,
        "hashtags": brand.hashtags,
        "groups": [{"any": g.any, "all": g.all, "none": g.none} for g in brand.groups],
        "exclude": brand.exclude,
        "languages": brand.languages,
        "team": brand.team,
        "false_alarms_per_month": brand.false_alarms_per_month,
        "pile_on_floor": brand.pile_on_floor,
        "quiet_after": _length(brand.quiet_after),
        "scorer": _scorer(config),
        "feeds": [_feed(feed) for feed in config.feeds_of(brand.name)],
        "told": {str(kind): names for kind, names in told(config, brand.name).items()},
    }


def explained(config: "Config", brand: "Brand", described: Mapping[str, str]) -> list[Block]:
    """Say what is watched for a brand, by which rule, and who would be told.

    `described` says of each feed, by name, what it can and cannot see.
    """
    from emberwatch.model.alert import AlertKind

    feeds: list[str] = []
    for feed in config.feeds_of(brand.name):
        feeds.append(f"{feed.name}: {feed.source}, every {_length(feed.every)}")
        settings = ", ".join(f"{key} {value}" for key, value in public(feed.options).items())
        for text in (settings, described[feed.name]):
            feeds.extend(f"  {line}" for line in _wrapped(text, _WIDTH - _LABEL - 4))
    blocks: list[Block] = [
        ("brand", [brand.name + (f", answered by {brand.team}" if brand.team else "")]),
        ("words", _listed(brand.words)),
        ("handles", _listed(brand.handles)),
        ("hashtags", _listed(brand.hashtags)),
        ("or a group", [_group(group) for group in brand.groups]),
        ("but never", _listed(brand.exclude)),
        ("languages", _listed(brand.languages)),
        ("judged by", [_judge(config)]),
        ("feeds", feeds or ["none: nothing will be found"]),
    ]
    blocks = [block for block in blocks if block[1]]
    crowd = f"a crowd in one thread ({brand.pile_on_floor} until there is history)"
    meant = {
        AlertKind.SPIKE: "more anger than is normal at this hour",
        AlertKind.PILE_ON: crowd,
        AlertKind.SURGE: "many more posts than is normal, angry or not",
        AlertKind.FOLLOW_UP_DUE: "what a customer was promised falls due",
        AlertKind.WATCH_BLIND: "a feed stopped, or brings nothing any more",
        AlertKind.TROUBLE: "a part of emberwatch itself is in trouble",
    }
    who = told(config, brand.name)
    rows = _columns((kind, _or(who[kind], "nobody"), what) for kind, what in meant.items())
    if config.teams:
        rows.append("so it is now, were it critical; 'emberwatch route test' tries out any other")
    quiet = f"an alert within {_length(brand.quiet_after)} of the last joins the same incident"
    blocks.append(("who is told", rows))
    blocks.append(("how often", [_budget(brand), quiet]))
    return blocks


def told(config: "Config", brand: str) -> dict["AlertKind", tuple[str, ...]]:
    """Return which notifiers each kind of alert would go to now, were it critical."""
    from emberwatch.core.respond.rehearsal import a_trial
    from emberwatch.core.respond.routing import decide
    from emberwatch.model.alert import AlertKind
    from emberwatch.runtime.wiring import directory, now

    at = now()
    who = {}
    for kind in AlertKind:
        trial = a_trial(None if kind.is_about_us else brand, kind=kind, at=at)
        recipients = decide(directory(config), trial, at).recipients
        who[kind] = tuple(each.notifier for each in recipients)
    return who


def public(options: object) -> dict[str, str]:
    """Return the options that are set, spelled out; secrets stay hidden, in addresses too."""
    from emberwatch.model.secret import hide_in_addresses

    if not dataclasses.is_dataclass(options):
        return {}
    spelled: dict[str, str] = {}
    for field in dataclasses.fields(options):
        value: object = getattr(options, field.name)
        if value is None or value == field.default or value == ():
            continue
        if isinstance(value, timedelta):
            spelled[field.name] = _length(value)
        elif isinstance(value, tuple | frozenset | list):
            spelled[field.name] = hide_in_addresses(", ".join(str(one) for one in value))
        else:
            spelled[field.name] = hide_in_addresses(str(value))
    return spelled


def _group(group: "Group") -> str:
    parts = (("any of", group.any), ("all of", group.all), ("none of", group.none))
    return "; ".join(f"{label} {' · '.join(words)}" for label, words in parts if words)


# ---------------------------------------------------------------- how it is set
def _length(length: timedelta) -> str:
    from emberwatch.config.duration import spell_duration

    return spell_duration(length)


def _or(names: Sequence[str], otherwise: str) -> str:
    return ", ".join(names) or otherwise


def _listed(names: Sequence[str]) -> list[str]:
    return _wrapped(" · ".join(name.replace(" ", "\u00a0") for name in names), _WIDTH - _LABEL - 2)


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]


def _columns(rows: Iterable[Sequence[str]]) -> list[str]:
    filled = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*filled, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in filled
    ]


def _print_blocks(blocks: Iterable[Block]) -> None:
    room = None
    if sys.stdout.isatty():
        room = max(shutil.get_terminal_size().columns - _LABEL - 2, _LEAST_ROOM)
    for label, lines in blocks:
        fitted = [part for line in lines for part in _fitted(line, room)]
        for position, line in enumerate(fitted):
            click.echo(f"  {label if position == 0 else '':<{_LABEL}}{line}")


def _fitted(line: str, room: int | None) -> list[str]:
    """Return a line in parts that a terminal has room for; what goes on stands further right."""
    import textwrap

    indent = " " * (len(line) - len(line.lstrip()) + 2)
    if room is None or len(line) <= room:
        return [line]
    return textwrap.wrap(
        line, room, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _print_json(value: Mapping[str, object]) -> None:
    from emberwatch.cli.present import show_json

    show_json(value)
