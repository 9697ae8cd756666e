"""What a configuration file says, and every way in which it can be wrong."""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import ClassVar

import pytest

from emberwatch.config.reader import PlugIns, read_config
from emberwatch.config.schema import Config, FeedSettings, Limit, ScorerSettings
from emberwatch.core.respond.routing import Route
from emberwatch.model.alert import AlertKind
from emberwatch.model.brand import Brand, Group, Theme
from emberwatch.model.errors import ConfigError
from emberwatch.model.secret import Secret
from emberwatch.ports import MAY_BE_EMPTY


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOptions:
    url: str
    token: Secret | None = None
    pause: timedelta = timedelta(minutes=5)
    file: Path | None = None
    pages: int = 3
    share: float = 0.5
    is_whole: bool = False
    prefix: str = field(default="Bearer", metadata=MAY_BE_EMPTY)
    suffix: str = "!"
    order: Order = Order.NEWEST
    tags: tuple[str, ...] = ()
    gaps: tuple[timedelta, ...] = ()
    json: str = ""

    def __post_init__(self) -> None:
        if self.pages > 100:
            raise ValueError("nobody reads more than 100 pages")

    def problems(self) -> Iterable[tuple[str, str]]:
        if "example.com" in self.url:
            yield "url", "is only an example"
        if self.token is not None and self.token.reveal() == "short":
            yield "token", "is too short"


class Site:
    kind: ClassVar[str] = "site"
    Options: ClassVar[type] = SiteOptions


class Bare:
    """A source without any options."""

    @dataclass(frozen=True)
    class Options:
        pass


@dataclass(frozen=True, slots=True, kw_only=True)
class HookOptions:
    url: str
    secret: Secret
    previous_secret: Secret | None = None


class Hook:
    kind: ClassVar[str] = "hook"
    Options: ClassVar[type] = HookOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    url: Secret


class Chat:
    Options: ClassVar[type] = ChatOptions


class Screen(Bare):
    pass


class Judge:
    """A scorer that leaves nothing to choose."""


class Court:
    """A scorer with options."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        folder: Path
        judges: int = 3

        def problems(self) -> Iterable[tuple[str, str]]:
            if self.judges % 2 == 0:
                yield "judges", "may come to no majority"


PLUG_INS = PlugIns(
    sources={"site": Site, "bare": Bare},
    notifiers={"hook": Hook, "chat": Chat, "screen": Screen},
    scorers={"judge": Judge, "court": Court},
)

EMPTY = "1:1: the file is empty: write one to start from: emberwatch init --force config.yaml"
BRAND = "brands: [{name: Acme, words: [acme]}]\n"

Read = Callable[..., Config]
Wrong = Callable[..., list[str]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Write a text into config.yaml and read it."""
    monkeypatch.chdir(tmp_path)

    def write_and_read(
        text: str | bytes,
        environment: Mapping[str, str] = {},
        plugins: PlugIns = PLUG_INS,
    ) -> Config:
        content = text.encode() if isinstance(text, str) else text
        Path("config.yaml").write_bytes(content)
        return read_config(Path("config.yaml"), plugins, environment)

    return write_and_read


@pytest.fixture
def wrong(read: Read) -> Wrong:
    """Read a text that is wrong and return what is said of it, without the file's name."""

    def problems(
        text: str | bytes,
        environment: Mapping[str, str] = {},
        plugins: PlugIns = PLUG_INS,
    ) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(text, environment, plugins)
        for problem in caught.value.problems:
            assert problem.startswith("config.yaml:")
            assert "\n" not in problem
        return [problem.removeprefix("config.yaml:") for problem in caught.value.problems]

    return problems


# ---------------------------------------------------------------- what is right
def test_every_key_of_the_contract_is_understood(read: Read, tmp_path: Path) -> None:
    config = read(
        """\
database: emberwatch.db
network: {allow: [127.0.0.0/8, "::1"]}
brands:
  - name: Acme
    words: [acme, {any: [sim], all: [acme phone], none: [juice]}]
    handles: ["@acme"]
    hashtags: ["#acme"]
    exclude: [acme road]
    languages: [en, bg]
    team: support
    false_alarms_per_month: 0.5
    pile_on_floor: 300
    quiet_after: 6h
    themes: [{name: refunds, words: ["refund*", {any: [money], all: [back]}]}]
feeds:
  - {name: town, source: site, options: {url: "https://x.org/a"}, every: 30s, brands: [Acme],
     backfill: 7d}
notifiers:
  - {name: ops, kind: hook, url: "https://x.org/b", secret_env: NEW, previous_secret_env: OLD}
routes:
  - {brands: [Acme], kinds: [spike, pile_on], notify: [ops]}
retention: 90d
heartbeat: {url_env: BEAT, every: 1m}
""",
        {"NEW": "new", "OLD": "old", "BEAT": "https://beat.example/1"},
    )

    assert config.path == tmp_path / "config.yaml"
    assert config.database == tmp_path / "emberwatch.db"
    assert config.networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert config.brands == (
        Brand(
            name="Acme",
            words=("acme",),
            groups=(Group(any=("sim",), all=("acme phone",), none=("juice",)),),
            handles=("@acme",),
            hashtags=("#acme",),
            exclude=("acme road",),
            languages=("en", "bg"),
            team="support",
            false_alarms_per_month=0.5,
            pile_on_floor=300,
            quiet_after=timedelta(hours=6),
            themes=(
                Theme(
                    name="refunds",
                    words=("refund*",),
                    groups=(Group(any=("money",), all=("back",)),),
                ),
            ),
        ),
    )
    assert config.feeds == (
        FeedSettings(
            name="town",
            source="site",
            options=SiteOptions(url="https://x.org/a"),
            every=timedelta(seconds=30),
            brands=("Acme",),
            backfill=timedelta(days=7),
        ),
    )
    (ops,) = config.notifiers
    assert ops.options == HookOptions(
        url="https://x.org/b", secret=Secret("new"), previous_secret=Secret("old")
    )
    kinds = (AlertKind.SPIKE, AlertKind.PILE_ON)
    assert config.routes == (Route(brands=("Acme",), kinds=kinds, notify=("ops",)),)
    assert config.retention == timedelta(days=90)
    assert config.heartbeat is not None
    assert config.heartbeat.url == Secret("https://beat.example/1")
    assert config.heartbeat.every == timedelta(minutes=1)


