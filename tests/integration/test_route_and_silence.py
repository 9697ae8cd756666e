"""Who would be told, and who is not to be: the commands, over a real database."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.core.pipeline import notifications
from emberwatch.core.respond.attention import tell
from emberwatch.core.respond.triage import open_incident
from emberwatch.model.incident import Incident, Severity
from emberwatch.ports import Ledger
from emberwatch.runtime import wiring
from emberwatch.runtime.arrivals import Arrivals
from emberwatch.store.sqlite import open_store
from tests.build import a_mention, an_alert
from tests.typed import Run, typing

CONFIG = """
database: watch.db
brands:
  - name: Acme
    words: [acme]
    team: support
    themes: [{name: refunds, words: [refund]}]
  - {name: Other, words: [other]}
notifiers:
  - {name: chat, kind: console}
  - {name: pager, kind: console}
  - {name: boss, kind: console}
routes:
  - {themes: [refunds], notify: [boss]}
teams:
  - name: support
    people: [{name: Mara, languages: [bg, en], notifier: pager}, {name: Ivo, languages: [bg]}]
    time_zone: Europe/Sofia
    quiet_hours: ["22:00-08:00"]
    notify: [chat]
    renotify: 1h
    escalation: [{after: 10m, people: [Mara]}, {after: 30m, notify: [boss]}]
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a folder with a configuration and an empty database."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    open_store(tmp_path / "watch.db").close()
    monkeypatch.chdir(tmp_path)
    return typing(capfd)


def opens(**facts: object) -> Incident:
    """Let an incident in Bulgarian open now, as the watch would have it."""
    at = wiring.now()
    policy = wiring.policy(wiring.configuration(Path("config.yaml"), with_secrets=False))
    # told at once whatever the hour at which this test runs
    policy = replace(policy, teams={})
    mention = a_mention("1", at=at, text="Acme is awful")
    mention = replace(mention, score=replace(mention.score, language="bg"))
    alert = an_alert("a", started_at=at, evidence=(mention.post.id,))
    opened = open_incident(alert, {mention.post.id: mention}, None)
    opened = replace(opened, **facts)  # type: ignore[arg-type]
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        told, calls = tell(policy.directory, opened, opened.timeline[-1], tx.silences(at))
        owed = [row for call in calls for row in notifications(policy, call)]
        tx.record(Ledger(incidents=(told,), notifications=tuple(owed)))
    return told


def looks() -> None:
    """Let the watch look at the database once."""
    config = wiring.configuration(Path("config.yaml"), with_secrets=False)
    policy = replace(wiring.policy(config), teams={})
    with closing(open_store(Path("watch.db"))) as store:
        wiring.processor(store, policy, is_live=True).process(Arrivals(at=wiring.now()))


def owed() -> list[tuple[str, str]]:
    with closing(open_store(Path("watch.db"))) as store, store.reading() as look:
        return [(row.notifier, row.type) for row in look.notifications()]


# ---------------------------------------------------------------- route test
def test_a1_who_would_be_told_is_shown_with_the_whole_chain_and_its_times(run: Run) -> None:
    said = run(
        "route", "test", "--brand", "Acme", "--language", "bg", "--at", "2026-03-02 10:00", "--json"
    )
    assert (said.code, said.err) == (0, "")
    (row,) = said.rows
    assert (row["team"], row["readers"]) == ("support", ["Mara", "Ivo"])
    assert row["told"] == [
        {
            "notifier": "chat",
            "team": "support",
            "person": None,
            "why": "support answers for Acme",
        }
    ]
    assert row["reasons"] == [
        "route 1 does not take it: theme is none, not refunds",
        "nobody is told by a route: support answers for Acme",
    ]
    assert [(step["at"][11:16], step["action"], step["notifiers"]) for step in row["steps"]] == [
        ("10:00", "opened", ["chat"]),
        ("10:10", "escalated", ["pager"]),
        ("10:30", "escalated", ["boss"]),
        ("11:30", "reminded", ["chat", "pager", "boss"]),
    ]


def test_r2_people_read_whose_it_is_why_and_what_follows(run: Run) -> None:
    said = run("route", "test", "--brand", "Acme", "--language", "bg", "--at", "2026-03-02 21:00")
    assert said.code == 0
    for words in (
        "team support",
        "who reads bg: Mara, Ivo",
        "chat: support answers for Acme",
        "chat not told until 2026-03-03 06:00 UTC: quiet hours",
        "Tue 08:10",
    ):
        assert words in said.out


def test_a_route_is_tried_by_theme_and_severity(run: Run) -> None:
    words = ("route", "test", "--brand", "Acme", "--theme", "refunds", "--severity", "critical")
    (row,) = run(*words, "--json").rows
    assert [each["notifier"] for each in row["told"]] == ["boss"]
    assert row["team"] == "support"
    assert "boss: route 1" in run(*words).out


