"""Our payloads, judged by libraries and types that nobody here wrote (advice A6, fault 57).

Slack's and PagerDuty's own TypeScript types and discord-api-types by the compiler, Discord's
OpenAPI document as zod schemas, Microsoft's Adaptive Cards library, and the signature libraries of
Svix and Standard Webhooks. `scripts/servers fetch judges` installs them; without them these tests
are skipped.
"""

import json
import os
import subprocess
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emberwatch.core.respond.brief import trial_for
from emberwatch.core.respond.digest import digest_of
from emberwatch.core.respond.fallback import in_stead
from emberwatch.model.incident import Severity
from emberwatch.model.notification import Owed
from emberwatch.model.secret import Secret
from emberwatch.notifiers.discord import rendered as in_discord
from emberwatch.notifiers.message import read_message
from emberwatch.notifiers.pagerduty import PagerDuty
from emberwatch.notifiers.slack import rendered as in_slack
from emberwatch.notifiers.teams import rendered as in_teams
from emberwatch.notifiers.webhook import Webhook
from tests.build import NOON
from tests.outbound import AT, Outbound
from tests.telling import a_story, an_incident, owed

ROOT = Path(__file__).parents[2]
OURS = Path(__file__).with_name("judges")
OLD, NEW, OTHER = ("whsec_" + b64encode(letter * 32).decode() for letter in (b"o", b"n", b"x"))
TYPES = {
    "slack": (
        'import type { KnownBlock } from "@slack/types";',
        "{ text: string; blocks: KnownBlock[]; unfurl_links: boolean; unfurl_media: boolean }",
    ),
    "discord": (
        'import type { RESTPostAPIWebhookWithTokenJSONBody } from "discord-api-types/v10";',
        "RESTPostAPIWebhookWithTokenJSONBody",
    ),
    "pagerduty": (
        'import type { EventPayloadV2 } from "@pagerduty/pdjs/build/src/events";',
        "EventPayloadV2 & { client: string }",  # which its interface knows and its types forgot
    ),
}
COMPILER = {
    "noEmit": True,
    "strict": True,
    "skipLibCheck": True,
    "target": "es2022",
    "lib": ["es2022", "dom"],
    "module": "esnext",
    "moduleResolution": "bundler",
    "types": [],
}


@pytest.fixture(scope="module")
def folder():
    """A folder in which Node finds the judges; fetched first where they are required."""
    is_required = "judges" in os.environ.get("EMBERWATCH_REQUIRE", "")
    how = "fetch" if is_required else "find"
    found = subprocess.run(
        [ROOT / "scripts" / "servers", how, "judges"], capture_output=True, text=True, timeout=600
    )
    if found.returncode != 0:
        why = found.stderr.strip() or "the judges could not be had"
        if is_required:
            pytest.fail(why)
        pytest.skip(why)
    return Path(found.stdout.strip())


@pytest.fixture(scope="module")
def messages():
    """What is told of a hostile incident, by itself, in a digest, and in another's stead."""
    opened, updated, *_ = story = a_story()
    endless = owed(an_incident("<@everyone> [x](https://e.example) & \U0001f621 " * 900))
    rows = [
        Owed(
            id=f"msg_{number}",
            incident_id=f"inc_{number}",
            type="incident.opened",
            sequence=1,
            severity=Severity.CRITICAL,
            subject="Acme <!channel>",
            created_at=NOON,
        )
        for number in range(500)
    ]
    digest = digest_of(rows, [replace(opened, subject="Acme <!channel>")] * 10, "ops", NOON)
    instead = in_stead(replace(updated, last_answer="410: <gone>"), "backup", NOON)
    resolved = story[-2]
    return [opened, updated, resolved, endless, digest, instead, trial_for("ops", NOON)]


