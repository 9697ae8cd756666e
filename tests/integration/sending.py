"""A real outbox, a real network and a dispatcher over them, on a clock that a test moves."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network

from emberwatch.core.respond.brief import notification_for
from emberwatch.http import Limits, Network
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.incident import Action, Incident, Severity
from emberwatch.model.secret import Secret
from emberwatch.notifiers.webhook import Webhook
from emberwatch.ports import Ledger
from emberwatch.runtime.dispatcher import Dispatcher
from emberwatch.runtime.writer import Writer
from emberwatch.store.sqlite import open_store

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECRET = "whsec_" + b64encode(b"s" * 32).decode()


class Clock:
    def __init__(self):
        self.now = AT

    def __call__(self):
        return self.now


class House:
    """A store, a network and a dispatcher over them; `owe` writes what is owed."""

    def __init__(self, path, clock):
        self.path = path
        self.clock = clock
        self.told = []
        self.writer = Writer(open_store(path))
        self.network = Network(
            allow=[ip_network("127.0.0.0/8")],
            user_agent="emberwatch/test",
            limits=Limits(),
            clock=clock,
            chance=lambda: 0.5,
        )

    def webhook(self, url):
        options = Webhook.Options(url=url, secret=Secret(SECRET))
        return Webhook(options, self.network.outbound())

    def dispatcher(self, **receivers):
        return self.sending({name: self.webhook(url) for name, url in receivers.items()})

    def sending(self, notifiers, **how):
        return Dispatcher(
            notifiers=notifiers,
            write=self.writer.write,
            read=self.writer.read,
            clock=self.clock,
            chance=lambda: 0.5,
            on_part=self._tell,
            **how,
        )

    async def _tell(self, part, why):
        self.told.append((part, why))

    async def owe(self, *notifiers, incidents=1):
        await self.open([an_incident(f"inc_{number}") for number in range(incidents)], *notifiers)

    async def open(self, incidents, *notifiers, action=Action.OPENED):
        """Owe what an action on each of these means for each notifier, in one batch."""
        at = self.clock()
        owed = tuple(
            notification_for(incident, action, name, at)
            for incident in incidents
            for name in notifiers
        )
        ledger = Ledger(incidents=tuple(incidents), notifications=owed)
        await self.writer.write(lambda to: to.record(ledger))

    async def record(self, *owed):
        """Owe these messages, due now."""
        due = tuple(replace(each, next_try_at=self.clock()) for each in owed)
        await self.writer.write(lambda to: to.record(Ledger(notifications=due)))

    async def rows(self, notifier=None):
        return await self.writer.read(lambda look: look.notifications(notifier=notifier))

    async def row(self):
        [row] = await self.rows()
        return row


def an_incident(id, brand="Acme", severity=Severity.HIGH, **facts):
    alert = Alert(
        id=f"alr_{id}",
        kind=AlertKind.SPIKE,
        brand=brand,
        subject=brand,
        started_at=AT,
        at=AT,
        observed=34.0,
        expected=2.4,
        chance=1e-9,
        window_minutes=10,
        reason="34 angry where 2.4 are usual: гняв 😡",
    )
    facts = {"sequence": 1, "alerts": (alert,), **facts}
    return Incident(
        id=id,
        brand=brand,
        subject=brand,
        severity=severity,
        opened_at=AT,
        last_alert_at=AT,
        **facts,
    )