def test_what_is_left_out_has_the_documented_defaults(read: Read, tmp_path: Path) -> None:
    config = read(BRAND + "feeds: [{name: a, source: bare}]\n")

    assert config.database == tmp_path / "emberwatch.db"
    assert config.retention == timedelta(days=90)
    assert (config.networks, config.notifiers, config.routes) == ((), (), ())
    assert config.heartbeat is None
    (brand,) = config.brands
    assert brand == Brand(name="Acme", words=("acme",))
    (feed,) = config.feeds
    assert feed.every == timedelta(minutes=5)
    assert feed.backfill == timedelta(days=7)
    assert feed.brands == ()


def test_values_that_look_like_numbers_or_booleans_stay_text(read: Read) -> None:
    config = read("brands: [{name: 1e3, words: [0x10, true, null, 1_000], languages: [no, on]}]\n")

    (brand,) = config.brands
    assert brand.name == "1e3"
    assert brand.words == ("0x10", "true", "null", "1_000")
    assert brand.languages == ("no", "on")


def test_groups_may_stand_under_a_key_of_their_own(read: Read) -> None:
    listed = read("brands: [{name: A, groups: [{any: [a]}, {all: [b]}]}]\n")
    single = read("brands: [{name: A, groups: {any: [a]}}]\n")

    assert listed.brands[0].groups == (Group(any=("a",)), Group(all=("b",)))
    assert single.brands[0].groups == (Group(any=("a",)),)


def test_handles_and_hashtags_get_their_sign(read: Read) -> None:
    (brand,) = read('brands: [{name: A, handles: [a, "@b@c.org"], hashtags: [a, "#b"]}]\n').brands

    assert brand.handles == ("@a", "@b@c.org")
    assert brand.hashtags == ("#a", "#b")


def test_only_an_option_that_may_be_empty_is_taken_empty(read: Read, wrong: Wrong) -> None:
    feed = BRAND + "feeds: [{name: a, source: site, options: {url: 'http://b.test', %s: ''}}]\n"
    options = read(feed % "prefix").feeds[0].options
    assert isinstance(options, SiteOptions)
    assert options.prefix == ""
    assert "is empty" in "".join(wrong(feed % "suffix"))


def test_options_are_read_by_the_type_of_their_field(read: Read, tmp_path: Path) -> None:
    config = read(
        BRAND
        + """\
feeds:
  - name: a
    source: site
    options:
      url: http://127.0.0.1:8080/x
      token_env: TOKEN
      pause: 2h
      file: posts/a.jsonl
      pages: 7
      share: "0.25"
      is_whole: yes
      order: oldest
      tags: [no, "2"]
      gaps: [1s, 2m]
      json: text
""",
        {"TOKEN": " secret\n"},
    )

    assert config.feeds[0].options == SiteOptions(
        url="http://127.0.0.1:8080/x",
        token=Secret("secret"),
        pause=timedelta(hours=2),
        file=tmp_path / "posts" / "a.jsonl",
        pages=7,
        share=0.25,
        is_whole=True,
        order=Order.OLDEST,
        tags=("no", "2"),
        gaps=(timedelta(seconds=1), timedelta(minutes=2)),
        json="text",
    )


