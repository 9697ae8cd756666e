"""An incident in words, for the person who is to answer."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite

from emberwatch.core.respond.borne import largest, longest, name_of, signs_of
from emberwatch.core.respond.origin import origin_first, thread_url
from emberwatch.core.respond.playbook import Advice, Known, recurs, told
from emberwatch.core.respond.reach import reach_of
from emberwatch.core.respond.room import Room, fit_address, fit_line, fit_text
from emberwatch.core.respond.unanswered import unanswered
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.incident import Exhibit, Incident
from emberwatch.model.sign import SignKind
from emberwatch.model.team import Person

NOT_JUDGED_WORTH_SAYING = 0.3
"""Above this share of mentions without an anger, every message says so (contract section 3)."""

MOST_QUOTES = 3
MOST_ALERTS_TOLD = 5
MOST_READERS = 5

KINDS = {
    AlertKind.SPIKE: "anger spike",
    AlertKind.PILE_ON: "pile-on",
    AlertKind.SURGE: "surge of posts",
    AlertKind.WATCH_BLIND: "blind watch",
    AlertKind.TROUBLE: "trouble of our own",
    AlertKind.FOLLOW_UP_DUE: "follow-up due",
}
"""How people call what rang."""

COUNTED = {
    AlertKind.SPIKE: "angry",
    AlertKind.PILE_ON: "reactions",
    AlertKind.SURGE: "posts",
}
"""What `observed` and `expected` count."""


def brief_text(
    incident: Incident,
    reason: str,
    room: Room,
    advice: Sequence[Advice] = (),
    readers: Sequence[Person] = (),
    notes: Sequence[Known] = (),
) -> str:
    """Return what a person reads first: why, the customers' own words, the facts, what to do.

    `readers` are the people of its team who read the language of the posts.
    """
    exhibits = origin_first(incident)
    rang = incident.alerts[-min(MOST_ALERTS_TOLD, room.alerts) :]
    return "\n".join(
        [
            f"{fit_line(incident.brand or incident.subject, room)}: {fit_line(reason, room)}",
            *(words for exhibit in exhibits[:MOST_QUOTES] for words in _quote(exhibit, room)),
            *_where(incident, room),
            *(f"- {_rang(alert)}" for alert in rang),
            *_velocity(incident),
            *_who(incident, room),
            *_themes(incident, room),
            *_languages(incident, room),
            *_unjudged(incident),
            *_signs(incident, room),
            *_history(incident, room),
            *_waiting(incident, room),
            *_affected(incident, room),
            *_owned(incident, readers, room),
            *_steps(advice, room),
            *_notes(notes, room),
        ]
    )


def newest(incident: Incident) -> Alert:
    """Return the alert that was last looked at."""
    return max(incident.alerts, key=lambda alert: alert.at)


def not_judged(incident: Incident) -> float:
    """Return the greatest share 0..1 without an anger among the alerts that still go on."""
    alerts = [alert for alert in incident.alerts if alert.is_open] or incident.alerts
    return max(finite(alert.not_judged) or 0.0 for alert in alerts)


def finite(value: float | None) -> float | None:
    """Return a figure that JSON and people can read, or None."""
    return value if value is not None and isfinite(value) else None


def _quote(exhibit: Exhibit, room: Room) -> list[str]:
    if exhibit.is_forgotten:
        return [f"  (a post of {_clock(exhibit.created_at)} that was deleted since)"]
    lines = fit_text(exhibit.text.strip(), room.quote).splitlines()
    reach = "" if exhibit.followers is None else f", {exhibit.followers:,} followers"
    return [
        *(f"> {words}" for words in lines if words.strip()),
        f"  {fit_line(exhibit.author, room)}{reach}, {_clock(exhibit.created_at)}",
    ]


def _rang(alert: Alert) -> str:
    until = f" until {_clock(alert.ended_at)}" if alert.ended_at else f", {alert.fire}"
    observed, expected = finite(alert.observed), finite(alert.expected)
    if observed is None or alert.kind not in COUNTED:
        figures = ""
    else:
        usual = "" if expected is None else f", usual {_amount(expected)}"
        within = "" if alert.window_minutes is None else f" in {alert.window_minutes} min"
        figures = f": {_amount(observed)} {COUNTED[alert.kind]}{within}{usual}"
    return f"{KINDS[alert.kind]} since {_clock(alert.started_at)}{until}{figures}"


def _velocity(incident: Incident) -> list[str]:
    alert = newest(incident)
    observed, expected = finite(alert.observed), finite(alert.expected)
    if not observed or not alert.window_minutes or alert.kind not in COUNTED:
        return []
    pace = f"{_amount(observed / alert.window_minutes)} {COUNTED[alert.kind]} a minute"
    times = f", {_amount(observed / expected)} times the usual" if expected else ""
    return [f"Velocity: {pace}{times}."]


def _signs(incident: Incident, room: Room) -> list[str]:
    """Say what asks for a certain answer, with the words of the first post that bears it."""
    told = []
    for kind in SignKind:
        signs = signs_of(incident.exhibits, kind)
        if not signs:
            continue
        facts = [
            "one post" if len(signs) == 1 else f"{len(signs)} posts",
            *(f'"{fit_line(word, room)}"' for word in signs[0].words[:1]),
            *(f"{amount.value:,.10g} {amount.currency}" for amount in largest(signs)),
            *longest(signs),
        ]
        told.append(f"{name_of(kind, signs)} ({', '.join(facts)})")
    return [f"Signs: {'; '.join(told)}."] if told else []


def _who(incident: Incident, room: Room) -> list[str]:
    if not incident.exhibits:
        return []
    authors = {exhibit.author or exhibit.post_id for exhibit in incident.exhibits}
    count = "one author" if len(authors) == 1 else f"{len(authors)} authors"
    loudest = max(incident.exhibits, key=lambda exhibit: exhibit.followers or 0)
    biggest = (
        f", the largest {fit_line(loudest.author, room)} with {loudest.followers:,} followers"
        if loudest.followers
        else ""
    )
    reach = reach_of(incident)
    together = f"; reach {reach:,}" if reach else ""
    return [f"Who: {count} in evidence{biggest}{together}."]


def _themes(incident: Incident, room: Room) -> list[str]:
    """Say what it is about, and what of that keeps coming back."""
    if not incident.themes:
        return []
    back = {each.theme: each for each in incident.recurring}
    named = [
        fit_line(recurs(back[theme]) if theme in back else theme, room)
        for theme in incident.themes[: room.alerts]
    ]
    return [f"Themes: {'; '.join(named)}."]


def _history(incident: Incident, room: Room) -> list[str]:
    """Say what the author of the first post said before, and what was done then."""
    history = incident.history
    if history is None:
        return []
    count = "one earlier post" if history.posts == 1 else f"{history.posts} earlier posts"
    anger = "" if history.anger is None else f", mean anger {history.anger:.2f}"
    met = [
        f"{fit_line(each.incident_id, room)} of {each.opened_at.astimezone(UTC):%Y-%m-%d} "
        f"({each.resolution or each.status})"
        for each in history.encounters[: room.beside]
    ]
    stood = f"; stood in {', '.join(met)}" if met else ""
    return [
        f"History: {count} of its author since {_clock(history.first_at)}, "
        f"{history.angry_posts} angry{anger}{stood}."
    ]


def _waiting(incident: Incident, room: Room) -> list[str]:
    """Say who waits for an answer, gravest first."""
    waiting = unanswered([incident])
    if not waiting:
        return []
    shown = [fit_line(post.author, room) for _, post in waiting[: room.beside] if post.author]
    more = len(waiting) - len(shown)
    others = [f"{more} more"] if more and shown else []
    count = "one person" if len(waiting) == 1 else f"{len(waiting)} people"
    named = f": {', '.join([*shown, *others])}" if shown else ""
    return [f"Unanswered: {count}{named}."]


def _affected(incident: Incident, room: Room) -> list[str]:
    """Say who speaks of the same and is not angry yet (rule R10)."""
    shown = [fit_line(post.author, room) for post in incident.affected[: room.beside]]
    return [f"Not angry yet, about the same: {', '.join(shown)}."] if shown else []


def _notes(notes: Sequence[Known], room: Room) -> list[str]:
    return [f"Note: {fit_line(told(note), room)}" for note in notes[: room.beside]]


def _languages(incident: Incident, room: Room) -> list[str]:
    exhibits = incident.exhibits
    if not exhibits:
        return []
    counts = Counter(
        fit_line(exhibit.language, room) if exhibit.language else "not known"
        for exhibit in exhibits
    )
    shares = [
        f"{language} {count / len(exhibits):.0%}" for language, count in counts.most_common(5)
    ]
    return [f"Languages: {', '.join(shares)}."]


def _unjudged(incident: Incident) -> list[str]:
    share = not_judged(incident)
    if share <= NOT_JUDGED_WORTH_SAYING:
        return []
    return [f"Not judged: {share:.0%} of the mentions bear no anger; there may be more than this."]


def _owned(incident: Incident, readers: Sequence[Person], room: Room) -> list[str]:
    """Say whose it is, and who can read it: one owner with authority (advice A1, rule R2)."""
    owner = f"{incident.owner} has it" if incident.owner else ""
    words = "; ".join(filter(None, (owner, who_answers(incident, readers))))
    return [f"Whose it is: {fit_line(words, room)}."] if words else []


def who_answers(incident: Incident, readers: Sequence[Person]) -> str:
    """Return the team that owns an incident, and who reads it: `team support; Mara reads bg`."""
    spoken = incident.languages
    read = [
        f"{person.name} reads {' and '.join(each for each in spoken if each in person.languages)}"
        for person in readers[:MOST_READERS]
    ]
    whose = [f"team {incident.team}"] if incident.team else []
    return "; ".join((*whose, *read))


def _where(incident: Incident, room: Room) -> list[str]:
    url = fit_address(thread_url(incident), room)
    return [f"Answer here: {url}"] if url else []


def _steps(advice: Sequence[Advice], room: Room) -> list[str]:
    """Say what to do first, and why."""
    steps = advice[: room.steps]
    if not steps:
        return []
    return [
        "First steps:",
        *(
            fit_line(f"{number}. {step.name}: {step.say} ({step.rule}: {step.why})", room)
            for number, step in enumerate(steps, 1)
        ),
    ]


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
