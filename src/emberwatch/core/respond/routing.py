"""Who is told of an incident."""

from dataclasses import dataclass

from emberwatch.model.alert import AlertKind
from emberwatch.model.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Sends some incidents to some notifiers. Empty `brands` or `kinds` mean any.

    A route without `kinds` leaves surges out: volume alone is nobody's trouble unless asked for.
    """

    brands: tuple[str, ...] = ()
    kinds: tuple[AlertKind, ...] = ()
    notify: tuple[str, ...]

    def takes(self, incident: Incident) -> bool:
        """Whether this route is for that incident."""
        if self.brands and incident.brand not in self.brands:
            return False
        wanted = self.kinds or tuple(kind for kind in AlertKind if kind is not AlertKind.SURGE)
        return any(kind in wanted for kind in incident.kinds)


def route(
    incident: Incident, routes: tuple[Route, ...], notifiers: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the notifiers to tell, in the order of the configuration.

    An incident that no route takes goes to every notifier: an alert that nobody gets is worse
    than one too many. A surge alone goes only where a route asks for it by name.
    """
    chosen = {name for route in routes if route.takes(incident) for name in route.notify}
    if not chosen and incident.kinds != (AlertKind.SURGE,):
        return notifiers
    return tuple(name for name in notifiers if name in chosen)
