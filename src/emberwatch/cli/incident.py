"""List and show incidents, and say what was done about them."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import (
    check_brand,
    config_option,
    database_of,
    database_option,
    json_option,
    opened,
    playbook_of,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emberwatch.core.respond.playbook import Advice
    from emberwatch.core.respond.workflow import Deed
    from emberwatch.model.incident import Exhibit, Incident
    from emberwatch.model.notification import Notification
    from emberwatch.model.silence import Silence
    from emberwatch.model.team import Team
    from emberwatch.ports import Reading


_WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f\x7f]+")

LONGEST_NAME = 200
"""Characters of a person's name that are kept."""

MOST_NAMED = 3
"""Incidents that are named where an id fits several."""


@click.group("incident")
def command() -> None:
    """List and show incidents, and say what was done about them.

    \b
    Example:
      emberwatch incident acknowledge inc_4be1 --by anna
    """


@command.command("list")
@click.option("--all", "are_all", is_flag=True, help="Closed incidents too.")
@click.option("--brand", help="Only this brand's.")
@config_option
@database_option
@json_option
def list_(
    are_all: bool, brand: str | None, config_path: Path, database: Path | None, as_json: bool
) -> None:
    """List incidents that nobody has closed yet, newest first.

    \b
    Example:
      emberwatch incident list --all --json
    """
    from emberwatch.cli.present import clock, show_json, span, table
    from emberwatch.runtime.wiring import now

    with opened(database_of(config_path, database)) as store, store.reading() as look:
        found = look.incidents(is_open=None if are_all else True, brand=brand)
    if not found:
        check_brand(config_path, database, brand)
    found.reverse()
    if as_json:
        for incident in found:
            show_json(_summary(incident))
        return
    at = now()
    table(
        ("Incident", "Brand", "Kinds", "Status", "Fire", "Severity", "Age", "Opened (UTC)", "Why"),
        (
            (
                incident.id,
                incident.brand or incident.subject,
                "+".join(incident.kinds),
                incident.status,
                incident.fire,
                incident.severity,
                span(at - incident.opened_at),
                clock(incident.opened_at),
                incident.alerts[0].reason,
            )
            for incident in found
        ),
        empty="No incidents." if are_all else "No open incidents. (--all shows closed ones)",
    )


@command.command("show", short_help="Show one incident, whole.")
@click.argument("id")
@config_option
@database_option
@json_option
def show(id: str, config_path: Path, database: Path | None, as_json: bool) -> None:
    """Show one incident: why it rang, the customers' words, what was done.

    \b
    Example:
      emberwatch incident show inc_4be1
    """
    from emberwatch.cli.clock_lines import clock_lines, clocks_json, promises_json
    from emberwatch.cli.present import show_json
    from emberwatch.cli.silence import silence_json
    from emberwatch.core.respond.attention import muting
    from emberwatch.core.respond.clocks import clocks
    from emberwatch.core.respond.playbook import advise
    from emberwatch.core.respond.promises import standings
    from emberwatch.runtime.wiring import now

    at = now()
    with opened(database_of(config_path, database)) as store, store.reading() as look:
        incident = named(look, id)
        silence = muting(look.silences(at), incident, at)
        told = look.told([incident.id]).get(incident.id)
    times, levels = clocks(incident, told), standings(incident, at)
    advice = advise(playbook_of(None if database else config_path), incident)
    team = _team(incident, None if database else config_path)
    if as_json:
        show_json(
            {
                **_whole(incident),
                "readers": [
                    {"name": person.name, "languages": person.languages}
                    for person in (team.readers(incident.languages) if team else ())
                ],
                "silence": silence_json(silence, at) if silence else None,
                "clocks": clocks_json(times),
                "promises": promises_json(levels),
                "steps": [_step(each) for each in advice],
            }
        )
    else:
        _print(incident, advice, tuple(clock_lines(times, levels, at)), team, silence)


