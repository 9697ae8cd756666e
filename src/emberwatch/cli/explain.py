"""Say why it rang, or why it did not."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emberwatch.cli.place import (
    check_writable,
    config_option,
    database_option,
    json_option,
    read,
    write,
)
from emberwatch.cli.progress import progress_bar

if TYPE_CHECKING:
    from emberwatch.config.schema import Config
    from emberwatch.core.detect.explain import Explainer, Explanation, Growth, Sample
    from emberwatch.model.brand import Brand
    from emberwatch.model.incident import Incident
    from emberwatch.picture import Picture
    from emberwatch.ports import Reading

_FIRST_YEAR = 1970


@click.command("explain", short_help="Say why it rang, or why it did not.")
@click.argument("what", nargs=-1, required=True, metavar="{BRAND | incident ID}")
@click.option("--at", "said", metavar="TIME", help="When: '2026-03-02 10:30', '10:30', '2h ago'.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw it to this SVG file too.",
)
@config_option
@database_option
@json_option
def command(
    what: tuple[str, ...],
    said: str | None,
    picture: Path | None,
    config_path: Path,
    database: Path | None,
    as_json: bool,
) -> None:
    """Say what was seen of a brand, what was expected, and why it rang or did not.

    Asked of an incident, it tells of the moments at which its alerts rang; asked of a brand, of
    --at (now, when left out). Times are in UTC. The past is lived through again from the stored
    posts, with today's configuration: nothing is changed and nobody is told.

    \b
    Example:
      emberwatch explain Acme --at "2h ago"
    """
    from emberwatch.cli.incident import named
    from emberwatch.cli.present import show_json
    from emberwatch.cli.when import instant_of
    from emberwatch.runtime.wiring import now
    from emberwatch.store.sqlite import open_store

    is_incident = len(what) == 2 and what[0] == "incident"
    if len(what) != 1 and not is_incident:
        raise click.UsageError(f"expected one brand, got {len(what)} words: quote its name")
    if is_incident and said is not None:
        raise click.UsageError("an incident has its own moments: leave out --at, or name its brand")
    if picture == Path("-"):
        raise click.BadParameter("the page goes there: name a file", param_hint="--picture")
    if picture is not None:
        check_writable(picture, needed=[config_path])
    config = read(config_path, with_secrets=False)
    today = now()
    try:
        at = today if said is None else instant_of(said, today)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from error
    if at.year < _FIRST_YEAR:
        raise click.BadParameter(f"{at.isoformat()} lies before any post", param_hint="--at")
    if at > today:
        raise click.BadParameter(f"{at:%Y-%m-%d %H:%M} UTC is yet to come", param_hint="--at")
    with (
        closing(open_store(database or config.database, read_only=True)) as store,
        store.reading() as look,
    ):
        if is_incident:
            found = named(look, what[1])
            page = _of_incident(config, look, found, today, is_drawn=picture is not None)
        else:
            brand = _brand(config, what[0])
            page = _of_moment(config, look, brand, at, today, is_drawn=picture is not None)
    if picture is not None:
        # before the page, for a pipe that is no longer read ends the program
        _draw(page.drawn, picture)
    if as_json:
        show_json(page.value)
    else:
        click.secho(page.lines[0], bold=True)
        for line in page.lines[1:]:
            click.echo(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """An explanation in each of its forms; `drawn` is None where it was not asked for."""

    value: dict[str, object]
    lines: list[str]
    drawn: "Picture | None"


def _draw(drawn: "Picture | None", file: Path) -> None:
    from emberwatch.picture import draw

    if drawn is None:
        raise click.ClickException(f"there is nothing to draw: {file} was not written")
    write(file, draw(drawn))
    click.echo(f"{file}: {drawn.title}", err=True)


def _brand(config: "Config", name: str) -> "Brand":
    """Return the configured brand that a person means, or say which ones there are."""
    import difflib

    from emberwatch.model.errors import NotFound

    brands = {brand.name: brand for brand in config.brands}
    folded = {known.casefold(): brand for known, brand in brands.items()}
    found = brands.get(name) or folded.get(name.casefold())
    if found is None:
        near = difflib.get_close_matches(name, brands, n=1)
        hint = (
            f"; did you mean '{near[0]}'?"
            if near
            else f": the configuration has {', '.join(brands)}"
        )
        if name == "incident":
            hint = ": to ask of an incident, say its id too ('emberwatch incident list')"
        elif name.startswith("inc_"):
            hint = f": to ask of an incident, 'emberwatch explain incident {name}'"
        raise NotFound(f"no brand is called '{name}'{hint}")
    return found


def _of_moment(
    config: "Config",
    look: "Reading",
    brand: "Brand",
    at: datetime,
    today: datetime,
    *,
    is_drawn: bool,
) -> _Page:
    from emberwatch.cli.explained import moment_as_json, moment_lines
    from emberwatch.core.detect import sketch
    from emberwatch.core.detect.explain import was_burning

    since, until = at - sketch.BEFORE, min(at + sketch.AFTER, today)
    past = _past(config, look, brand, [at], sketch.stops(since, until) if is_drawn else [])
    explanation = past.moments[at]
    drawn = None
    if is_drawn:
        largest = [each.thread_id for each in explanation.threads[:1]]
        rang = look.incidents(brand=brand.name, opened_from=since, opened_to=until)
        drawn = sketch.moment_picture(explanation, past.samples, past.threads(largest), rang)
    until_then = look.incidents(brand=brand.name, opened_to=at)
    burning = [incident for incident in until_then if was_burning(incident, at)]
    return _Page(
        value=moment_as_json(explanation, burning, look.clock()),
        lines=list(moment_lines(explanation, burning, look.clock())),
        drawn=drawn,
    )


def _of_incident(
    config: "Config", look: "Reading", incident: "Incident", today: datetime, *, is_drawn: bool
) -> _Page:
    from emberwatch.cli.explained import incident_as_json, incident_lines, rests_on_posts
    from emberwatch.core.detect import sketch
    from emberwatch.model.alert import AlertKind

    brand = next((each for each in config.brands if each.name == incident.brand), None)
    moments: dict[datetime, Explanation] = {}
    drawn = None
    rang = [alert.started_at for alert in incident.alerts if rests_on_posts(alert)]
    if brand is not None and rang:
        around = [*sketch.stops(*sketch.ends(incident, today)), *rang] if is_drawn else []
        past = _past(config, look, brand, rang, around)
        moments = past.moments
        if is_drawn:
            piled = [
                alert.thread_id
                for alert in incident.alerts
                if alert.kind is AlertKind.PILE_ON and alert.thread_id is not None
            ]
            drawn = sketch.incident_picture(incident, moments, past.samples, past.threads(piled))
    return _Page(
        value=incident_as_json(incident, moments),
        lines=list(incident_lines(incident, moments)),
        drawn=drawn,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What the stored past tells of a brand: at the moments asked about, and around them."""

    explainer: "Explainer"
    moments: "dict[datetime, Explanation]"
    samples: "list[Sample]"

    def threads(self, ids: "list[str]") -> "list[Growth]":
        """Return how these threads grew."""
        return [self.explainer.growth(self.samples, id) for id in ids]


def _past(
    config: "Config",
    look: "Reading",
    brand: "Brand",
    moments: "list[datetime]",
    around: "list[datetime]",
) -> _Past:
    """Live through the past once; explain each of the moments, and sample what lies around."""
    from emberwatch.core.detect.explain import Explainer
    from emberwatch.runtime.hindsight import look_back
    from emberwatch.runtime.wiring import past_feeds, policy

    rules = policy(config, is_told=False, is_replay=True)
    past = _Past(explainer=Explainer(brand, rules.detectors), moments={}, samples=[])
    asked, drawn = set(moments), set(around)
    stops, feeds = sorted(asked | drawn), past_feeds(config)
    with progress_bar("looking back", look.statistics(stops[-1]).posts) as report:
        for then in look_back(look, rules, feeds, brand.name, stops, report):
            if then.at in asked:
                past.moments[then.at] = past.explainer.explain(then)
            if then.at in drawn:
                past.samples.append(past.explainer.sample(then))
    return past