def test_a_secret_may_lie_in_a_file_beside_the_configuration(read: Read, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("whsec_abc\n")

    config = read(
        BRAND + "notifiers: [{name: a, kind: hook, url: 'https://x.org', secret_file: secret}]\n"
    )

    assert config.notifiers[0].options == HookOptions(
        url="https://x.org", secret=Secret("whsec_abc")
    )


def test_a_feed_may_be_told_not_to_read_back(read: Read) -> None:
    config = read(BRAND + "feeds: [{name: a, source: bare, backfill: none}]\n")

    assert config.feeds[0].backfill is None


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(read: Read) -> None:
    config = read(b"\xef\xbb\xbf" + BRAND.replace("\n", "\r\n").encode())

    assert config.brands[0].name == "Acme"


def test_a_feed_without_brands_is_read_for_all_of_them(read: Read) -> None:
    config = read(
        "brands: [{name: A, words: [a]}, {name: B, words: [b]}]\n"
        "feeds: [{name: all, source: bare}, {name: b, source: bare, brands: [B]}]\n"
    )

    assert [feed.name for feed in config.feeds_of("A")] == ["all"]
    assert [feed.name for feed in config.feeds_of("B")] == ["all", "b"]


def test_a_text_with_spaces_around_it_is_taken_without_them(read: Read) -> None:
    config = read("brands: [{name: ' Acme ', words: [' acme ']}]\nfeeds: []\n")

    assert config.brands[0].name == "Acme"
    assert config.brands[0].words == ("acme",)


# ---------------------------------------------------------------- one mistake, one line
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        # keys
        ("databse: x\n" + BRAND, "1:1: databse: unknown setting; did you mean 'database'?"),
        (BRAND + "zzz: x\n", "2:1: zzz: unknown setting"),
        (
            "brands:\n- name: Acme\n  wrods: [acme]\n  words: [acme]\n",
            "3:3: brands[0].wrods: unknown setting; did you mean 'words'?",
        ),
        (
            "brands: [{name: A, words: [{any: [a], al: [b]}]}]\n",
            "1:39: brands[0].words[0].al: unknown setting; did you mean 'all'?",
        ),
        (
            BRAND + "network: {alow: [127.0.0.0/8]}\n",
            "2:11: network.alow: unknown setting; did you mean 'allow'?",
        ),
        (
            BRAND + "feeds: [{name: a, source: site, options: {url: 'http://a.org', page: 3}}]\n",
            "2:64: feeds[0].options.page: unknown setting; did you mean 'pages'?",
        ),
        (
            BRAND + "notifiers: [{name: a, kind: screen, colour: red}]\n",
            "2:37: notifiers[0].colour: unknown setting",
        ),
        (BRAND + '"a b": x\n', "2:1: 'a b': unknown setting"),
        (
            BRAND + "retention: 1d\nretention: 2d\n",
            "3:1: retention: given twice; the first one is at line 2",
        ),
        (
            "brands:\n- name: Acme\n  words: [a]\n  name: Acme\n",
            "4:3: brands[0].name: given twice; the first one is at line 2",
        ),
        (
            BRAND
            + "feeds: [{name: a, source: site, options: {url: 'http://a', url: 'http://b'}}]\n",
            "2:60: feeds[0].options.url: given twice; the first one is at line 2",
        ),
        (
            BRAND + "? [a, b]\n: c\n",
            "2:3: '': a setting's name must be text, not a list or a mapping",
        ),
        # what is not text, list or mapping as it should be
        ("feeds: []\n", "1:1: brands: required, but missing"),
        ("brands: []\n", "1:9: brands: needs at least one entry"),
        ("brands: {name: a}\n", "1:9: brands: expected a list such as [one, two], got a mapping"),
        ("brands: [acme]\n", "1:10: brands[0]: expected a mapping of settings, got 'acme'"),
        (
            "brands: [{name: A, words: acme}]\n",
            "1:27: brands[0].words: expected a list such as ['acme'], got 'acme'",
        ),
        (
            "brands: [{name: [A], words: [acme]}]\n",
            "1:17: brands[0].name: expected text, got a list",
        ),
        (BRAND + "retention: {a: b}\n", "2:12: retention: expected text, got a mapping"),
        (BRAND + "database: [a]\n", "2:11: database: expected text, got a list"),
        (
            BRAND + "feeds: [{name: a, source: site, options: [a]}]\n",
            "2:42: feeds[0].options: expected a mapping of settings, got a list",
        ),
        (BRAND + "network: x\n", "2:10: network: expected a mapping of settings, got 'x'"),
        (BRAND + "heartbeat: x\n", "2:12: heartbeat: expected a mapping of settings, got 'x'"),
        (BRAND + "retention:\n", "2:11: retention: has no value: give it one or remove the line"),
        (
            "brands:\n- name: A\n  words: [a]\n  hashtags:\n  - #acme\n",
            "5:4: brands[0].hashtags[0]: has no value: give it one or remove the line "
            "(text that begins with # needs quotes)",
        ),
        ("brands: [{name: A, words: ['']}]\n", "1:28: brands[0].words[0]: is empty"),
        ("brands: [{name: ' ', words: [a]}]\n", "1:17: brands[0].name: is empty"),
        (
            "brands: [{name: " + "x" * 101 + ", words: [a]}]\n",
            "1:17: brands[0].name: is longer than 100 characters",
        ),
        # brands
        (
            "brands: [{name: Acme, team: support}]\n",
            "1:10: brands[0]: needs words, handles or hashtags to be recognised by",
        ),
        ("brands: [{words: [a]}]\n", "1:10: brands[0].name: required, but missing"),
        (
            "brands: [{name: Acme, words: [acme], exclude: [ACME]}]\n",
            "1:10: brands[0]: 'acme' is both watched for and excluded: it never matches",
        ),
        (
            "brands: [{name: A, words: [a], "
            "themes: [{name: t, words: [b]}, {name: t, words: [c]}]}]\n",
            "1:10: brands[0]: two themes are called 't': make one of them, or rename it",
        ),
        (
            "brands: [{name: A, words: [a], themes: [{name: refunds, words: [b]}]}]\n"
            "playbook: {notes: [{name: n, themes: [refund, refunds], text: x}]}\n",
            "2:39: playbook.notes[0].themes[0]: unknown theme 'refund'; did you mean 'refunds'?",
        ),
        (
            BRAND + "playbook: {notes: [{name: n, text: x}]}\n",
            "2:20: playbook.notes[0]: needs words or themes to be found by",
        ),
        (
            "brands: [{name: A, words: [a], themes: [{name: t, words: []}]}]\n",
            "1:58: brands[0].themes[0].words: needs at least one entry",
        ),
        (
            "brands: [{name: A, words: [{none: [a]}]}]\n",
            "1:28: brands[0].words[0]: a group needs words under 'any' or 'all'",
        ),
        (
            "brands: [{name: A, handles: ['a b']}]\n",
            "1:30: brands[0].handles[0]: expected a handle such as '@acme', got 'a b'",
        ),
        (
            "brands: [{name: A, hashtags: ['#']}]\n",
            "1:31: brands[0].hashtags[0]: expected a hashtag such as '#acme', got '#'",
        ),
        (
            "brands: [{name: A, words: [a], languages: [english]}]\n",
            "1:44: brands[0].languages[0]: expected a language code such as en or bg, "
            "got 'english'",
        ),
        (
            "brands: [{name: A, words: [a], false_alarms_per_month: 0}]\n",
            "1:56: brands[0].false_alarms_per_month: must be above 0, got '0'",
        ),
        (
            "brands: [{name: A, words: [a], false_alarms_per_month: few}]\n",
            "1:56: brands[0].false_alarms_per_month: expected a number, got 'few'",
        ),
        (
            "brands: [{name: A, words: [a], false_alarms_per_month: nan}]\n",
            "1:56: brands[0].false_alarms_per_month: expected a number, got 'nan'",
        ),
        (
            "brands: [{name: A, words: [a], false_alarms_per_month: 1e9}]\n",
            "1:56: brands[0].false_alarms_per_month: must be at most 10000, got '1e9'",
        ),
        (
            "brands: [{name: A, words: [a], pile_on_floor: 1}]\n",
            "1:47: brands[0].pile_on_floor: must be at least 2, got '1'",
        ),
        (
            "brands: [{name: A, words: [a], pile_on_floor: 2.5}]\n",
            "1:47: brands[0].pile_on_floor: expected a whole number, got '2.5'",
        ),
        # durations
        (
            BRAND + "retention: 5 minutes\n",
            "2:12: retention: expected a duration such as 30s, 5m or 2h, got '5 minutes'",
        ),
        (
            "brands: [{name: A, words: [a]}]\nfeeds:\n- name: a\n  source: bare\n"
            "  every: 5 minutes\n",
            "5:10: feeds[0].every: expected a duration such as 30s, 5m or 2h, got '5 minutes'",
        ),
        (
            BRAND + "feeds: [{name: a, source: bare, every: 0s}]\n",
            "2:40: feeds[0].every: expected a duration longer than zero, got '0s'",
        ),
        (
            BRAND + "feeds: [{name: a, source: bare, backfill: all}]\n",
            "2:43: feeds[0].backfill: expected a duration such as 30s, 5m or 2h, or none, "
            "got 'all'",
        ),
        (
            BRAND + "retention: 9999w\n",
            "2:12: retention: expected a duration of at most a hundred years, got '9999w'",
        ),
        # networks, addresses
        (
            BRAND + "network: {allow: [127.0.0.1/8]}\n",
            "2:19: network.allow[0]: expected a network such as 127.0.0.0/8, got '127.0.0.1/8'; "
            "did you mean '127.0.0.0/8'?",
        ),
        (
            BRAND + "network: {allow: [home]}\n",
            "2:19: network.allow[0]: expected a network such as 127.0.0.0/8, got 'home'",
        ),
        (
            BRAND + "network: {allow: [[a]]}\n",
            "2:19: network.allow[0]: expected a network such as 127.0.0.0/8, got a list",
        ),
        # names that refer to something
        (
            "brands: [{name: Acme, words: [a]}, {name: acme, words: [b]}]\n",
            "1:43: brands[1].name: line 1 has a brand 'Acme' already",
        ),
        (
            BRAND + "feeds: [{name: a, source: bare},\n {name: a, source: bare}]\n",
            "3:9: feeds[1].name: line 2 has a feed 'a' already",
        ),
        (
            BRAND + "notifiers: [{name: a, kind: screen},\n {name: a, kind: screen}]\n",
            "3:9: notifiers[1].name: line 2 has a notifier 'a' already",
        ),
        (
            BRAND + "feeds: [{name: a, source: sit}]\n",
            "2:27: feeds[0].source: unknown source 'sit'; did you mean 'site'?",
        ),
        (
            BRAND + "feeds: [{name: a, source: zzz}]\n",
            "2:27: feeds[0].source: unknown source 'zzz'; there are bare, site",
        ),
        (BRAND + "feeds: [{name: a}]\n", "2:9: feeds[0].source: required, but missing"),
        (
            BRAND + "notifiers: [{name: a, kind: scren}]\n",
            "2:29: notifiers[0].kind: unknown notifier 'scren'; did you mean 'screen'?",
        ),
        (BRAND + "notifiers: [{name: a}]\n", "2:13: notifiers[0].kind: required, but missing"),
        (
            BRAND + "feeds: [{name: a, source: bare, brands: [Amce]}]\n",
            "2:42: feeds[0].brands[0]: unknown brand 'Amce'; did you mean 'Acme'?",
        ),
        (
            BRAND + "notifiers: [{name: ops, kind: screen}]\nroutes: [{notify: [opps]}]\n",
            "3:20: routes[0].notify[0]: unknown notifier 'opps'; did you mean 'ops'?",
        ),
        (
            BRAND + "notifiers: [{name: ops, kind: screen, fallback: op}]\n",
            "2:49: notifiers[0].fallback: unknown notifier 'op'; did you mean 'ops'?",
        ),
        (
            BRAND + "notifiers: [{name: ops, kind: screen, fallback: ops}]\n",
            "2:49: notifiers[0].fallback: goes round in a circle (ops -> ops): nobody would stand "
            "in for the last one",
        ),
        (
            BRAND + "notifiers:\n"
            "  - {name: a, kind: screen, fallback: b}\n"
            "  - {name: b, kind: screen, fallback: c}\n"
            "  - {name: c, kind: screen, fallback: b}\n",
            "5:39: notifiers[2].fallback: goes round in a circle (c -> b -> c): nobody would stand "
            "in for the last one",
        ),
        (
            BRAND + "notifiers: [{name: ops, kind: screen, per_minute: 0}]\n",
            "2:51: notifiers[0].per_minute: expected messages a minute, from 1 to 9999, or none, "
            "got '0'",
        ),
        (
            BRAND + "notifiers: [{name: o, kind: screen}]\n"
            "routes: [{brands: [Acm], notify: [o]}]\n",
            "3:20: routes[0].brands[0]: unknown brand 'Acm'; did you mean 'Acme'?",
        ),
        (
            BRAND
            + "notifiers: [{name: o, kind: screen}]\nroutes: [{kinds: [spikes], notify: [o]}]\n",
            "3:19: routes[0].kinds[0]: expected one of spike, pile_on, surge, watch_blind, "
            "trouble, follow_up_due, got 'spikes'; did you mean 'spike'?",
        ),
        (
            BRAND + "routes: [{brands: [Acme]}]\n",
            "2:10: routes[0]: needs whom to tell: a team or notify",
        ),
        (BRAND + "routes: [{notify: []}]\n", "2:19: routes[0].notify: needs at least one entry"),
        # YAML that we do not take
        (
            BRAND + "retention: !!python/object/apply:os.system [id]\n",
            "2:12: retention: the tag '!!python/object/apply:os.system' is not understood here: "
            "every value is plain text (text that begins with ! needs quotes)",
        ),
        (
            BRAND + "database: !foo x\n",
            "2:11: database: the tag '!foo' is not understood here: every value is plain text "
            "(text that begins with ! needs quotes)",
        ),
        (
            BRAND + "!!str database: x\n",
            "2:1: database: the tag '!!str' is not understood here: every value is plain text "
            "(text that begins with ! needs quotes)",
        ),
        (
            "--- !foo\n" + BRAND,
            "1:5: the tag '!foo' is not understood here: every value is plain text "
            "(text that begins with ! needs quotes)",
        ),
        (
            BRAND + "database: &here x\n",
            "2:11: database: anchors and aliases (&here) are not understood: write the value out",
        ),
        (
            BRAND + "database: *there\n",
            "2:11: database: anchors and aliases (*there) are not understood: write the value out",
        ),
        (
            "*there\n",
            "1:1: anchors and aliases (*there) are not understood: write the value out",
        ),
        (
            BRAND + "---\nmore: x\n",
            "2:1: a second document begins here; a configuration is one document",
        ),
        (
            'brands: [{name: "a\\eb", words: [a]}]\n',
            "1:17: brands[0].name: holds a character that cannot be shown: 'a\\x1bb'",
        ),
        (
            'brands: [{name: A, words: ["\\ud83d"]}]\n',
            "1:28: brands[0].words[0]: holds a character that cannot be shown: '\\ud83d'",
        ),
        # what is no configuration at all
        ("", EMPTY),
        ("# nothing\n---\n", EMPTY),
        ("hello\n", "1:1: expected settings such as 'brands:', got 'hello'"),
        ("- a\n", "1:1: expected settings such as 'brands:', got a list"),
    ],
)
def test_each_mistake_is_one_clear_line(wrong: Wrong, text: str, problem: str) -> None:
    assert wrong(text) == [problem]


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("a: [1, 2\nb: 3\n", "2:2", "begins at line 1: expected ',' or ']'"),
        ("a: {b: c\nd: e\n", "2:2", "expected ',' or '}'"),
        ("a: @x\n", "1:4", "put it in quotes"),
        ("a:\n\t b: c\n", "2:1", "indent with spaces"),
        ("a: b: c\n", "1:5", "text that holds ': ' needs quotes"),
        ("a: 'b\n", "2:1", "close the quotes"),
        ("- a\nb: c\n", "2:1", "begin in the same column"),
        ('a: "\\q"\n', "1:6", "not YAML"),
        ("%YAML 9.9\n---\na: b\n", "1:1", "not YAML"),
        ("a: b\nc: \x00\n", "2:4", "the character U+0000, which no text may hold"),
        ("a: \x1b[31m\n", "1:4", "the character U+001B"),
        ('a: "\\UFFFFFFFF"\n', "1:1", "stands for no character"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(
    wrong: Wrong, text: str, at: str, words: str
) -> None:
    (problem,) = wrong(text)

    assert problem.startswith(f"{at}: ")
    assert words in problem


def test_all_mistakes_are_told_at_once_from_top_to_bottom(wrong: Wrong) -> None:
    problems = wrong(
        """\
databse: x
brands:
  - name: Acme
    wrods: [acme]
feeds:
  - {name: a, source: sit, every: 5 minutes}
  - {name: b, source: site, options: {url: "ftp://x.org", page: 3}}
notifiers:
  - {name: ops, kind: hook, secret: abc}
routes:
  - {brands: [Acm], notify: [opps]}
"""
    )

    assert [problem.split(": ")[1] for problem in problems] == [
        "databse",
        "brands[0].wrods",
        "feeds[0].source",
        "feeds[0].every",
        "feeds[1].options.url",
        "feeds[1].options.page",
        "notifiers[0].url",
        "notifiers[0].secret",
        "routes[0].brands[0]",
        "routes[0].notify[0]",
    ]


def test_a_value_that_could_not_be_read_is_not_judged_any_further(wrong: Wrong) -> None:
    (problem,) = wrong(BRAND + "retention: !!timestamp 5 minutes\n")

    assert "the tag" in problem


def test_a_feed_that_names_a_wrong_brand_is_not_blamed_for_it(wrong: Wrong) -> None:
    (problem,) = wrong(
        "brands: [{name: Acme, team: x}]\nfeeds: [{name: a, source: bare, brands: [Acme]}]\n"
    )

    assert "needs words" in problem


# ---------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("{}", "2:42: feeds[0].options.url: required, but missing"),
        (
            "{url: 'ftp://x.org'}",
            "2:48: feeds[0].options.url: expected a web address that begins with https:// or "
            "http://, got 'ftp://x.org'",
        ),
        (
            "{url: 'https://'}",
            "2:48: feeds[0].options.url: expected a web address such as "
            "https://example.com/feed, got 'https://'",
        ),
        (
            "{url: 'https://x y'}",
            "2:48: feeds[0].options.url: expected a web address such as "
            "https://example.com/feed, got 'https://x y'",
        ),
        (
            "{url: 'https://[x'}",
            "2:48: feeds[0].options.url: expected a web address, got 'https://[x'",
        ),
        (
            "{url: 'https://me:hush@x.org'}",
            "2:48: feeds[0].options.url: a user or password is never written in this file; "
            "remove it from the address",
        ),
        (
            "{url: 'https://hush@x.org'}",
            "2:48: feeds[0].options.url: a user or password is never written in this file; "
            "remove it from the address",
        ),
        (
            "{url: 'ftp://x.org/f?api_key=hush&tag=acme'}",
            "2:48: feeds[0].options.url: expected a web address that begins with https:// or "
            "http://, got 'ftp://x.org/f?api_key=***&tag=acme'",
        ),
        (
            "{url: 'https://x.org', is_whole: 'https://x.org/?token=hush'}",
            "2:75: feeds[0].options.is_whole: expected true or false, got "
            "'https://x.org/?token=***'",
        ),
        (
            "{url: 'ftp://me:hush@x.org'}",
            "2:48: feeds[0].options.url: expected a web address that begins with https:// or "
            "http://",
        ),
        ("{url: 'https://example.com'}", "2:48: feeds[0].options.url: is only an example"),
        (
            "{url: 'https://x.org', pages: 101}",
            "2:42: feeds[0].options: nobody reads more than 100 pages",
        ),
        (
            "{url: 'https://x.org', is_whole: perhaps}",
            "2:75: feeds[0].options.is_whole: expected true or false, got 'perhaps'",
        ),
        (
            "{url: 'https://x.org', order: old}",
            "2:72: feeds[0].options.order: expected one of newest, oldest, got 'old'; "
            "did you mean 'oldest'?",
        ),
        (
            "{url: 'https://x.org', gaps: [1s, soon]}",
            "2:76: feeds[0].options.gaps[1]: expected a duration such as 30s, 5m or 2h, got 'soon'",
        ),
        (
            "{url: 'https://x.org', tags: no}",
            "2:71: feeds[0].options.tags: expected a list such as ['no'], got 'no'",
        ),
        (
            "{url: 'https://x.org', token_env: TOKEN}",
            "2:76: feeds[0].options.token_env: is too short",
        ),
    ],
)
def test_wrong_options_are_told_where_they_stand(wrong: Wrong, options: str, problem: str) -> None:
    text = BRAND + f"feeds: [{{name: a, source: site, options: {options}}}]\n"

    assert wrong(text, {"TOKEN": "short"}) == [problem]