def _team(incident: "Incident", config_path: Path | None) -> "Team | None":
    """Return the configured team that owns an incident, where the configuration is at hand."""
    if config_path is None:
        return None
    config = read(config_path, with_secrets=False)
    return next((team for team in config.teams if team.name == incident.team), None)


def named(look: "Reading", id: str) -> "Incident":
    """Return the incident that a person means, or say how to find it."""
    from emberwatch.core.read.text import safe_line
    from emberwatch.model.errors import NotFound

    incident = look.incident(id)
    if incident is not None:
        return incident
    shown = safe_line(id, 80)
    several = [each.id for each in look.incidents() if shown and each.id.startswith(shown)]
    if several:
        newest = ", ".join(several[-MOST_NAMED:])
        raise NotFound(
            f"{len(several)} incidents begin with '{shown}' (the newest: {newest}): give more of "
            "the id"
        )
    raise NotFound(
        f"no incident begins with '{shown}': 'emberwatch incident list --all' shows them"
    )


def _summary(incident: "Incident") -> dict[str, object]:
    from emberwatch.cli.present import instant

    first = incident.alerts[0]
    return {
        "id": incident.id,
        "brand": incident.brand,
        "subject": incident.subject,
        "kind": incident.kind,
        "kinds": incident.kinds,
        "status": incident.status,
        "fire": incident.fire,
        "severity": incident.severity,
        "opened_at": instant(incident.opened_at),
        "first_post_at": instant(incident.first_post_at),
        "observed": first.observed,
        "expected": first.expected,
        "chance": first.chance,
        "window_minutes": first.window_minutes,
        "team": incident.team or None,
        "owner": incident.owner or None,
        "reason": first.reason,
    }


def _whole(incident: "Incident") -> dict[str, object]:
    from emberwatch.cli.present import instant

    return {
        **_summary(incident),
        "first_seen_at": instant(incident.first_seen_at),
        "acknowledged_at": instant(incident.acknowledged_at),
        "responded_at": instant(incident.responded_at),
        "closed_at": instant(incident.closed_at),
        "resolution": incident.resolution,
        "is_our_mistake": incident.is_our_mistake,
        "answer_url": incident.answer_url,
        "previous_id": incident.previous_id,
        "hand_offs": incident.hand_offs,
        "follow_up_at": instant(incident.follow_up_at),
        "themes": incident.themes,
        "history": _history(incident),
        "recurring": [
            {
                "theme": each.theme,
                "incidents": each.incidents,
                "angry_posts": each.angry_posts,
                "share": each.share,
                "examples": [_beside(post) for post in each.examples],
            }
            for each in incident.recurring
        ],
        "affected": [_beside(post) for post in incident.affected],
        "alerts": [
            {
                "id": alert.id,
                "kind": alert.kind,
                "started_at": instant(alert.started_at),
                "at": instant(alert.at),
                "ended_at": instant(alert.ended_at),
                "observed": alert.observed,
                "expected": alert.expected,
                "chance": alert.chance,
                "window_minutes": alert.window_minutes,
                "fire": alert.fire,
                "reason": alert.reason,
                "evidence": alert.evidence,
            }
            for alert in incident.alerts
        ],
        "posts": [
            {
                "id": exhibit.post_id,
                "author": exhibit.author,
                "followers": exhibit.followers,
                "created_at": instant(exhibit.created_at),
                "url": exhibit.url,
                "language": exhibit.language,
                "text": exhibit.text,
                "sentiment": exhibit.sentiment,
                "anger": exhibit.anger,
                "matched": exhibit.matched,
                "why": exhibit.why,
                "signs": [asdict(sign) for sign in exhibit.signs],
                "themes": exhibit.themes,
            }
            for exhibit in incident.exhibits
        ],
        "timeline": [
            {
                "at": instant(step.at),
                "who": step.who,
                "action": step.action,
                "note": step.note,
            }
            for step in incident.timeline
        ],
    }


