"""Teams as they are written, and every way in which they do not fit together."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from emberwatch.config.reader import read_config
from emberwatch.config.week import parse_spans
from emberwatch.model.alert import AlertKind
from emberwatch.model.errors import ConfigError
from emberwatch.model.team import Link, Person, ServiceLevels, Span, Team
from emberwatch.runtime.plugins import installed

BEFORE = """\
brands:
  - {name: Acme, words: [acme], team: support}
notifiers:
  - {name: chat, kind: console}
  - {name: pager, kind: console}
teams:
"""


def teams(tmp_path: Path, written: str, before: str = BEFORE) -> tuple[Team, ...]:
    path = tmp_path / "config.yaml"
    path.write_text(before + written)
    return read_config(path, installed(), {}).teams


def problems(tmp_path: Path, written: str, before: str = BEFORE) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        teams(tmp_path, written, before)
    return [line.partition("config.yaml:")[2] for line in caught.value.problems]


def days(start: str, end: str, *weekdays: int) -> tuple[Span, ...]:
    return tuple(
        Span(weekday=day, start=time.fromisoformat(start), end=time.fromisoformat(end))
        for day in weekdays
    )


def test_a_team_says_who_when_where_and_within_what_time(tmp_path: Path) -> None:
    made = teams(
        tmp_path,
        """\
  - name: support
    people:
      - {name: Mara, languages: [bg, en], notifier: pager}
      - {name: Ivo, languages: [BG]}
    time_zone: Europe/Sofia
    hours: [mon-fri 09:00-18:00]
    on_call: [mon-sun 7:00-23:00]
    quiet_hours: ["22:00-07:00"]
    quiet_except: [watch_blind]
    service_levels: {acknowledge: 15m, first_response: 1h, resolve: 2d}
    notify: [chat]
    renotify: 30m
    escalation:
      - {after: 10m, people: [Mara]}
      - {after: 30m, team: managers, notify: [pager]}
    fallback: [pager]
  - {name: managers, notify: [pager], languages: [de]}
""",
    )

    every_day = tuple(range(7))
    assert made == (
        Team(
            name="support",
            people=(
                Person(name="Mara", languages=("bg", "en"), notifier="pager"),
                Person(name="Ivo", languages=("bg",)),
            ),
            languages=("bg", "en"),
            time_zone="Europe/Sofia",
            hours=days("09:00", "18:00", 0, 1, 2, 3, 4),
            on_call=days("07:00", "23:00", *every_day),
            quiet_hours=days("22:00", "07:00", *every_day),
            quiet_except=(AlertKind.WATCH_BLIND,),
            service_levels=ServiceLevels(
                acknowledge=timedelta(minutes=15),
                first_response=timedelta(hours=1),
                resolve=timedelta(days=2),
            ),
            notify=("chat",),
            renotify=timedelta(minutes=30),
            escalation=(
                Link(after=timedelta(minutes=10), people=("Mara",)),
                Link(after=timedelta(minutes=30), team="managers", notify=("pager",)),
            ),
            fallback=("pager",),
        ),
        Team(name="managers", notify=("pager",), languages=("de",)),
    )


def test_a_team_needs_no_more_than_a_name(tmp_path: Path) -> None:
    assert teams(tmp_path, "  - name: support\n") == (Team(name="support"),)


def test_without_teams_a_brand_may_name_any(tmp_path: Path) -> None:
    before = "brands:\n  - {name: Acme, words: [acme], team: whoever}\n"
    assert teams(tmp_path, "", before) == ()


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("mon 09:00-18:00", days("09:00", "18:00", 0)),
        ("MON-wed 9:00 - 18:00", days("09:00", "18:00", 0, 1, 2)),
        ("fri-mon 22:00-06:00", days("22:00", "06:00", 4, 5, 6, 0)),
        ("sat 00:00-24:00", days("00:00", "00:00", 5)),
        ("sun 18:00-24:00", days("18:00", "00:00", 6)),
        ("22:00-07:00", days("22:00", "07:00", *range(7))),
    ],
)
def test_hours_are_written_as_people_write_them(text: str, spans: tuple[Span, ...]) -> None:
    assert parse_spans(text) == spans


@pytest.mark.parametrize(
    "text", ["", "mon", "mon 9-18", "mon 24:00-25:00", "day 09:00-18:00", "mon 09:60-18:00"]
)
def test_hours_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected hours such as mon-fri 09:00-18:00"):
        parse_spans(text)


@pytest.mark.parametrize("text", ["mon 09:00-09:00", "00:00-00:00"])
def test_hours_that_end_when_they_begin_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="end later than they begin, or 00:00-24:00"):
        parse_spans(text)


def test_everything_that_does_not_fit_is_said_with_its_place(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
  - name: suport
    people:
      - {name: Mara, notifier: paper}
      - {name: Ivo}
      - {name: Ivo}
    time_zone: Europe/Sophia
    hours:
      - mon-fri 09:00-18:00
      - fri 17:00-20:00
      - sun all day
    notify: [chta]
    escalation:
      - {after: 30m, people: [Mare]}
      - {after: 10m, people: [Ivo], team: suport}
      - {after: 1h}
      - {after: soon, team: managers}
    fallback: [nobody]
""",
    )

    assert found == [
        "2:39: brands[0].team: unknown team 'support'; did you mean 'suport'?",
        "9:32: teams[0].people[0].notifier: unknown notifier 'paper'; did you mean 'pager'?",
        "11:16: teams[0].people[2].name: the team has a person 'Ivo' already",
        "12:16: teams[0].time_zone: unknown time zone 'Europe/Sophia'; "
        "did you mean 'Europe/Sofia'?",
        "15:9: teams[0].hours[1]: overlaps with 'mon-fri 09:00-18:00'",
        "16:9: teams[0].hours[2]: expected hours such as mon-fri 09:00-18:00 or 22:00-07:00, "
        "got 'sun all day'",
        "17:14: teams[0].notify[0]: unknown notifier 'chta'; did you mean 'chat'?",
        "19:31: teams[0].escalation[0].people[0]: the team has no person 'Mare'; "
        "did you mean 'Mara'?",
        "20:17: teams[0].escalation[1].after: comes no later than the link before it: "
        "links are told one after the other",
        "20:31: teams[0].escalation[1].people[0]: 'Ivo' cannot be told alone: "
        "give the person a notifier",
        "20:43: teams[0].escalation[1].team: a team does not escalate to itself: "
        "name another, or people",
        "21:9: teams[0].escalation[2]: needs whom to tell: a team, people or notify",
        "22:17: teams[0].escalation[3].after: expected a duration such as 30s, 5m or 2h, "
        "got 'soon'",
        "22:29: teams[0].escalation[3].team: unknown team 'managers'",
        "23:16: teams[0].fallback[0]: unknown notifier 'nobody'",
    ]


@pytest.mark.parametrize("zone", ["Nowhere", "../etc/passwd", "/etc/passwd", "europe"])
def test_what_is_no_time_zone_is_refused(tmp_path: Path, zone: str) -> None:
    (found,) = problems(tmp_path, f"  - {{name: support, time_zone: {zone}}}\n")
    assert found.startswith(f"7:32: teams[0].time_zone: unknown time zone '{zone}'")


def test_two_teams_of_one_name_are_refused(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "  - {name: support}\n  - {name: Support}\n")
    assert found == "8:12: teams[1].name: line 7 has a team 'support' already"