def test_options_left_out_whole_are_blamed_on_the_feed(wrong: Wrong) -> None:
    assert wrong(BRAND + "feeds: [{name: a, source: site}]\n") == [
        "2:9: feeds[0].options.url: required, but missing"
    ]


class _Unloadable(dict[str, type]):
    def __getitem__(self, kind: str) -> type:
        raise ConfigError((f"the source '{kind}' cannot be loaded (ImportError: no)",))


class NoOptions:
    pass


class OddOptions:
    @dataclass(frozen=True)
    class Options:
        what: Callable[[], "Nowhere"]  # type: ignore[name-defined]  # noqa: F821


class UnreadableOptions:
    @dataclass(frozen=True)
    class Options:
        pattern: re.Match[str]


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (_Unloadable(x=Site), "the source 'x' cannot be loaded (ImportError: no)"),
        ({"x": NoOptions}, "the source 'x' cannot be used: its Options are not a dataclass"),
        ({"x": OddOptions}, "the source 'x' cannot be used: its Options cannot be read from text"),
        ({"x": UnreadableOptions}, "the source 'x' cannot be used: its Options cannot be read"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_a_mistake_with_a_place(
    wrong: Wrong, sources: Mapping[str, type], words: str
) -> None:
    plugins = PlugIns(sources=sources, notifiers={})

    (problem,) = wrong(BRAND + "feeds: [{name: a, source: x}]\n", plugins=plugins)

    assert problem.startswith("2:27: feeds[0].source: ")
    assert words in problem


# ---------------------------------------------------------------- secrets
def a_hook(secret: str) -> str:
    return BRAND + f"notifiers: [{{name: a, kind: hook, url: 'https://x.org', {secret}}}]\n"


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (
            "secret_env: EMBER_SECRET",
            "2:69: notifiers[0].secret_env: the environment variable EMBER_SECRET is not set: "
            "export it or remove secret_env",
        ),
        (
            "secret_env: BLANK",
            "2:69: notifiers[0].secret_env: the environment variable BLANK is empty: "
            "give it a value or remove secret_env",
        ),
        (
            "secret: hush",
            "2:57: notifiers[0].secret: a secret is never written in this file: put it into an "
            "environment variable and name that in secret_env, or into a file and name that in "
            "secret_file",
        ),
        (
            "secret_env: SET, secret_file: x",
            "2:74: notifiers[0].secret_file: give secret_env or secret_file, not both",
        ),
        (
            "previous_secret_env: SET",
            "2:13: notifiers[0].secret_env: required, but missing (or give secret_file)",
        ),
        ("secret_env: [a]", "2:69: notifiers[0].secret_env: expected text, got a list"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told(wrong: Wrong, secret: str, problem: str) -> None:
    assert wrong(a_hook(secret), {"SET": "x", "BLANK": "  "}) == [problem]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file or directory; mend that or remove secret_file"),
        (b" \n", "is empty"),
        (b"x" * 65537, "is larger than any secret (64 kB)"),
        (b"\xff\xfe", "does not hold text in UTF-8"),
    ],
)
def test_a_secret_file_that_cannot_be_used_is_told(
    wrong: Wrong, tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)

    (problem,) = wrong(a_hook("secret_file: secret"))

    assert problem.startswith("2:70: notifiers[0].secret_file: ")
    assert str(tmp_path / "secret") in problem
    assert problem.endswith(words)