def _history(incident: "Incident") -> dict[str, object] | None:
    from emberwatch.cli.present import instant

    history = incident.history
    if history is None:
        return None
    return {
        "posts": history.posts,
        "angry_posts": history.angry_posts,
        "anger": history.anger,
        "first_at": instant(history.first_at),
        "last_at": instant(history.last_at),
        "reach": history.reach,
        "incidents": [
            {
                "id": each.incident_id,
                "opened_at": instant(each.opened_at),
                "status": each.status,
                "resolution": each.resolution,
            }
            for each in history.encounters
        ],
        "earlier": [_beside(post) for post in history.earlier],
    }


def _beside(post: "Exhibit") -> dict[str, object]:
    from emberwatch.cli.present import instant

    return {
        "id": post.post_id,
        "author": post.author,
        "followers": post.followers,
        "created_at": instant(post.created_at),
        "url": post.url,
        "text": post.text,
        "anger": post.anger,
    }


def _step(advice: "Advice") -> dict[str, object]:
    return {
        "rule": advice.rule,
        "name": advice.name,
        "say": advice.say,
        "why": advice.why,
        "draft": advice.draft or None,
    }


def _print(
    incident: "Incident",
    advice: "Sequence[Advice]",
    times: "Sequence[str]",
    team: "Team | None",
    silence: "Silence | None",
) -> None:
    """Print an incident for people: why, the customers' words, what was done, what is possible."""
    from emberwatch.cli.present import COLOURS, MARKS, clock, count, paragraph
    from emberwatch.core.read.text import safe_line
    from emberwatch.core.respond.borne import in_words
    from emberwatch.core.respond.wording import who_answers
    from emberwatch.core.respond.workflow import MOVES, VERBS
    from emberwatch.model.incident import Status

    mark = click.style(
        f"{MARKS[incident.severity]} {incident.severity.upper()}",
        fg=COLOURS[incident.severity],
        bold=True,
    )
    kinds = " + ".join(kind.replace("_", "-") for kind in incident.kinds)
    click.echo(
        f"{mark}  {safe_line(incident.brand or incident.subject, 80)}  {kinds}  "
        f"{incident.status}, fire {incident.fire}"
    )
    paragraph(f"{incident.id}   opened {clock(incident.opened_at)} UTC")
    if incident.first_post_at:
        paragraph(f"first post {clock(incident.first_post_at)} UTC", 0)
    if incident.previous_id:
        paragraph(f"follows {incident.previous_id}")
    if incident.owner:
        passed = f", after {count(incident.hand_offs, 'hand-off')}" if incident.hand_offs else ""
        paragraph(f"{incident.owner} has it{passed}")
    if whose := who_answers(incident, team.readers(incident.languages) if team else ()):
        paragraph(whose)
    waiting = incident.waiting
    if waiting.wakes_at and incident.status is Status.OPEN:
        paragraph(f"nobody has acknowledged; the next are told at {clock(waiting.wakes_at)} UTC")
    if silence:
        paragraph(
            f"muted until {clock(silence.until)} UTC by {silence.by} ({silence.id}): "
            f"{silence.reason}"
        )
    if incident.themes:
        paragraph(f"about {', '.join(incident.themes)}")
    if incident.follow_up_at:
        paragraph(f"ask again {clock(incident.follow_up_at)} UTC")
    click.echo()
    click.secho("Why", bold=True)
    for alert in incident.alerts:
        paragraph(f"{alert.kind.replace('_', '-')}: {alert.reason}", 2)
    if incident.exhibits:
        click.echo()
        click.secho("In their words", bold=True)
        for exhibit in incident.exhibits[:10]:
            anger = "not judged" if exhibit.anger is None else f"anger {exhibit.anger:.2f}"
            reach = "" if exhibit.followers is None else f", {exhibit.followers:,} followers"
            paragraph(f"{clock(exhibit.created_at)}  @{exhibit.author} ({anger}{reach})", 2)
            paragraph(exhibit.post_id, 4)
            paragraph(exhibit.text, 4)
            if exhibit.why:
                paragraph(f"weighed most: {', '.join(exhibit.why)}", 4)
            if exhibit.signs:
                paragraph(f"signs: {'; '.join(map(in_words, exhibit.signs))}", 4)
            if exhibit.url:
                paragraph(exhibit.url, 4)
        if len(incident.exhibits) > 10:
            paragraph(f"and {len(incident.exhibits) - 10} more (--json shows all)", 2)
    _print_background(incident)
    if advice:
        click.echo()
        click.secho("First steps", bold=True)
        for number, each in enumerate(advice, 1):
            paragraph(f"{number}. {each.name}: {each.say}", 2)
            paragraph(f"because: {each.why} ({each.rule})", 5)
            if each.draft:
                paragraph(f"to begin with: {each.draft}", 5)
    if incident.is_a_storm:
        click.echo()
        click.secho("Where the time went", bold=True)
        for told in times:
            paragraph(told, 2)
    click.echo()
    click.secho("What was done", bold=True)
    for step in incident.timeline:
        note = f": {step.note}" if step.note else ""
        paragraph(f"{clock(step.at)}  {step.action} by {step.who}{note}", 2)
    possible = ", ".join(VERBS[action] for action in MOVES[incident.status])
    click.echo()
    paragraph(f"Possible now: emberwatch incident {{{possible}}} {incident.id} --by YOUR-NAME")


