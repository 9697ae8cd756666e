"""What people complained about, from stored mentions to the command."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from emberwatch.cli.main import main
from emberwatch.ports import Ledger
from emberwatch.store.sqlite import open_store
from tests.build import NOON, a_mention
from tests.complaints import CALM, TALK

CONFIG = """
database: watch.db
brands:
  - name: Acme
    words: [acme]
    themes:
      - {name: phone, words: ["on hold", "hold music"]}
      - {name: weather, words: ["rain*"]}
  - {name: Other, words: [other]}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd):
    """Run the command over four weeks of two matters, the last three times as loud."""
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(CONFIG)
    mentions = []
    for week, times in ((0, 3), (1, 1), (2, 1), (3, 1)):
        at = NOON - timedelta(days=7 * week, hours=1)
        texts = [(text, 0.8) for matter in TALK["en"] for text in matter * times]
        texts += [(text, 0.0) for text in CALM["en"] * 3]
        mentions += [
            a_mention(
                f"{week}-{n}", text=f"Acme {text}", anger=anger, at=at, author=f"a{week}-{n}",
                url=f"https://town.example/{week}-{n}",
            )
            for n, (text, anger) in enumerate(texts)
        ]  # fmt: skip
    mentions = [
        replace(each, themes=("phone",)) if "hold" in each.post.text else each for each in mentions
    ]
    store = open_store(tmp_path / "watch.db")
    with store.writing() as tx:
        tx.record(
            Ledger(
                posts=tuple(each.post for each in mentions),
                mentions=tuple(mentions),
                clock=NOON,
            )
        )
    store.close()

    def run(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["themes", *arguments])
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def rows(said: tuple[int, str, str]) -> list[dict]:
    assert said[0] == 0, said
    return [json.loads(line) for line in said[1].splitlines()]


def test_a7_themes_are_told_with_counts_trend_and_examples(run) -> None:
    told = rows(run("--brand", "Acme", "--json"))
    (phone, weather) = (row for row in told if row["kind"] == "yours")
    parcels = next(row for row in told if row["kind"] == "discovered")
    assert (phone["theme"], phone["kind"], phone["voices"]) == ("phone", "yours", 18)
    assert (phone["before"], phone["trend"]) == ([6, 6, 6], 3.0)
    assert (parcels["kind"], parcels["voices"]) == ("discovered", 18)
    assert {"parcel", "courier"} <= set(parcels["words"])
    assert (parcels["before"], parcels["trend"]) == ([6, 6, 6], 3.0)
    assert len(parcels["examples"]) == 3
    assert parcels["examples"][0]["url"].startswith("https://town.example/0-")
    assert (weather["theme"], weather["posts"]) == ("weather", 0)


def test_r11_a_theme_that_keeps_coming_back_is_reported_for_the_owner_of_the_policy(run) -> None:
    told = {row["theme"]: row["recurs"] for row in rows(run("--brand", "Acme", "--json"))}
    assert (told["phone"], told["weather"]) == (True, False)
    out = run("--brand", "Acme")[1]
    assert "Keeps coming back: phone in 50% of the angry posts" in out


def test_a_new_theme_is_found_in_posts_that_came_before_it(run) -> None:
    Path("config.yaml").write_text(CONFIG.replace("rain*", "courier*"))
    first = {row["theme"]: row for row in rows(run("--brand", "Acme", "--json"))}["weather"]
    assert (first["voices"], first["before"]) == (18, [6, 6, 6])


def test_a_week_of_the_calendar_is_told(run) -> None:
    # noon is that of a Monday, so its own talk is of the week after
    phone = rows(run("--week", "2026-W09", "--brand", "Acme", "--json"))[1]
    assert (phone["since"], phone["until"]) == (
        "2026-02-23T00:00:00.000Z",
        "2026-03-02T00:00:00.000Z",
    )
    assert (phone["theme"], phone["voices"], phone["before"]) == ("phone", 6, [6, 6])


def test_people_read_a_table_and_what_nobody_spoke_of(run) -> None:
    code, out, _ = run()
    assert code == 0
    head, heading, first, *_ = out.splitlines()
    assert head == "Acme 2026-02-23 12:00:00 to 2026-03-02 12:00:00 UTC"
    assert heading.split("\t")[:3] == ["theme", "kind", "anger"]
    assert first.split("\t")[3:7] == ["18", "18", "50%", "3.0 times (6 6 6)"]
    assert "Nobody spoke of: weather" in out
    assert "Other 2026" in out
    assert "nothing before" in run("--days", "30", "--brand", "Acme")[1]


def test_posts_in_which_no_theme_is_discovered_are_told(run) -> None:
    told = (
        "荷物がまた届かない、電話も出ない",
        "Acmeの荷物が届かない",
        "Acme最高、ありがとう",
        "Acme: hold music 音楽音楽音楽音楽",
    )
    angers = (0.9, 0.8, 0.0, 0.9)
    strange = [
        a_mention(f"ja-{n}", text=text, anger=anger, at=NOON - timedelta(hours=1), author=f"j{n}")
        for n, (text, anger) in enumerate(zip(told, angers, strict=True))
    ]
    mute = a_mention("mute", anger=None, at=NOON - timedelta(hours=1), author="m", text="acme hm")
    mute = replace(mute, score=replace(mute.score, judged=False, sentiment=None))
    with closing(open_store(Path("watch.db"))) as store, store.writing() as tx:
        both = (*strange, mute)
        tx.record(Ledger(posts=tuple(each.post for each in both), mentions=both))
    for more in ((), ("--json",)):
        code, _, err = run("--brand", "Acme", *more)
        assert code == 0
        assert err.splitlines() == [
            "Acme: no theme is discovered in 2 complaints without spaces between words (Japanese, "
            "Chinese, Thai and the like): name what you look for under 'themes', which is found "
            "there",
            "Acme: no theme is discovered in 1 post that could not be judged: what you name under "
            "'themes' is found there",
        ]


def test_where_every_post_was_read_nothing_is_told_to_be_left_out(run) -> None:
    assert run("--brand", "Acme")[2] == ""


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--week", "soon"), "expected a week such as 2026-W47, got 'soon'"),
        (("--week", "2026-W99"), "expected a week such as 2026-W47"),
        (("--week", "0001-W01"), "expected a week such as 2026-W47"),
        (("--week", "2026-W09", "--days", "3"), "give --week or --days, not both"),
        (("--brand", "Acne"), "unknown brand 'Acne'; did you mean 'Acme'?"),
    ],
)
def test_what_makes_no_sense_is_said(run, arguments: tuple[str, ...], why: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert why in err