def verdicts(folder, requests):
    """Return what each judge finds wrong with each thing it is asked about."""
    asked = "".join(json.dumps(each) + "\n" for each in requests)
    done = subprocess.run(
        ["node", "judge.mjs"],
        cwd=folder,
        input=asked,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def compiled(folder, where, bodies):
    """Return what the compiler says of these bodies as values of their official types."""
    (where / "node_modules").symlink_to(folder / "node_modules")
    for name, body in bodies.items():
        importing, type = TYPES[name.partition("-")[0]]
        (where / f"{name}.ts").write_text(
            f"{importing}\nexport const body: {type} = {json.dumps(body)};\n"
        )
    files = [f"{name}.ts" for name in bodies]
    (where / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER, "files": files}))
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", "--pretty", "false"],
        cwd=where,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout


async def events_of(messages):
    outbound = Outbound((202, b""))
    duty = PagerDuty(PagerDuty.Options(routing_key=Secret("a1" * 16)), outbound)
    for each in messages:
        if not each.is_digest:  # a machine is never sent one
            await duty.deliver(each, AT)
    return outbound.bodies


async def test_the_official_types_take_what_we_send(folder, messages, tmp_path):
    shown = [read_message(each) for each in messages]
    bodies = {f"slack-{n}": in_slack(each) for n, each in enumerate(shown)}
    bodies |= {f"discord-{n}": in_discord(each) for n, each in enumerate(shown)}
    bodies |= {f"pagerduty-{n}": each for n, each in enumerate(await events_of(messages))}
    assert compiled(folder, tmp_path, bodies) == ""


def test_the_official_types_refuse_what_is_wrong(folder, tmp_path):
    said = compiled(
        folder,
        tmp_path,
        {
            "slack-wrong": {"text": "", "blocks": [{"type": "section", "text": "plain"}]},
            "discord-wrong": {"embeds": [{"title": 5}]},
            "pagerduty-wrong": {"routing_key": "x", "event_action": "open", "client": "x"},
        },
    )
    for name in TYPES:
        assert f"{name}-wrong.ts" in said


def test_discords_own_document_takes_our_messages_and_their_changes(folder, messages):
    bodies = [in_discord(read_message(each)) for each in messages]
    changes = [{key: body[key] for key in ("embeds", "allowed_mentions")} for body in bodies]
    asked = [{"judge": "discord", "body": body} for body in bodies]
    asked += [{"judge": "discordChange", "body": body} for body in changes]
    assert verdicts(folder, asked) == [[]] * len(asked)


def test_discords_own_document_refuses_a_title_beyond_its_limit(folder):
    [faults] = verdicts(folder, [{"judge": "discord", "body": {"embeds": [{"title": "x" * 300}]}}])
    assert "embeds.0.title" in faults[0]


def test_adaptive_cards_finds_nothing_wrong_with_our_cards(folder, messages):
    cards = [in_teams(read_message(each))["attachments"][0]["content"] for each in messages]
    asked = [{"judge": "card", "body": card} for card in cards]
    assert verdicts(folder, asked) == [[]] * len(cards)


def test_adaptive_cards_finds_what_is_wrong(folder):
    card = {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [{"type": "Nothing"}],
        "actions": [{"type": "Action.OpenUrl", "title": "where?"}],
    }
    [faults] = verdicts(folder, [{"judge": "card", "body": card}])
    assert len(faults) == 2


@pytest.mark.parametrize("judge", ["svix", "standardwebhooks"])
async def test_a_library_of_others_verifies_either_secret_and_nothing_else(folder, judge):
    at = datetime.now(UTC)
    sent = await signed(at)
    late = await signed(at - timedelta(hours=1))
    asked = [
        {"judge": judge, "secret": OLD, **sent},
        {"judge": judge, "secret": NEW, **sent},
        {"judge": judge, "secret": OTHER, **sent},
        {"judge": judge, "secret": NEW, **sent, "text": sent["text"].replace("test", "tent")},
        {"judge": judge, "secret": NEW, **late},
    ]
    assert [bool(faults) for faults in verdicts(folder, asked)] == [False, False, True, True, True]


async def signed(at):
    options = Webhook.Options(
        url="https://example.org/", secret=Secret(NEW), previous_secret=Secret(OLD)
    )
    outbound = Outbound()
    await Webhook(options, outbound).deliver(trial_for("ops", at), at)
    [message] = outbound.got
    return {"headers": dict(message.headers), "text": message.body.decode()}