def test_a_secret_address_is_checked_but_never_shown(wrong: Wrong, read: Read) -> None:
    text = BRAND + "notifiers: [{name: a, kind: chat, url_env: CHAT}]\n"

    (problem,) = wrong(text, {"CHAT": "hush-hush"})
    config = read(text, {"CHAT": "https://me:hush@x.org"})

    assert problem == (
        "2:44: notifiers[0].url_env: what it holds is no web address: "
        "expected a web address that begins with https:// or http://"
    )
    assert config.notifiers[0].options == ChatOptions(url=Secret("https://me:hush@x.org"))


@pytest.mark.parametrize(
    ("heartbeat", "problem"),
    [
        (
            "{every: 1m}",
            "2:12: heartbeat.url_env: required, but missing (or give url_file)",
        ),
        (
            "{url_env: BEAT, evry: 1m}",
            "2:28: heartbeat.evry: unknown setting; did you mean 'every'?",
        ),
        (
            "{url_env: BEAT, every: often}",
            "2:35: heartbeat.every: expected a duration such as 30s, 5m or 2h, got 'often'",
        ),
    ],
)
def test_a_wrong_heartbeat_is_told(wrong: Wrong, heartbeat: str, problem: str) -> None:
    assert wrong(BRAND + f"heartbeat: {heartbeat}\n", {"BEAT": "https://x.org"}) == [problem]


