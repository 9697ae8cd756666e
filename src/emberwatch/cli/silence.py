"""Say that nobody is to be notified for a while, and why."""

from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import (
    check_name,
    config_option,
    database_of,
    database_option,
    json_option,
    opened,
    read,
)

if TYPE_CHECKING:
    from datetime import datetime

    from emberwatch.model.silence import Silence
    from emberwatch.ports import Reading, Writing

KINDS = ("spike", "pile_on", "surge", "watch_blind", "trouble", "follow_up_due")


@click.group("silence")
def command() -> None:
    """Say that nobody is to be notified for a while, and why.

    \b
    Example:
      emberwatch silence add --brand Acme --for 2h --by anna --reason "planned maintenance"
    """


@command.command("add", short_help="Notify nobody of what matches, until it ends.")
@click.option("--brand", default="", help="Mute this brand.")
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Mute this kind.")
@click.option("--theme", "themes", multiple=True, help="Mute this theme.")
@click.option("--language", "languages", multiple=True, help="Mute posts in this language.")
@click.option(
    "--below",
    type=click.Choice(["warning", "high", "critical"]),
    help="Mute only what is less severe.",
)
@click.option("--for", "length", metavar="DURATION", help="How long: 30m, 2h, 3d.")
@click.option("--until", metavar="TIME", help="Or when it ends: '2027-02-01 08:00'.")
@click.option("--by", required=True, help="Who wishes it: your name.")
@click.option("--reason", required=True, help="Why: people who wonder will read it.")
@config_option
@database_option
def add(
    brand: str,
    kinds: tuple[str, ...],
    themes: tuple[str, ...],
    languages: tuple[str, ...],
    below: str | None,
    length: str | None,
    until: str | None,
    by: str,
    reason: str,
    config_path: Path,
    database: Path | None,
) -> None:
    """Notify nobody of what matches, until it ends; everything is still watched and kept.

    \b
    Example:
      emberwatch silence add --brand Acme --kind spike --for 2h --by anna --reason "ad campaign"
    """
    from emberwatch.cli.present import clock, count
    from emberwatch.core.read.text import safe_line
    from emberwatch.model.alert import AlertKind
    from emberwatch.model.incident import Severity
    from emberwatch.model.silence import Silence
    from emberwatch.runtime.wiring import now

    for option, value in (("--by", by), ("--reason", reason)):
        if not value.strip():
            raise click.BadParameter("expected some words", param_hint=option)
    if not (brand or kinds or themes or languages or below):
        raise click.UsageError(
            "say what to mute: --brand, --kind, --theme, --language or --below (all that are given "
            "must fit)"
        )
    ours = [kind for kind in kinds if AlertKind(kind).is_about_us]
    if brand and kinds and len(ours) == len(kinds):
        raise click.UsageError(
            f"incidents of {' and '.join(ours)} belong to no brand: nothing would be muted; leave "
            "out --brand"
        )
    if database is None:
        _check_names(config_path, brand, themes)
    at = now()
    ends = _end(length, until, at)
    wish = (brand, *kinds, *themes, *languages, below or "", by, reason, str(at), str(ends))
    silence = Silence(
        id="sil_" + blake2b("\n".join(wish).encode(errors="replace"), digest_size=5).hexdigest(),
        at=at,
        until=ends,
        by=by.strip(),
        reason=reason.strip(),
        brand=brand,
        kinds=tuple(AlertKind(kind) for kind in kinds),
        themes=themes,
        languages=tuple(language.strip().lower() for language in languages),
        below=Severity(below) if below else None,
    )
    with opened(database_of(config_path, database)) as store, store.writing() as transaction:
        transaction.silence(silence)
        matching = [each for each in transaction.gathering() if silence.matches(each)]
    click.echo(
        safe_line(
            f"{silence.id} mutes {silence.subject} until {clock(silence.until)} UTC; it matches "
            f"{count(len(matching), 'open incident')} now",
            500,
        )
    )


