"""Who is told."""

from emberwatch.core.respond.routing import Directory, Route, decide
from emberwatch.core.respond.triage import open_incident
from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Incident
from tests.build import NOON, an_alert

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