def test_a_trouble_of_our_own_needs_no_brand_and_has_no_team(run: Run) -> None:
    (row,) = run("route", "test", "--kind", "trouble", "--json").rows
    assert row["team"] is None
    assert [each["notifier"] for each in row["told"]] == ["chat", "pager", "boss"]
    assert "no team is named for it" in run("route", "test", "--kind", "watch_blind").out


def test_a_silence_that_would_hold_is_shown(run: Run) -> None:
    run(*ADD, "--brand", "Acme", "--for", "2h")
    (row,) = run("route", "test", "--brand", "Acme", "--json").rows
    assert [each["reason"] for each in row["silences"]] == ["ad campaign"]
    assert row["steps"][0]["notifiers"] == []
    assert "by anna until" in run("route", "test", "--brand", "Acme").out


def test_a_route_can_be_tried_before_anything_was_watched(run: Run) -> None:
    Path("watch.db").unlink()
    assert run("route", "test", "--brand", "Acme").code == 0
    assert not Path("watch.db").exists()


def test_a_team_that_is_only_a_name_is_shown(run: Run) -> None:
    before, _, _ = CONFIG.partition("teams:")
    Path("config.yaml").write_text(before)
    (row,) = run("route", "test", "--brand", "Acme", "--json").rows
    assert (row["team"], row["readers"]) == ("support", [])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "say whose incident it would be: --brand 'Acme'"),
        (("--brand", "Acm"), "unknown brand 'Acm'; did you mean 'Acme'?"),
        (("--brand", "Zzzz"), "unknown brand 'Zzzz'; there is Acme, Other"),
        (
            ("--brand", "Acme", "--theme", "refund"),
            "unknown theme 'refund'; did you mean 'refunds'?",
        ),
        (("--brand", "Acme", "--theme", "zzz"), "unknown theme 'zzz'; there is refunds"),
        (("--brand", "Other", "--theme", "refunds"), "unknown theme 'refunds': there is none"),
        (("--kind", "trouble", "--theme", "refunds"), "unknown theme 'refunds': there is none"),
        (("--brand", "Acme", "--at", "soon"), "expected a time such as"),
        (("--brand", "Acme", "--at", "9999-12-31 23:59"), "lies beyond the calendar"),
    ],
)
def test_a_route_that_cannot_be_tried_says_why(run: Run, words: tuple[str, ...], why: str) -> None:
    said = run("route", "test", *words)
    assert said.code == 2
    assert why in said.err


# ---------------------------------------------------------------- silences
ADD = ("silence", "add", "--by", "anna", "--reason", "ad campaign")


def test_a_silence_is_added_listed_and_shown_wherever_one_wonders(run: Run) -> None:
    incident = opens()
    said = run(*ADD, "--brand", "Acme", "--kind", "spike", "--below", "critical", "--for", "2h")
    assert said.code == 0
    assert "mutes Acme, spike, below critical until" in said.out
    assert "it matches 1 open incident now" in said.out

    (row,) = run("silence", "list", "--json").rows
    assert (row["brand"], row["kinds"], row["below"]) == ("Acme", ["spike"], "critical")
    assert (row["by"], row["reason"], row["is_active"]) == ("anna", "ad campaign", True)
    assert "ad campaign" in run("silence", "list").out
    assert "Muted until" in run("status").out
    assert [each["id"] for each in run("status", "--json").rows[0]["silences"]] == [row["id"]]
    assert f"by anna ({row['id']}): ad campaign" in run("incident", "show", incident.id).out
    (shown,) = run("incident", "show", incident.id, "--json").rows
    assert shown["silence"]["id"] == row["id"]


def test_what_a_silence_holds_is_told_once_when_it_is_ended(run: Run) -> None:
    run(*ADD, "--brand", "Acme", "--until", "2099-01-01 08:00")
    incident = opens()
    assert owed() == []
    (row,) = run("silence", "list", "--json").rows
    timeline = run("incident", "show", incident.id).out
    assert f"silence {row['id']} by anna: ad campaign" in timeline

    said = run("silence", "expire", row["id"][:7], "--by", "boris")
    assert (said.code, "is over" in said.out) == (0, True)
    looks()
    looks()
    assert owed() == [(name, "incident.opened") for name in ("chat", "pager", "boss")]


def test_a_silence_that_is_over_stays_listed(run: Run) -> None:
    run(*ADD, "--brand", "Acme", "--for", "2h")
    (row,) = run("silence", "list", "--json").rows
    run("silence", "expire", row["id"], "--by", "boris")

    assert "No silence holds." in run("silence", "list").err
    (over,) = run("silence", "list", "--all", "--json").rows
    assert (over["is_active"], over["ended_by"]) == (False, "boris")
    said = run("silence", "expire", row["id"], "--by", "boris")
    assert said.code == 1
    assert "is over since" in said.err