# ---------------------------------------------------------------- the file itself
def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.yaml"

    with pytest.raises(ConfigError) as caught:
        read_config(path, PLUG_INS, {})

    assert caught.value.problems == (
        f"{path}: no such file: name another with --config, or write one: emberwatch init {path}",
    )


@pytest.mark.parametrize("name", ["my watch.yaml", "a;b.yaml", "it's.yaml"])
def test_what_to_type_is_one_word_for_the_shell_whatever_the_file_is_called(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    typed = []
    for _ in ("missing", "empty"):
        with pytest.raises(ConfigError) as caught:
            read_config(path, PLUG_INS, {})
        [problem] = caught.value.problems
        typed.append(shlex.split(problem[problem.index("emberwatch init") :]))
        path.touch()

    init = ["emberwatch", "init"]
    assert typed == [[*init, str(path)], [*init, "--force", str(path)]]


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path, PLUG_INS, {})

    assert caught.value.problems == (f"{tmp_path}: is a folder; name the file in it",)


def test_a_file_that_leads_nowhere_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.symlink_to(path)

    with pytest.raises(ConfigError) as caught:
        read_config(path, PLUG_INS, {})

    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: cannot be read: ")


def test_a_file_of_another_user_says_what_to_mend(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(BRAND)
    path.chmod(0)
    try:
        path.read_bytes()
    except PermissionError:
        pass
    else:
        pytest.skip("this user may read every file")

    with pytest.raises(ConfigError) as caught:
        read_config(path, PLUG_INS, {})

    assert caught.value.problems == (
        f"{path}: cannot be read: Permission denied; make it readable for the user who runs "
        "emberwatch",
    )


def test_a_name_that_no_file_can_bear_is_told_harmlessly() -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(Path("a\x00\x1b[31mb.yaml"), PLUG_INS, {})

    (problem,) = caught.value.problems
    assert problem.startswith("a\\x00\\x1b[31mb.yaml: cannot be read: ")


def test_text_that_is_not_utf_8_is_told_with_its_place(wrong: Wrong) -> None:
    assert wrong(b"retention: 90d\ndatabase: caf" + b"\xe9.db\n") == [
        "2:14: is not text in UTF-8; save the file as UTF-8"
    ]


def test_a_huge_file_is_refused(wrong: Wrong) -> None:
    assert wrong(b"#" * (4 * 1024 * 1024 + 1)) == [" is larger than 4 MB; is it a configuration?"]


def test_deep_nesting_is_refused_before_it_hurts(wrong: Wrong) -> None:
    assert wrong("brands: " + "[" * 1_000_000) == ["1:29: nested more than 20 levels deep"]


# ---------------------------------------------------------------- scorers
def test_without_a_word_of_it_the_default_scorer_judges(read: Read) -> None:
    assert read(BRAND).scorer == ScorerSettings(kind="auto", options=None)


@pytest.mark.parametrize("written", ["judge", "{kind: judge}", '" judge "'])
def test_a_scorer_is_chosen_by_its_name(read: Read, written: str) -> None:
    assert read(BRAND + f"scorer: {written}\n").scorer == ScorerSettings(kind="judge")


def test_the_options_of_a_scorer_stand_beside_its_kind(read: Read, tmp_path: Path) -> None:
    scorer = read(BRAND + "scorer: {kind: court, folder: seat, judges: 5}\n").scorer
    assert scorer.kind == "court"
    assert scorer.options == Court.Options(folder=tmp_path / "seat", judges=5)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("juge", "2:9: scorer: unknown scorer 'juge'; did you mean 'judge'?"),
        ("zzz", "2:9: scorer: unknown scorer 'zzz'; there are court, judge"),
        (
            "{kind: judg}",
            "2:16: scorer.kind: unknown scorer 'judg'; did you mean 'judge'?",
        ),
        (
            "{kind: judge, judges: 3}",
            "2:23: scorer.judges: unknown setting",
        ),
        (
            "{kind: court, folder: x, juges: 3}",
            "2:34: scorer.juges: unknown setting; did you mean 'judges'?",
        ),
        ("{kind: court, folder: x, judges: 4}", "2:42: scorer.judges: may come to no majority"),
        ("{judges: 3}", "2:9: scorer.kind: required, but missing"),
        ("court", "2:9: scorer.folder: required, but missing"),
        (
            "[judge]",
            "2:9: scorer: expected a scorer such as auto, or a mapping such as {kind: auto}",
        ),
        ('""', "2:9: scorer: is empty"),
    ],
)
def test_a_scorer_that_cannot_be_is_refused_at_its_place(
    wrong: Wrong, written: str, problem: str
) -> None:
    assert wrong(BRAND + f"scorer: {written}\n") == [problem]