@command.command("list")
@click.option("--all", "are_all", is_flag=True, help="Those that are over too.")
@config_option
@database_option
@json_option
def list_(are_all: bool, config_path: Path, database: Path | None, as_json: bool) -> None:
    """List the silences that hold now, oldest first.

    \b
    Example:
      emberwatch silence list --all
    """
    from emberwatch.cli.present import clock, show_json, table
    from emberwatch.runtime.wiring import now

    at = now()
    with opened(database_of(config_path, database)) as store, store.reading() as look:
        found = look.silences(None if are_all else at)
    if as_json:
        for silence in found:
            show_json(silence_json(silence, at))
        return
    table(
        ("Silence", "State", "Mutes", "Until (UTC)", "By", "Why"),
        (
            (
                silence.id,
                "holds" if silence.is_active(at) else "over",
                silence.subject,
                clock(silence.until),
                silence.by,
                silence.reason,
            )
            for silence in found
        ),
        empty="No silences." if are_all else "No silence holds. (--all shows those that are over)",
    )


@command.command("expire")
@click.argument("id")
@click.option("--by", required=True, help="Who ends it: your name.")
@config_option
@database_option
def expire(id: str, by: str, config_path: Path, database: Path | None) -> None:
    """End a silence now; what still burns is told once, as it stands.

    \b
    Example:
      emberwatch silence expire sil_4be1 --by anna
    """
    from dataclasses import replace

    from emberwatch.cli.present import clock
    from emberwatch.model.errors import ActionRefused
    from emberwatch.runtime.wiring import now

    if not by.strip():
        raise click.BadParameter("expected some words", param_hint="--by")
    at = now()
    with opened(database_of(config_path, database)) as store, store.writing() as transaction:
        silence = _named(transaction, id)
        if not silence.is_active(at):
            raise ActionRefused(
                f"silence {silence.id} is over since {clock(silence.until)} UTC: nothing is muted "
                "by it"
            )
        transaction.silence(replace(silence, until=at, ended_by=by.strip()))
        _wake(transaction, silence, at)
    click.echo(f"{silence.id} is over; what it held and still burns is told now")


def silence_json(silence: "Silence", at: "datetime") -> dict[str, object]:
    """Return a silence as commands print it in JSON."""
    from emberwatch.cli.present import instant

    return {
        "id": silence.id,
        "is_active": silence.is_active(at),
        "brand": silence.brand or None,
        "kinds": silence.kinds,
        "themes": silence.themes,
        "languages": silence.languages,
        "below": silence.below,
        "at": instant(silence.at),
        "until": instant(silence.until),
        "by": silence.by,
        "reason": silence.reason,
        "ended_by": silence.ended_by or None,
    }


def _check_names(config_path: Path, brand: str, themes: tuple[str, ...]) -> None:
    """Refuse a name that no brand or theme bears: such a silence would mute nothing."""
    brands = read(config_path, with_secrets=False).brands
    if brand:
        check_name("brand", brand, (each.name for each in brands))
    for theme in themes:
        check_name("theme", theme, (known.name for each in brands for known in each.themes))


def _end(length: str | None, until: str | None, at: "datetime") -> "datetime":
    from emberwatch.cli.when import instant_ahead
    from emberwatch.config.duration import parse_duration

    if (length is None) == (until is None):
        raise click.UsageError("say when it ends: --for 2h, or --until '2027-02-01 08:00'")
    try:
        if length is not None:
            return at + parse_duration(length.strip())
        ends = instant_ahead(until or "", at)
    except (ValueError, OverflowError) as error:
        hint = "--for" if length is not None else "--until"
        got = f", got '{length}'" if length is not None else ""
        raise click.BadParameter(f"{error}{got}", param_hint=hint) from error
    if ends <= at:
        raise click.BadParameter("has passed already", param_hint="--until")
    return ends


def _named(look: "Reading", id: str) -> "Silence":
    from emberwatch.core.read.text import safe_line
    from emberwatch.model.errors import NotFound

    found = [each for each in look.silences() if id and each.id.startswith(id)]
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} silences begin" if found else "no silence begins"
    raise NotFound(f"{what} with '{safe_line(id, 80)}': 'emberwatch silence list --all' shows them")


def _wake(transaction: "Writing", silence: "Silence", at: "datetime") -> None:
    """Let the watch look at what the silence held as soon as it can."""
    from dataclasses import replace

    from emberwatch.ports import Ledger

    held = tuple(
        replace(incident, waiting=replace(incident.waiting, wakes_at=at))
        for incident in transaction.waking()
        if silence.matches(incident)
    )
    transaction.record(Ledger(incidents=held))
