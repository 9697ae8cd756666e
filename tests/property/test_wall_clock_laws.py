"""Laws of what hosts say of our clock: liars in the minority change nothing, whatever they say."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from emberwatch.core.detect.wall_clock import Compared, WallClock, compare, heard
from tests.build import NOON, minutes

SECONDS = st.timedeltas(-timedelta(seconds=20), timedelta(seconds=20))
ANYTHING = st.timedeltas(-timedelta(days=36525), timedelta(days=36525))
ALIKE = st.text("0123456789 :,.+-GMTSunNov", max_size=40)
"""What looks like a date now and then."""
LIARS = st.integers(1, 4)


@st.composite
def looks(draw: st.DrawFn, off: timedelta) -> list[list[Compared]]:
    """Draw looks at the answers of honest hosts, and of fewer that say anything at all."""
    liars = draw(LIARS)
    names = [f"honest{number}.example" for number in range(liars + 1)]
    names += [f"liar{number}.example" for number in range(liars)]

    def said(name: str, at: datetime) -> Compared:
        ahead = off + draw(SECONDS) if name.startswith("honest") else draw(ANYTHING)
        return Compared(host=name, at=at, ahead=ahead)

    turns = draw(st.integers(1, 6))
    return [
        [said(name, NOON + minutes(turn)) for name in draw(st.permutations(names))]
        for turn in range(turns)
    ]


def troubles(looks: list[list[Compared]]) -> list[str | None]:
    """Return what people must know after each look."""
    clock, found = WallClock(), []
    for answers in looks:
        clock = heard(clock, answers)
        found.append(clock.trouble)
    return found


@given(looks(timedelta()))
def test_a_right_clock_is_right_whatever_fewer_hosts_than_half_say(
    looks: list[list[Compared]],
) -> None:
    assert set(troubles(looks)) == {""}


@given(st.data(), st.sampled_from([-3, -1, 1, 3, 90000]))
def test_a_wrong_clock_is_wrong_whatever_fewer_hosts_than_half_say(
    data: st.DataObject, hours: int
) -> None:
    said = troubles(data.draw(looks(timedelta(hours=hours))))
    assert all(said)
    assert ("ahead" if hours > 0 else "behind") in (said[-1] or "")


@given(st.dictionaries(st.sampled_from(["date", "age"]), ALIKE | st.text(max_size=40)))
def test_whatever_a_host_writes_there_can_be_read(headers: dict[str, str]) -> None:
    told = compare("a.example", headers, NOON, NOON)
    assert told is None or "date" in headers


@given(st.datetimes(), st.sampled_from(["%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"]))
def test_any_date_of_two_hosts_can_be_told(date: datetime, form: str) -> None:
    hosts = ("a.example", "b.example")
    told = [compare(host, {"date": date.strftime(form)}, NOON, NOON) for host in hosts]
    clock = heard(WallClock(), [each for each in told if each is not None])
    assert clock.trouble is None or isinstance(clock.trouble, str)
