"""Whatever strangers write, the payload stays small, valid and readable."""

import json
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from emberwatch.core.respond.brief import notification_for, trial_for
from emberwatch.core.respond.legible import legible, one_line, shortened
from emberwatch.model.alert import Alert, AlertKind, Fire
from emberwatch.model.incident import Action, Exhibit, Incident, Resolution, Severity, Status
from emberwatch.model.sign import Amount, Sign, SignKind, Threat

SCHEMA = json.loads((files("emberwatch.notifiers") / "incident.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)

PIECES = ["\x1b[2J", "\u202e", "\ud800", "\x00", "z" + "\u0300" * 40, "👩‍👧", '\\"', "\r\n", "я"]
texts = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(), max_size=40),
    st.builds(
        lambda piece, times: piece * times,
        st.sampled_from(PIECES),
        st.sampled_from([1, 50, 3000, 60_000]),
    ),
)
instants = st.datetimes(
    datetime(1970, 1, 2),  # noqa: DTZ001 - the strategy wants them so
    datetime(9990, 1, 1),  # noqa: DTZ001 - and gives them the zone
    timezones=st.just(timezone(timedelta(hours=3))),
)
numbers = st.one_of(st.none(), st.floats(min_value=0))
shares = st.floats(0, 1)
addresses = st.one_of(st.none(), texts.map(lambda text: f"https://m.example/{text}"), texts)


@st.composite
def alerts(draw, brand):
    kinds = [kind for kind in AlertKind if kind.is_about_us == (brand is None)]
    return Alert(
        id=draw(texts),
        kind=draw(st.sampled_from(kinds)),
        brand=brand,
        subject=draw(texts),
        started_at=draw(instants),
        at=draw(instants),
        ended_at=draw(st.one_of(st.none(), instants)),
        first_post_at=draw(st.one_of(st.none(), instants)),
        observed=draw(numbers),
        expected=draw(numbers),
        chance=draw(st.one_of(st.none(), shares)),
        window_minutes=draw(st.one_of(st.none(), st.integers(0, 10_000))),
        reach=draw(st.integers(0, 10**12)),
        not_judged=draw(shares),
        thread_id=draw(st.one_of(st.none(), texts)),
        evidence=tuple(draw(st.lists(texts, max_size=4))),
        fire=draw(st.sampled_from(Fire)),
        reason=draw(texts),
    )


signs = st.builds(
    Sign,
    kind=st.sampled_from(SignKind),
    words=st.lists(texts, max_size=5).map(tuple),
    threats=st.lists(st.sampled_from(Threat), max_size=4).map(tuple),
    amounts=st.lists(
        st.builds(Amount, value=st.floats(min_value=0), currency=st.just("USD")), max_size=5
    ).map(tuple),
    days=st.lists(st.floats(0, 3650), max_size=5).map(tuple),
)

exhibits = st.builds(
    Exhibit,
    post_id=texts,
    author=texts,
    followers=st.one_of(st.none(), st.integers(0, 10**12)),
    created_at=instants,
    url=addresses,
    language=st.one_of(st.none(), texts),
    text=texts,
    sentiment=st.one_of(st.none(), st.floats(-1, 1)),
    anger=st.one_of(st.none(), shares),
    matched=texts,
    thread_id=texts,
    why=st.lists(texts, max_size=4).map(tuple),
    signs=st.lists(signs, max_size=4).map(tuple),
)


@st.composite
def incidents(draw):
    brand = draw(st.one_of(st.none(), texts))
    return Incident(
        id=draw(texts),
        brand=brand,
        subject=draw(texts),
        status=draw(st.sampled_from(Status)),
        severity=draw(st.sampled_from(Severity)),
        opened_at=draw(instants),
        last_alert_at=draw(instants),
        first_post_at=draw(st.one_of(st.none(), instants)),
        closed_at=draw(st.one_of(st.none(), instants)),
        owner=draw(texts),
        resolution=draw(st.one_of(st.none(), st.sampled_from(Resolution))),
        answer_url=draw(addresses),
        previous_id=draw(st.one_of(st.none(), texts)),
        sequence=draw(st.integers(1, 10**6)),
        alerts=tuple(draw(st.lists(alerts(brand), min_size=1, max_size=4))),
        exhibits=tuple(draw(st.lists(exhibits, max_size=6))),
    )


@settings(max_examples=60, deadline=None)
@given(incidents(), st.sampled_from(Action), texts, texts)
def test_every_payload_is_small_valid_and_legible(incident, action, note, by):
    owed = notification_for(incident, action, "ops", AT, note=note, by=by)
    body = owed.payload.encode("utf-8")
    assert len(body) < 20_000
    told = json.loads(body)
    VALIDATOR.validate(told)
    assert told["incident"]["brand"] is None or incident.brand is not None
    posts = len(told["brief"]["posts"])
    assert posts + told.get("truncated", 0) == len(incident.exhibits)
    assert posts >= min(1, len(incident.exhibits))
    words = [told["reason"], told["brief"]["text"], *(p["text"] for p in told["brief"]["posts"])]
    assert all(legible(word) == word for word in words)


@given(st.text(st.characters(), max_size=80))
def test_legible_text_is_valid_and_stays_as_it_is(text):
    once = legible(text)
    assert once.encode("utf-8").decode("utf-8") == once
    assert legible(once) == once


@given(st.text(st.characters(), max_size=80), st.integers(1, 40))
def test_a_line_is_one_line_and_no_longer_than_asked(text, most):
    line = one_line(text, most)
    assert len(line) <= most
    assert len(line.splitlines()) <= 1


@given(st.text(max_size=80), st.integers(1, 40))
def test_shortening_keeps_a_beginning(text, most):
    short = shortened(text, most)
    assert len(short) <= most
    assert text.startswith(short.removesuffix("…"))


# ---------------------------------------------------------------- the schema itself
def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


def test_a_trial_is_valid():
    told = json.loads(trial_for("ops", AT).payload)
    assert [error.message for error in VALIDATOR.iter_errors(told)] == []


def test_the_schema_describes_every_field_that_is_sent():
    def undescribed(value, schema, path):
        schema = SCHEMA["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
        if isinstance(value, list):
            return [lack for item in value for lack in undescribed(item, schema["items"], path)]
        if not isinstance(value, dict):
            return []
        known = schema["properties"]
        lacking = [f"{path}.{name}" for name in value if name not in known]
        lacking += [f"{path}.{name}" for name in known if name not in value]
        for name in value.keys() & known.keys():
            lacking += undescribed(value[name], known[name], f"{path}.{name}")
        return lacking

    told = json.loads(trial_for("ops", AT).payload)
    assert sorted(undescribed(told, SCHEMA, "")) == [
        ".alerts_truncated",
        ".brief.posts.is_forgotten",
        ".instead_of",
        ".truncated",
    ]