def _print_background(incident: "Incident") -> None:
    """Print what stands beside the evidence: the author's past, what comes back, who is next."""
    from emberwatch.cli.present import clock, paragraph
    from emberwatch.core.respond.playbook import past, recurs

    def posts(shown: "Sequence[Exhibit]") -> None:
        for post in shown:
            anger = "not judged" if post.anger is None else f"anger {post.anger:.2f}"
            paragraph(f"{clock(post.created_at)} @{post.author} ({anger}) {post.text}", 4)
            if post.url:
                paragraph(post.url, 6)

    history = incident.history
    if history is not None:
        click.echo()
        click.secho("Who began it", bold=True)
        paragraph(f"{past(history)}, since {clock(history.first_at)} UTC", 2)
        for each in history.encounters:
            done = each.resolution or each.status
            paragraph(f"{each.incident_id} of {clock(each.opened_at)} UTC: {done}", 4)
        posts(history.earlier)
    if incident.recurring:
        click.echo()
        click.secho("Keeps coming back", bold=True)
        for recurrence in incident.recurring:
            paragraph(recurs(recurrence), 2)
            posts(recurrence.examples)
    if incident.affected:
        click.echo()
        click.secho("Not angry yet, about the same", bold=True)
        posts(incident.affected)


def _act(id: str, config_path: Path, database: Path | None, deed: "Deed") -> None:
    """Do one thing with an incident and owe the news to whoever is told of it."""
    from emberwatch.cli.place import policy_of
    from emberwatch.core.pipeline import notifications
    from emberwatch.core.read.text import safe_line
    from emberwatch.core.respond.attention import tell
    from emberwatch.core.respond.workflow import TOO_MANY_HAND_OFFS, act
    from emberwatch.model.incident import Action
    from emberwatch.ports import Ledger

    timed = (Action.ACKNOWLEDGED, Action.RESPONDED, Action.RESOLVED)
    config = read(config_path, with_secrets=False)
    policy = policy_of(config)
    with opened(database or config.database) as store, store.writing() as transaction:
        before = named(transaction, id)
        incident = act(before, deed)
        told: list[Notification] = []
        if deed.action is not Action.NOTED:
            silences = transaction.silences(deed.at)
            incident, calls = tell(policy.directory, incident, incident.timeline[-1], silences)
            told = [each for call in calls for each in notifications(policy, call, by=deed.by)]
        transaction.record(Ledger(incidents=(incident,), notifications=tuple(told)))
    names = ", ".join(notification.notifier for notification in told) or "nobody"
    waiting = (*incident.waiting.withheld, *incident.waiting.silenced)
    if waiting and deed.action is not Action.NOTED:
        names += f"; later, by quiet hours or a silence: {', '.join(waiting)}"
    whom = f" to {deed.to}" if deed.to else ""
    click.echo(safe_line(f"{incident.id} {deed.action}{whom} by {deed.by}; telling {names}", 500))
    if incident.is_replayed and deed.action in timed:
        click.echo(
            "It is of a replay, whose clock is that of its file: how long people took is not "
            "counted.",
            err=True,
        )
    if asked := _asked_again(before, incident):
        click.echo(asked)
    if incident.hand_offs > before.hand_offs and incident.hand_offs >= TOO_MANY_HAND_OFFS:
        click.echo(
            f"This is hand-off {incident.hand_offs}: find the one person who can mend it, and "
            "leave it with them.",
            err=True,
        )


