"""The picture of a brand's week: what is drawn where."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from emberwatch.core.respond import triage
from emberwatch.core.respond.week import Case, Gathered, week_of
from emberwatch.core.respond.week_picture import week_picture
from emberwatch.model.event import Unwatched
from emberwatch.model.mention import Voice
from emberwatch.picture import Picture
from tests.build import NOON, an_alert, minutes

SINCE = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = datetime(2026, 3, 9, tzinfo=UTC)


def a_voice(name: str, at: datetime, anger: float | None = 0.8) -> Voice:
    return Voice(
        brand="Acme",
        name=name,
        post_id=f"{name}{at}",
        at=at,
        anger=anger,
        language="en",
        followers=None,
        reactions=0,
    )


def drawn(*voices: Voice, **facts: object) -> Picture:
    values: dict[str, object] = {
        "cases": (),
        "unwatched": (),
        "since": SINCE,
        "until": UNTIL,
        "zone": UTC,
    }
    values |= facts
    return week_picture("Acme", voices, **values)  # type: ignore[arg-type]


def heat(picture: Picture) -> dict[str, float | None]:
    (line,) = picture.panels[0].lines
    return {
        f"{datetime.fromtimestamp(at, UTC):%d %H:%M}": weight
        for at, weight in line.points
        if weight
    }


def cases() -> tuple[Case, ...]:
    incidents = [
        triage.open_incident(an_alert(f"spike:{brand}", brand=brand, subject=brand), {}, None)
        for brand in ("Bolt", "Acme")
    ]
    gathered = Gathered(since=SINCE, until=UNTIL, before=SINCE, now=UNTIL, incidents=incidents)
    return week_of(gathered).cases


def test_a_person_counts_once_an_hour_with_the_greatest_anger() -> None:
    said = [
        a_voice("anna", NOON, 0.5),
        a_voice("anna", NOON + minutes(59), 0.9),
        a_voice("anna", NOON + minutes(60), 0.5),
        a_voice("boris", NOON, 0.4),
    ]
    assert heat(drawn(*said)) == {"02 12:00": 1.3, "02 13:00": 0.5}


def test_calm_and_unjudged_people_are_not_drawn() -> None:
    assert heat(drawn(a_voice("a", NOON, 0.2), a_voice("b", NOON, None))) == {}


def test_incidents_bear_their_number_in_the_list() -> None:
    picture = drawn(cases=cases())
    assert [(each.name, each.across) for each in picture.moments] == [("2", NOON.timestamp())]
    assert "incidents opened: 1" in picture.summary


def test_hours_are_those_of_the_wall() -> None:
    picture = drawn(a_voice("anna", NOON), zone=ZoneInfo("Europe/Sofia"))
    assert heat(picture) == {"02 14:00": 0.8}


def test_the_hour_that_comes_twice_in_autumn_is_one() -> None:
    sofia = ZoneInfo("Europe/Sofia")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    since = datetime(2026, 10, 19, tzinfo=sofia)
    picture = drawn(
        a_voice("anna", first),
        a_voice("boris", first + timedelta(hours=1)),
        since=since,
        until=datetime(2026, 10, 26, tzinfo=sofia),
        zone=sofia,
    )
    assert heat(picture) == {"25 03:00": 1.6}
    (line,) = picture.panels[0].lines
    places = [across for across, _ in line.points]
    assert places == sorted(set(places))


def test_times_when_nobody_watched_are_shaded() -> None:
    times = [
        Unwatched(brand="Acme", since=SINCE - timedelta(days=2), at=SINCE + timedelta(hours=3)),
        Unwatched(brand="Acme", since=NOON, at=NOON),
        Unwatched(brand="Bolt", since=NOON, at=NOON + timedelta(hours=9)),
        Unwatched(brand="Acme", since=UNTIL, at=UNTIL + timedelta(hours=9)),
    ]
    spans = [(each.since, each.until) for each in drawn(unwatched=times).spans]
    assert spans == [(SINCE.timestamp(), (SINCE + timedelta(hours=3)).timestamp())]


def test_a_week_that_has_just_begun_can_be_drawn() -> None:
    assert heat(drawn(until=SINCE + timedelta(seconds=30))) == {}