def test_a_person_who_acts_under_a_silence_reads_who_is_told_later(run: Run) -> None:
    incident = opens()
    run(*ADD, "--brand", "Acme", "--for", "2h")
    said = run("incident", "acknowledge", incident.id, "--by", "anna")
    assert "telling nobody; later, by quiet hours or a silence: chat, pager, boss" in said.out


def test_every_matcher_narrows_what_is_muted(run: Run) -> None:
    opens(severity=Severity.HIGH)
    for words in (("--theme", "refunds"), ("--language", "en"), ("--below", "warning")):
        said = run(*ADD, "--brand", "Acme", *words, "--for", "1h")
        assert "it matches 0 open incidents" in said.out
    assert "it matches 1 open" in run(*ADD, "--language", "BG", "--for", "1h").out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--for", "2h"), "say what to mute"),
        (("--brand", "Acme"), "say when it ends"),
        (("--brand", "Acme", "--for", "2h", "--until", "2099-01-01"), "say when it ends"),
        (("--brand", "Acme", "--for", "long"), "expected a duration such as"),
        (("--brand", "Acme", "--until", "soon"), "expected a length such as"),
        (("--brand", "Acme", "--until", "2001-01-01"), "has passed already"),
        (("--brand", "Acm", "--for", "2h"), "unknown brand 'Acm'; did you mean 'Acme'?"),
        (("--brand", "Acme", "--kind", "trouble", "--for", "2h"), "of trouble belong to no brand"),
        (("--theme", "zzz", "--for", "2h"), "unknown theme 'zzz'; there is refunds"),
        (("--brand", "Acme", "--for", "2h", "--by", " "), "expected some words"),
        (("--brand", "Acme", "--for", "2h", "--reason", ""), "expected some words"),
    ],
)
def test_a_silence_that_says_too_little_is_refused(
    run: Run, words: tuple[str, ...], why: str
) -> None:
    said = run(*ADD, *words)
    assert said.code == 2
    assert why in said.err
    assert run("silence", "list", "--all", "--json").rows == []


def test_with_a_database_alone_any_brand_can_be_muted(run: Run) -> None:
    Path("config.yaml").unlink()
    said = run(*ADD, "--brand", "Gone", "--for", "2h", "--database", "watch.db")
    assert said.code == 0
    assert len(run("silence", "list", "--database", "watch.db", "--json").rows) == 1


@pytest.mark.parametrize("id", ["sil_zzz", ""])
def test_a_silence_that_there_is_not_cannot_be_ended(run: Run, id: str) -> None:
    said = run("silence", "expire", id, "--by", "anna")
    assert said.code == 1
    assert "emberwatch silence list --all" in said.err
    assert run("silence", "expire", "sil_1", "--by", " ").code == 2


# ---------------------------------------------------------------- whose it is
def test_r2_an_incident_names_its_team_and_who_of_it_reads_the_posts(run: Run) -> None:
    incident = opens()
    assert "team support; Mara reads bg; Ivo reads bg" in run("incident", "show", incident.id).out
    (row,) = run("incident", "show", incident.id, "--json").rows
    assert row["team"] == "support"
    assert [each["name"] for each in row["readers"]] == ["Mara", "Ivo"]


def test_with_a_database_alone_the_team_is_still_named(run: Run) -> None:
    incident = opens()
    assert "team support" in run("incident", "show", incident.id, "--database", "watch.db").out


def test_an_incident_that_waits_says_when_the_clock_looks_again(run: Run) -> None:
    incident = opens(severity=Severity.CRITICAL)
    due = wiring.now() + timedelta(hours=1)
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        waiting = replace(incident.waiting, wakes_at=due)
        tx.record(Ledger(incidents=(replace(incident, waiting=waiting),)))
    assert f"{due:%Y-%m-%d %H:%M:%S} UTC" in run("incident", "show", incident.id).out


# ---------------------------------------------------------------- a broken playbook
def test_a_broken_playbook_holds_nobody_up(run: Run) -> None:
    incident = opens()
    Path("book.yaml").write_text("rules: [{id: x}]\n")
    Path("config.yaml").write_text(CONFIG + "playbook: {file: book.yaml}\n")

    for words in (
        ("acknowledge", incident.id, "--by", "anna"),
        ("respond", incident.id, "--by", "anna"),
        ("show", incident.id),
        ("resolve", incident.id, "--by", "anna"),
    ):
        said = run("incident", *words)
        assert said.code == 0
        assert "book.yaml:1:" in said.err
        assert "ours advises until it is mended" in said.err
    assert run("check").code == 3


# ---------------------------------------------------------------- what the configuration says
def test_the_teams_and_their_escalations_are_summed_up(run: Run) -> None:
    said = run("check").out
    assert "support: Mara, Ivo; by chat; after 10m Mara; after 30m boss" in said
    assert "theme refunds -> boss" in said
    explained = run("check", "--explain", "Acme").out
    assert "'emberwatch route test' tries out any other" in explained