def test_a_scorer_that_cannot_be_loaded_is_refused_with_the_reason(wrong: Wrong) -> None:
    class Broken(dict[str, type]):
        def __getitem__(self, kind: str) -> type:
            raise ConfigError((f"the scorer '{kind}' cannot be loaded",))

    plugins = PlugIns(sources={}, notifiers={}, scorers=Broken(judge=Judge))
    assert wrong(BRAND + "scorer: judge\n", {}, plugins) == [
        "2:9: scorer: the scorer 'judge' cannot be loaded"
    ]


@pytest.mark.parametrize(
    ("written", "limit"), [("20", Limit(most=20)), ("none", Limit(most=None)), (None, None)]
)
def test_a_notifier_has_the_limit_that_is_written(
    read: Read, written: str | None, limit: Limit | None
) -> None:
    key = "" if written is None else f", per_minute: {written}"
    config = read(BRAND + f"notifiers: [{{name: a, kind: screen{key}}}]\n")
    assert config.notifiers[0].per_minute == limit
    assert config.notifiers[0].fallback == ""


def test_a_notifier_has_the_fallback_that_is_written(read: Read) -> None:
    config = read(
        BRAND + "notifiers: [{name: a, kind: screen, fallback: b},\n"
        " {name: b, kind: screen, fallback: c}, {name: c, kind: screen}]\n"
    )
    assert [each.fallback for each in config.notifiers] == ["b", "c", ""]