def _asked_again(before: "Incident", after: "Incident") -> str:
    """Say what becomes of asking the customer again; nothing where that did not change."""
    from emberwatch.cli.present import clock

    if after.follow_up_at == before.follow_up_at:
        return ""
    if after.follow_up_at is not None:
        return f"The customer is to be asked again at {clock(after.follow_up_at)} UTC."
    return (
        f"The follow-up of {clock(before.follow_up_at)} UTC is off: 'incident resolve "
        "--follow-up' plans another."
    )


def _name(ctx: click.Context, option: click.Parameter, value: str) -> str:
    from emberwatch.core.read.text import safe_line

    name = safe_line(value, LONGEST_NAME).strip()
    if not name:
        whose = "your" if option.name == "by" else "a"
        raise click.BadParameter(f"expected {whose} name: the timeline says who did what")
    return name


_by = click.option("--by", required=True, callback=_name, help="Who does it: your name.")
_note = click.option("--note", default="", help="A line for the timeline.")


@command.command("acknowledge")
@click.argument("id")
@_by
@_note
@config_option
@database_option
def acknowledge(id: str, by: str, note: str, config_path: Path, database: Path | None) -> None:
    """Say that you have seen it and take it on.

    \b
    Example:
      emberwatch incident acknowledge inc_4be1 --by anna
    """
    from emberwatch.core.respond.workflow import Deed
    from emberwatch.model.incident import Action
    from emberwatch.runtime.wiring import now

    _act(id, config_path, database, Deed(action=Action.ACKNOWLEDGED, at=now(), by=by, note=note))


@command.command("assign", short_help="Give it to somebody.")
@click.argument("id")
@click.option("--to", required=True, callback=_name, help="Whose it is from now on.")
@_by
@_note
@config_option
@database_option
def assign(id: str, to: str, by: str, note: str, config_path: Path, database: Path | None) -> None:
    """Give it to somebody; passing it on again and again is counted.

    \b
    Example:
      emberwatch incident assign inc_4be1 --to boris --by anna
    """
    from emberwatch.core.respond.workflow import Deed
    from emberwatch.model.incident import Action
    from emberwatch.runtime.wiring import now

    _act(id, config_path, database, Deed(action=Action.ASSIGNED, at=now(), to=to, by=by, note=note))


@command.command("note")
@click.argument("id")
@click.argument("text")
@_by
@config_option
@database_option
def note_(id: str, text: str, by: str, config_path: Path, database: Path | None) -> None:
    """Write a line into its timeline; nobody is told.

    \b
    Example:
      emberwatch incident note inc_4be1 "called her, she calls back at four" --by anna
    """
    from emberwatch.core.respond.workflow import Deed
    from emberwatch.model.incident import Action
    from emberwatch.runtime.wiring import now

    _act(id, config_path, database, Deed(action=Action.NOTED, at=now(), by=by, note=_said(text)))


