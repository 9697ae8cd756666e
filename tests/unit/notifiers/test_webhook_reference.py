"""What docs/reference/webhook.md says of the webhook is so."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from emberwatch.core.respond.backoff import PATIENCE
from emberwatch.core.respond.brief import trial_for
from emberwatch.core.respond.severity import FAR, UNLIKELY, WEIGHTY
from emberwatch.notifiers.signature import sign, signing_key

SECRET, WRONG = ("whsec_" + b64encode(letter * 32).decode() for letter in (b"s", b"w"))
UNITS = {"s": 1, "min": 60, "h": 3600}


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "reference" / "webhook.md").read_text()


def _fields(schema, definitions, path=""):
    for name, field in schema["properties"].items():
        yield f"{path}{name}"
        within = field.get("items", field).get("$ref", "").split("/")[-1]
        if "properties" in definitions.get(within, {}):
            mark = "[]." if "items" in field else "."
            yield from _fields(definitions[within], definitions, f"{path}{name}{mark}")


def test_every_field_of_the_schema_has_its_line(page):
    schema = json.loads((files("emberwatch.notifiers") / "incident.schema.json").read_text())
    documented = re.findall(r"^\| `([a-z_.\[\]]+)` \|", page, re.MULTILINE)
    sent = list(_fields(schema, schema["$defs"]))
    assert len(sent) > 50
    assert set(sent) <= set(documented)


def test_the_table_of_tries_is_the_schedule(page):
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)

    def length(text):
        parts = re.findall(r"(\d+) (s|min|h)", text)
        return timedelta(seconds=sum(int(number) * UNITS[unit] for number, unit in parts))

    assert [length(waits) for _, waits, _ in rows] == list(PATIENCE.gaps)
    total = timedelta()
    for (_, _, since), gap in zip(rows, PATIENCE.gaps, strict=True):
        total += gap
        assert total - length(since) < timedelta(minutes=1)


@pytest.mark.parametrize("steps", [UNLIKELY, WEIGHTY, FAR])
def test_the_table_of_severity_is_the_rule(page, steps):
    powers = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    written = {
        UNLIKELY: [f"1 in 10{f'{step:.0f}'.translate(powers)}" for step in UNLIKELY],
    }.get(steps, [f"{step:,.0f}" for step in steps])
    assert f"| {' | '.join(written)} |" in page


@pytest.mark.parametrize(("secret", "status"), [(SECRET, 204), (WRONG, 401)])
def test_the_example_in_python_checks_a_message(page, capsys, secret, status):
    [example] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(compile(example, "webhook.md", "exec"), names)
    now = datetime.now(UTC)
    owed = trial_for("ops", now)
    body = owed.payload.encode()
    headers = sign([signing_key(SECRET)], owed.id, now, body)
    assert names["receive"](secret, headers, body) == status
    assert ("This is a test" in capsys.readouterr().out) is (status == 204)
