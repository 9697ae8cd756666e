"""The console: messages for people who watch a terminal."""

import io
from datetime import UTC, datetime

import pytest

from emberwatch.core.respond.brief import notification_for, trial_for
from emberwatch.model.alert import Alert, AlertKind
from emberwatch.model.incident import Action, Incident, Severity
from emberwatch.notifiers.console import Console, Stream, shown

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


async def test_it_prints_to_stdout(capsys):
    receipt = await Console(Console.Options()).deliver(trial_for("me", AT), AT)
    assert receipt.answer == "printed"
    printed = capsys.readouterr()
    assert printed.out.startswith("[info] test test (open, growing, spike)\n  Example: This is a")
    assert printed.err == ""


async def test_it_prints_to_stderr_when_told(capsys):
    await Console(Console.Options(to=Stream.STDERR)).deliver(trial_for("me", AT), AT)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Forty-five days" in printed.err


async def test_a_terminal_that_cannot_write_a_letter_gets_a_question_mark(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", narrow)
    alert = _an_alert("гняв")
    await Console(Console.Options()).deliver(_owed(alert), AT)
    assert b"Acme: ????" in narrow.buffer.getvalue()


def _an_alert(reason):
    return Alert(
        id="a",
        kind=AlertKind.SPIKE,
        brand="Acme",
        subject="Acme",
        started_at=AT,
        at=AT,
        reason=reason,
    )


def _owed(alert):
    incident = Incident(
        id="inc_1",
        brand="Acme",
        subject="Acme",
        severity=Severity.HIGH,
        opened_at=AT,
        last_alert_at=AT,
        sequence=1,
        alerts=(alert,),
    )
    return notification_for(incident, Action.OPENED, "me", AT)


@pytest.mark.parametrize("hostile", ["\x1b]0;owned\x07", "\x1b[2J", "\u202e", "\x9b2J", "\r"])
def test_a_post_cannot_break_out(hostile):
    assert hostile not in shown(_owed(_an_alert(f"x{hostile}y")))


def test_markup_is_shown_as_it_is():
    assert "[/x]" in shown(_owed(_an_alert("[/x]")))


def test_it_says_where_messages_go():
    assert Console(Console.Options()).describe() == "lines on stdout"