def _said(text: str) -> str:
    if not text.strip():
        raise click.BadParameter("expected a line for the timeline", param_hint="TEXT")
    return text.strip()


@command.command("respond")
@click.argument("id")
@_by
@_note
@click.option("--link", "answer_url", help="Where the answer was given.")
@config_option
@database_option
def respond(
    id: str, by: str, note: str, answer_url: str | None, config_path: Path, database: Path | None
) -> None:
    """Say that the customer has been answered.

    \b
    Example:
      emberwatch incident respond inc_4be1 --by anna --link https://social.example/@acme/1
    """
    from emberwatch.core.respond.workflow import Deed
    from emberwatch.model.incident import Action
    from emberwatch.runtime.wiring import now

    if answer_url is not None and not _WEB_ADDRESS.fullmatch(answer_url):
        raise click.BadParameter(
            "expected an address that begins with https://, without blanks", param_hint="--link"
        )
    _act(
        id,
        config_path,
        database,
        Deed(action=Action.RESPONDED, at=now(), by=by, note=note, answer_url=answer_url),
    )


@command.command("resolve")
@click.argument("id")
@_by
@_note
@click.option(
    "--with",
    "resolution",
    type=click.Choice(["apology", "refund", "replacement", "extra", "let_go", "policy_changed"]),
    help="What was done for the customer.",
)
@click.option("--our-mistake", "is_our_mistake", is_flag=True, help="It was.")
@click.option(
    "--follow-up",
    metavar="WHEN",
    help="When to ask the customer again: 60d, or 2027-02-01.",
)
@config_option
@database_option
def resolve(
    id: str,
    by: str,
    note: str,
    resolution: str | None,
    is_our_mistake: bool,
    follow_up: str | None,
    config_path: Path,
    database: Path | None,
) -> None:
    """Say that the trouble is over.

    \b
    Example:
      emberwatch incident resolve inc_4be1 --by anna --with refund --follow-up 60d
    """
    from emberwatch.cli.when import instant_ahead
    from emberwatch.core.respond.workflow import Deed
    from emberwatch.model.incident import Action, Resolution
    from emberwatch.runtime.wiring import now

    at = None
    if follow_up is not None:
        try:
            at = instant_ahead(follow_up, now())
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--follow-up") from error
    _act(
        id,
        config_path,
        database,
        Deed(
            action=Action.RESOLVED,
            at=now(),
            by=by,
            note=note,
            resolution=Resolution(resolution) if resolution else None,
            is_our_mistake=is_our_mistake or None,
            follow_up_at=at,
        ),
    )


@command.command("dismiss")
@click.argument("id")
@_by
@_note
@config_option
@database_option
def dismiss(id: str, by: str, note: str, config_path: Path, database: Path | None) -> None:
    """Say that it was no trouble: a false alarm.

    \b
    Example:
      emberwatch incident dismiss inc_4be1 --by anna --note "a song lyric"
    """
    from emberwatch.core.respond.workflow import Deed
    from emberwatch.model.incident import Action
    from emberwatch.runtime.wiring import now

    _act(id, config_path, database, Deed(action=Action.DISMISSED, at=now(), by=by, note=note))


@command.command("reopen")
@click.argument("id")
@_by
@_note
@config_option
@database_option
def reopen(id: str, by: str, note: str, config_path: Path, database: Path | None) -> None:
    """Say that it is not over after all.

    \b
    Example:
      emberwatch incident reopen inc_4be1 --by anna
    """
    from emberwatch.core.respond.workflow import Deed
    from emberwatch.model.incident import Action
    from emberwatch.runtime.wiring import now

    _act(id, config_path, database, Deed(action=Action.REOPENED, at=now(), by=by, note=note))
