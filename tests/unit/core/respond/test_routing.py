"""Who is told, and why."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from emberwatch.core.respond.routing import (
    Decision,
    Directory,
    Recipient,
    Route,
    decide,
    of_link,
    quiet_until,
    unreached,
)
from emberwatch.core.respond.triage import open_incident
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand
from emberwatch.model.incident import Incident, Severity
from emberwatch.model.team import Link, Person, Span, Team
from tests.build import NOON, a_mention, an_alert

EVERYBODY = ("ops", "chat", "boss")


def route(incident: Incident, routes: tuple[Route, ...], notifiers: tuple[str, ...]):
    """Return the notifiers that are told."""
    decision = decide(Directory(routes=routes, notifiers=notifiers), incident, NOON)
    return tuple(each.notifier for each in decision.recipients)


def _incident(kind: AlertKind = AlertKind.SPIKE, **facts: object):
    return open_incident(an_alert("a", kind=kind, **facts), {}, None)


def test_without_a_route_everybody_is_told() -> None:
    assert route(_incident(), (), EVERYBODY) == EVERYBODY


def test_a_route_tells_those_it_names_in_the_order_of_the_configuration() -> None:
    routes = (Route(brands=("Acme",), notify=("boss", "ops")),)
    assert route(_incident(), routes, EVERYBODY) == ("ops", "boss")


def test_an_incident_that_no_route_takes_goes_to_everybody() -> None:
    routes = (Route(brands=("Other",), notify=("boss",)),)
    assert route(_incident(), routes, EVERYBODY) == EVERYBODY


def test_a_route_by_kind_takes_only_that_kind() -> None:
    routes = (
        Route(kinds=(AlertKind.WATCH_BLIND,), notify=("ops",)),
        Route(kinds=(AlertKind.SPIKE,), notify=("chat",)),
    )
    assert route(_incident(), routes, EVERYBODY) == ("chat",)
    assert route(_incident(AlertKind.WATCH_BLIND), routes, EVERYBODY) == ("ops",)


def test_a_surge_goes_only_where_it_was_asked_for() -> None:
    surge = _incident(AlertKind.SURGE)
    asked = (Route(kinds=(AlertKind.SURGE,), notify=("chat",)),)
    assert route(surge, (), EVERYBODY) == ()
    assert route(surge, (Route(notify=("ops",)),), EVERYBODY) == ()
    assert route(surge, asked, EVERYBODY) == ("chat",)


# ---------------------------------------------------------------- conditions of a route
OPS = ("ops",)
EVENING = datetime(2026, 3, 2, 20, tzinfo=UTC)


def _speaking(*languages: str | None, **facts: object) -> Incident:
    """Return a spike of which each post is in one of these languages."""
    mentions = {}
    for number, language in enumerate(languages):
        mention = a_mention(str(number), language=language)
        score = replace(mention.score, language=language)
        mentions[mention.post.id] = replace(mention, score=score)
    alert = an_alert("a", evidence=tuple(mentions))
    return replace(open_incident(alert, mentions, None), **facts)


def _span(weekday: int, start: str, end: str) -> Span:
    return Span(weekday=weekday, start=time.fromisoformat(start), end=time.fromisoformat(end))


def _daily(start: str, end: str) -> tuple[Span, ...]:
    return tuple(_span(day, start, end) for day in range(7))


def _takes(route: Route, incident: Incident, at: datetime = NOON) -> tuple[bool, str]:
    """Return whether a route takes an incident, and what is said of it."""
    decision = decide(Directory(routes=(route,), notifiers=EVERYBODY), incident, at)
    return " takes it" in decision.reasons[0], decision.reasons[0]


def test_a_route_by_language_takes_what_is_largely_written_in_it() -> None:
    route = Route(languages=("bg",), notify=OPS)
    assert _takes(route, _speaking("bg", "en", "en"))[0]
    assert _takes(route, _speaking("bg", *["en"] * 9)) == (
        False,
        "route 1 does not take it: language is en, not bg",
    )
    assert _takes(route, _speaking(None))[1].endswith("language is none, not bg")


def test_a_route_by_theme_takes_what_is_of_one_of_its_themes() -> None:
    route = Route(themes=("refunds", "delays"), notify=OPS)
    assert _takes(route, _speaking("en", themes=("crew", "delays")))[0]
    assert _takes(route, _speaking("en", themes=("crew",))) == (
        False,
        "route 1 does not take it: theme is crew, not refunds or delays",
    )


def test_a_route_by_severity_takes_what_is_at_least_so_severe() -> None:
    route = Route(severity=Severity.HIGH, notify=OPS)
    assert _takes(route, _speaking("en", severity=Severity.CRITICAL))[0]
    assert _takes(route, _speaking("en", severity=Severity.HIGH))[0]
    assert _takes(route, _speaking("en", severity=Severity.WARNING)) == (
        False,
        "route 1 does not take it: severity is warning, below high",
    )


def test_a_route_holds_at_its_hours_only() -> None:
    route = Route(hours=_daily("09:00", "18:00"), notify=OPS)
    assert _takes(route, _speaking("en"))[0]
    assert _takes(route, _speaking("en"), EVENING) == (
        False,
        "route 1 does not take it: it does not hold at this time",
    )


def test_the_hours_of_a_route_are_those_of_its_own_zone_then_of_its_teams() -> None:
    late = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
    teams = {"support": Team(name="support", time_zone="Europe/Sofia", notify=OPS)}
    route = Route(hours=_daily("09:00", "17:00"), team="support")
    for each, takes_it in ((route, False), (replace(route, time_zone="UTC"), True)):
        directory = Directory(routes=(each,), notifiers=EVERYBODY, teams=teams)
        decision = decide(directory, _speaking("en"), late)
        assert (" takes it" in decision.reasons[0]) is takes_it


def test_all_conditions_of_a_route_must_fit() -> None:
    route = Route(brands=("Acme",), severity=Severity.CRITICAL, notify=OPS)
    assert not _takes(route, _speaking("en", severity=Severity.HIGH))[0]


def test_a_route_to_nobody_is_none() -> None:
    with pytest.raises(ValueError, match="needs a team or notifiers"):
        Route(brands=("Acme",))


# ---------------------------------------------------------------- teams
MARA = Person(name="Mara", languages=("bg", "en"), notifier="mara")
IVO = Person(name="Ivo", languages=("bg",), notifier="ivo")
ANN = Person(name="Ann", languages=("de",), notifier="ann")
SILENT = Person(name="Zoe", languages=("bg",))
CHANNELS = ("chat", "pager", "boss", "mara", "ivo", "ann")


def _desk(*teams: Team, routes: tuple[Route, ...] = (), team: str = "support") -> Directory:
    return Directory(
        routes=routes,
        notifiers=CHANNELS,
        teams={each.name: each for each in teams},
        brands={"Acme": Brand(name="Acme", words=("acme",), team=team)},
    )


def _told(decision: Decision) -> dict[str, str]:
    return {each.notifier: each.why for each in decision.recipients}


SUPPORT = Team(name="support", people=(MARA, IVO, ANN), notify=("chat",))


def test_a1_an_incident_goes_straight_to_the_team_of_its_brand() -> None:
    decision = decide(_desk(SUPPORT), _incident(), NOON)

    assert decision.team == "support"
    assert decision.recipients == (
        Recipient(notifier="chat", team="support", why="support answers for Acme"),
    )
    assert decision.reasons == ("nobody is told by a route: support answers for Acme",)


def test_a1_a_kind_of_trouble_goes_straight_to_the_team_that_owns_it() -> None:
    refunds = Team(name="refunds", notify=("pager",))
    routes = (Route(themes=("refunds",), team="refunds", notify=("boss",)),)
    decision = decide(_desk(SUPPORT, refunds, routes=routes), _speaking(themes=("refunds",)), NOON)

    assert decision.team == "refunds"
    assert _told(decision) == {"pager": "route 1", "boss": "route 1"}
    assert decision.reasons == ("route 1 takes it: team refunds and boss",)


def test_r2_of_several_teams_the_first_that_a_route_names_owns_it() -> None:
    other = Team(name="other", notify=("pager",))
    routes = (Route(team="other"), Route(team="support"))
    decision = decide(_desk(SUPPORT, other, routes=routes), _incident(), NOON)

    assert decision.team == "other"
    assert set(_told(decision)) == {"chat", "pager"}


def test_a_route_to_notifiers_alone_leaves_the_team_of_the_brand_the_owner() -> None:
    decision = decide(_desk(SUPPORT, routes=(Route(notify=("boss",)),)), _incident(), NOON)

    assert decision.team == "support"
    assert _told(decision) == {"boss": "route 1"}


def test_a_team_that_is_only_a_name_still_owns_the_incident() -> None:
    decision = decide(_desk(team="whoever"), _incident(), NOON)

    assert decision.team == "whoever"
    assert set(_told(decision)) == set(CHANNELS)


def test_r2_a_team_without_notifiers_is_told_through_those_who_read_the_posts() -> None:
    team = replace(SUPPORT, people=(MARA, IVO, ANN, SILENT), notify=())
    decision = decide(_desk(team), _speaking("bg"), NOON)

    assert [each.person for each in decision.recipients] == ["Mara", "Ivo"]
    assert decision.reasons[-1] == "of support, Mara and Ivo read bg"


def test_r2_where_one_alone_reads_the_posts_that_one_is_told() -> None:
    decision = decide(_desk(replace(SUPPORT, notify=())), _speaking("en"), NOON)

    assert [each.person for each in decision.recipients] == ["Mara"]
    assert decision.reasons[-1] == "of support, Mara reads en"


def test_where_nobody_reads_the_posts_everybody_of_the_team_is_told() -> None:
    decision = decide(_desk(replace(SUPPORT, notify=())), _speaking("lt"), NOON)
    assert set(_told(decision)) == {"mara", "ivo", "ann"}


def test_where_a_team_cannot_be_told_everybody_is() -> None:
    decision = decide(_desk(Team(name="support", people=(SILENT,))), _incident(), NOON)

    assert decision.team == "support"
    assert set(_told(decision)) == set(CHANNELS)
    assert decision.reasons[1:] == (
        "support has no notifier",
        "nobody is named for it: everybody is told",
    )


def test_mere_volume_is_no_news_for_a_team_either() -> None:
    decision = decide(_desk(SUPPORT), _incident(AlertKind.SURGE), NOON)
    assert (decision.team, decision.recipients) == ("support", ())


def test_what_somebody_is_told_by_a_route_and_as_a_team_no_quiet_hours_hold() -> None:
    routes = (Route(team="support", notify=("chat",)),)
    (recipient,) = decide(_desk(SUPPORT, routes=routes), _incident(), NOON).recipients
    assert recipient == Recipient(notifier="chat", why="route 1")


# ---------------------------------------------------------------- on call
AWAY = replace(SUPPORT, on_call=_daily("07:00", "19:00"))
NIGHT = Team(name="night", notify=("pager",), on_call=_daily("19:00", "07:00"))
BOSSES = Team(name="bosses", notify=("boss",))
CHAIN = (
    Link(after=timedelta(minutes=10), people=("Mara",)),
    Link(after=timedelta(minutes=20), team="night"),
    Link(after=timedelta(minutes=30), team="bosses"),
)


def test_a_team_on_call_is_told() -> None:
    team = replace(AWAY, escalation=CHAIN)
    assert set(_told(decide(_desk(team, NIGHT, BOSSES), _incident(), NOON))) == {"chat"}


def test_outside_its_on_call_hours_the_next_team_on_call_is_told() -> None:
    team = replace(AWAY, escalation=CHAIN)
    decision = decide(_desk(team, NIGHT, BOSSES), _incident(), EVENING)

    assert decision.team == "support"
    assert decision.recipients == (
        Recipient(notifier="pager", team="night", why="in place of support"),
    )
    assert decision.reasons[-1] == (
        "support is not on call: night, next of its escalation, is told in its place"
    )


def test_a_team_of_the_escalation_that_is_not_on_call_either_is_passed_over() -> None:
    team = replace(AWAY, on_call=_daily("12:30", "13:00"), escalation=CHAIN)
    decision = decide(_desk(team, NIGHT, BOSSES), _incident(), NOON)
    assert set(_told(decision)) == {"boss"}


def test_where_nobody_is_on_call_the_fallback_is_told() -> None:
    decision = decide(_desk(replace(AWAY, fallback=("boss",))), _incident(), EVENING)

    assert _told(decision) == {"boss": "fallback of support"}
    assert decision.reasons[-1].endswith("nor is anybody of its escalation: its fallback is told")


def test_where_there_is_no_fallback_the_team_is_told_all_the_same() -> None:
    decision = decide(_desk(AWAY), _incident(), EVENING)

    assert set(_told(decision)) == {"chat"}
    assert decision.reasons[-1].endswith("it is told all the same")


# ---------------------------------------------------------------- links and quiet hours
def test_a_link_tells_people_teams_and_notifiers() -> None:
    link = Link(
        after=timedelta(minutes=9), team="bosses", people=("Mara", "Zoe"), notify=("pager",)
    )
    team = replace(SUPPORT, people=(MARA, IVO, SILENT))
    decision = of_link(_desk(team, BOSSES), team, link, _incident(), NOON)

    assert decision.recipients == (
        Recipient(notifier="pager", why="escalation"),
        Recipient(notifier="boss", team="bosses", why="escalation"),
        Recipient(notifier="mara", team="support", person="Mara", why="escalation"),
    )


def test_a_link_to_a_team_that_is_gone_tells_the_rest() -> None:
    link = Link(after=timedelta(minutes=9), team="gone", notify=("pager",))
    decision = of_link(_desk(SUPPORT), SUPPORT, link, _incident(), NOON)
    assert set(_told(decision)) == {"pager"}


QUIET = replace(SUPPORT, quiet_hours=_daily("22:00", "07:00"), time_zone="Europe/Sofia")
NIGHTLY = datetime(2026, 3, 2, 21, tzinfo=UTC)


def _quiet(team: Team, incident: Incident, at: datetime = NIGHTLY) -> datetime | None:
    recipient = Recipient(notifier="chat", team="support", why="")
    return quiet_until(_desk(team), recipient, incident, at)


def test_quiet_hours_hold_what_is_less_than_critical_until_they_end() -> None:
    morning = datetime(2026, 3, 3, 5, tzinfo=UTC)
    assert _quiet(QUIET, _speaking("en", severity=Severity.HIGH)) == morning


def test_what_is_critical_gets_through_quiet_hours() -> None:
    assert _quiet(QUIET, _speaking("en", severity=Severity.CRITICAL)) is None


def test_quiet_hours_hold_our_own_troubles_unless_they_are_excepted() -> None:
    blind = _incident(AlertKind.WATCH_BLIND)
    assert _quiet(QUIET, blind) is not None
    assert _quiet(replace(QUIET, quiet_except=(AlertKind.WATCH_BLIND,)), blind) is None


def test_there_is_nothing_quiet_by_day_nor_without_quiet_hours() -> None:
    assert _quiet(QUIET, _incident(), NOON) is None
    assert _quiet(SUPPORT, _incident()) is None


def test_quiet_hours_are_the_teams_and_hold_nobody_else() -> None:
    recipient = Recipient(notifier="chat", why="route 1")
    assert quiet_until(_desk(QUIET), recipient, _incident(), NIGHTLY) is None


@pytest.mark.parametrize(
    ("eve", "hours"), [("2026-03-28", 8), ("2026-10-24", 10), ("2026-06-01", 9)]
)
def test_quiet_hours_end_at_seven_on_the_wall_however_long_the_night(eve: str, hours: int) -> None:
    begins = datetime.fromisoformat(f"{eve}T22:00:00").replace(tzinfo=ZoneInfo("Europe/Sofia"))
    ends = _quiet(QUIET, _incident(), begins)
    assert ends is not None
    assert ends - begins.astimezone(UTC) == timedelta(hours=hours)


def test_the_team_that_a_notifier_reaches_is_known() -> None:
    desk = _desk(SUPPORT, BOSSES)
    assert [desk.team_of(each) for each in ("chat", "ivo", "boss", "pager")] == [
        "support",
        "support",
        "bosses",
        "",
    ]


# ---------------------------------------------------------------- nobody hears
@pytest.mark.parametrize(
    ("disabled", "stand_ins", "expected"),
    [
        ((), {}, ()),
        (("pager",), {}, ()),
        (("chat",), {}, ("support",)),
        (("chat",), {"chat": "boss"}, ()),
        (("chat", "boss"), {"chat": "boss"}, ("support",)),
        (("chat", "boss"), {"chat": "boss", "boss": "chat"}, ("support",)),
        (("chat", "boss"), {"chat": "boss", "boss": "pager"}, ()),
        (("pager", "ops"), {}, ("night",)),
    ],
)
def test_a_team_hears_nothing_when_all_its_notifiers_are_off_and_nothing_stands_in(
    disabled: tuple[str, ...], stand_ins: dict[str, str], expected: tuple[str, ...]
) -> None:
    ann, bob = Person(name="Ann", notifier="pager"), Person(name="Bob", notifier="ops")
    teams = {
        "support": Team(name="support", notify=("chat",), people=(ann,)),
        "night": Team(name="night", people=(ann, bob, Person(name="Cy"))),
        "silent": Team(name="silent"),
    }
    assert unreached(Directory(teams=teams), disabled, stand_ins) == expected
