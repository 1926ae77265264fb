"""``min-age``: ages, upload times, clocks, and what is exempt."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from rim_router.hooks.ages import date_in
from rim_router.rules.age import AgedFile, age_for, parse_age
from rim_router.rules.filenames import version_of
from rim_router.rules.names import Pattern
from rim_router.rules.page_metadata import upload_times
from rim_router.rules.policy import Policy
from rim_router.rules.source import Source
from rim_router.rules.table import Decision, Index, Kind, Route, Target
from rim_router.rules.times import clock, parse_time
from rim_router.rules.verdict import Verdict

NOW = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)
SOURCE = Source("project", "./index-routing.toml")
PAGE = "https://x.example/simple/a/"
JSON = "application/vnd.pypi.simple.v1+json"


@pytest.mark.parametrize(
    ("text", "hours"),
    [("7d", 168), ("36h", 36), ("1d12h", 36), ("0d", 0), ("0h", 0), (" 7d ", 168)],
)
def test_ages(text: str, hours: int) -> None:
    assert parse_age(text) == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["", "7", "d", "7 d", "-7d", "7D", "1h1d", "7w", "1.5d", "٧d", "7dh", "100000d"]
)
def test_what_is_no_age(text: str) -> None:
    assert parse_age(text) is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-03T12:00:00Z", "2026-01-03T12:00:00+00:00"),
        ("2026-01-03t12:00:00.999999z", "2026-01-03T12:00:00+00:00"),
        ("2026-01-03T12:00:00+02:00", "2026-01-03T10:00:00+00:00"),
        ("2026-01-03T12:00:00-02:30", "2026-01-03T14:30:00+00:00"),
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59+00:00"),
    ],
)
def test_upload_times(text: str, time: str) -> None:
    found = parse_time(text)
    assert found is not None
    assert found.isoformat() == time


@pytest.mark.parametrize(
    "value",
    [
        None,
        0,
        "",
        "yesterday",
        "2026-01-03",
        "2026-01-03T12:00:00",
        "2026-13-03T12:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "2026-01-03T12:00:00+99:00",
        "2026-01-03T12:00:00-00:60",
        "2026-01-03T12:00:61Z",
    ],
)
def test_what_is_no_upload_time(value: object) -> None:
    """Without a zone it could be any."""
    assert parse_time(value) is None


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        ("acme_core-1.0-py3-none-any.whl", "1.0"),
        ("acme_core-1.0-py3-none-any.rim", "1.0"),
        ("acme-core-1.0.tar.gz", "1.0"),
        ("Acme.Core-1.0-1.zip", "1.0-1"),
        ("other-1.0.tar.gz", ""),
        ("acme_core.whl", ""),
        ("acme-core.tar.gz", ""),
    ],
)
def test_versions(filename: str, version: str) -> None:
    assert version_of(filename, "acme-core") == version


class TestPages:
    """What a page says of its files' times."""

    def test_json(self) -> None:
        """By file name; what is said twice counts as it makes a file younger."""
        page = (
            b'{"files": [{"url": "a-1.whl", "upload-time": "2026-01-01T00:00:00Z"},'
            b'{"url": "https://x.example/b-1.whl#sha256=0", "upload-time": "2026-01-01T00:00:00Z"},'
            b'{"url": "y/b-1.whl", "upload-time": "2026-01-02T00:00:00Z"},'
            b'{"url": "c-1.whl", "upload-time": "2026-01-01T00:00:00Z"}, {"url": "c-1.whl"},'
            b'{"url": 1}, 2]}'
        )
        found = upload_times(page, JSON, PAGE)
        assert {name: time and time.day for name, time in found.items()} == {
            "a-1.whl": 1,
            "b-1.whl": 2,
            "c-1.whl": None,
        }

    def test_a_key_that_is_repeated(self) -> None:
        """Each of its values counts, as it makes a file younger."""
        young, old = "2026-02-01T00:00:00Z", "2020-01-01T00:00:00Z"
        for times in ((young, old), (old, young)):
            said = ", ".join(f'"upload-time": "{time}"' for time in times)
            found = upload_times(f'{{"files": [{{"url": "a-1.whl", {said}}}]}}'.encode(), JSON, PAGE)
            assert found["a-1.whl"] == parse_time(young)
        first = b'{"files": [{"url": "a-1.whl", "upload-time": "2020-01-01T00:00:00Z"}]'
        twice = first + b', "files": [{"url": "a-1.whl"}]}'
        assert upload_times(twice, JSON, PAGE)["a-1.whl"] is None

    @pytest.mark.parametrize(
        "url",
        ["x/a-1+b.whl/", "x/q%2Fa-1%2Bb.whl", "a-1%252Bb.whl?x#y", "a-1+b.whl", "a-1+b.whl;", "a-1+b.whl/."],
    )
    def test_every_reading_of_a_url(self, url: str) -> None:
        """pip's own differ in when they unquote what."""
        page = f'{{"files": [{{"url": "{url}", "upload-time": "2026-01-01T00:00:00Z"}}]}}'
        assert "a-1+b.whl" in upload_times(page.encode(), JSON, PAGE)

    def test_html(self) -> None:
        """It says nothing, and nor does what is no page."""
        assert upload_times(b'<a href="a-1.whl">a</a>', "text/html", PAGE) == {}
        assert upload_times(b"[]", JSON, PAGE) == {}
        assert upload_times(b"{", JSON, PAGE) == {}


def decision(**target: object) -> Decision:
    made = Target(Kind.INDEXES, (index(),), **target)
    return Decision("x", Route(Pattern("x", False), (made,), SOURCE), made)


def index(min_age: str | None = None) -> Index:
    return Index("pypi", "https://pypi.example/simple", SOURCE, min_age=min_age)


def policy(min_age: str | None = "7d") -> Policy:
    source = SOURCE if min_age else None
    return Policy(min_age=min_age, sources={"min-age": SOURCE} if min_age else {}, lowest_age=source)


class TestWhatHolds:
    """The narrowest word counts."""

    @pytest.mark.parametrize(
        ("route", "of_index", "of_policy", "text"),
        [
            (None, None, "7d", "7d"),
            (None, "1d", "7d", "1d"),
            ("2d", "1d", "7d", "2d"),
            ("0d", "1d", "7d", None),
            (None, "0d", "7d", None),
            (None, None, None, None),
        ],
    )
    def test_order(
        self, route: str | None, of_index: str | None, of_policy: str | None, text: str | None
    ) -> None:
        age = age_for(decision(min_age=route), index(of_index), policy(of_policy))
        assert (None if age is None else age.text) == text
        assert age is None or age.is_policy == (route is None and of_index is None)

    def test_exempt(self) -> None:
        """By the route, or for one command; the version has to be known, and to be one."""
        age = age_for(
            decision(exempt=SpecifierSet("==1.0")), index("7d"), Policy(), {"x": [SpecifierSet("==2.0")]}
        )
        assert age is not None
        assert age.exempts("1.0") == "min-age-exempt in ./index-routing.toml"
        assert age.exempts("2.0") == "RIM_ROUTER_MIN_AGE_EXEMPT"
        assert [age.exempts(each) for each in ("1.1", "1.0.post1", "", "x")] == [None] * 4


class TestVerdicts:
    """What is said of one file."""

    def judged(
        self,
        uploaded: datetime | None,
        filename: str = "x-2.0.tar.gz",
        pinned: str | None = None,
        least: str = "7d",
        of_policy: str | None = None,
    ) -> Verdict:
        age = age_for(decision(min_age=None if of_policy else least), index(), policy(of_policy))
        assert age is not None
        file = AgedFile(filename, uploaded, pinned)
        return age.judge(Verdict(True, "URL", False, "fine"), file, decision(), "1.0", NOW)

    def test_old_enough(self) -> None:
        """To the second."""
        assert self.judged(NOW - timedelta(days=7)).reason == "fine"
        assert not self.judged(NOW - timedelta(days=7) + timedelta(seconds=1)).allowed

    def test_too_new(self) -> None:
        """It says what a person needs."""
        verdict = self.judged(NOW - timedelta(days=1))
        assert verdict.reason == (
            "uploaded on 2026-01-09 12:00 UTC and old enough on 2026-01-16 12:00 UTC: "
            'min-age is "7d" in ./index-routing.toml; the newest that is old enough is 1.0'
        )
        assert str(verdict.remedy) == (
            "wait until 2026-01-16 12:00 UTC; or, if you need it now, set "
            'RIM_ROUTER_MIN_AGE_EXEMPT="x==2.0" for this command'
        )

    @pytest.mark.parametrize("year", [1, 9999])
    def test_any_time_that_an_index_says(self, year: int) -> None:
        """At the ends of the calendar as well."""
        far = datetime(year, 12, 31, 23, tzinfo=timezone.utc)
        assert self.judged(far).allowed == (year == 1)

    def test_by_a_policy(self) -> None:
        """Nothing loosens that for one command."""
        verdict = self.judged(NOW, of_policy="7d")
        assert 'policy.min-age is "7d"' in verdict.reason
        assert 'add min-age-exempt = "==2.0" to the route x in ./index-routing.toml' in str(verdict.remedy)

    def test_unknown(self) -> None:
        """No time is not an old one."""
        verdict = self.judged(None)
        assert not verdict.allowed
        assert "does not say when it was uploaded" in verdict.reason
        assert 'add min-age = "0d" to the route x' in str(verdict.remedy)

    def test_pinned(self) -> None:
        """The user's own word; what speaks against it is kept to be said."""
        verdict = self.judged(None, pinned="pinned in ./pylock.external.toml")
        assert verdict.allowed
        assert verdict.although.endswith("it is exempt (pinned in ./pylock.external.toml)")


@pytest.mark.parametrize(
    ("server", "now", "said"),
    [
        (None, NOW, None),
        (NOW + timedelta(minutes=59), NOW, None),
        (NOW + timedelta(hours=2), NOW, "the clock here is 2 hours behind"),
        (NOW - timedelta(hours=1), NOW - timedelta(hours=1), "the clock here is 1 hour ahead"),
        (NOW - timedelta(days=9), NOW - timedelta(days=9), "the clock here is 9 days ahead"),
    ],
)
def test_clocks(server: datetime | None, now: datetime, said: str | None) -> None:
    """The earlier of the two counts: by neither is a file older than it is."""
    assert clock(NOW, server) == (now, said)


HOURS = st.integers(-100, 100).map(lambda hours: timedelta(hours=hours))


@given(HOURS, HOURS.map(abs), st.booleans())
def test_a_cache(differs: timedelta, kept: timedelta, is_dated_anew: bool) -> None:
    """Whether it gives the time at which an answer was made or passed on, a right clock is not blamed."""
    server = NOW + differs
    date = server if is_dated_anew else server - kept
    now, said = clock(NOW, date, kept)
    assert now <= NOW
    if not differs:
        assert said is None
    if now < NOW:
        assert now == date
    if not kept:
        assert (said is None) == (abs(differs) < timedelta(hours=1))


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"Date": "Sat, 10 Jan 2026 12:00:00 GMT"}, 0),
        ({"Date": "Sat, 10 Jan 2026 12:00:00 -0000", "Age": "60"}, 60),
        ({"Date": "Sat, 10 Jan 2026 12:00:00", "Age": "-60"}, 0),
        ({"Date": "Sat, 10 Jan 2026 12:00:00 GMT", "Age": "9" * 30}, 0),
    ],
)
def test_headers(headers: dict[str, str], kept: int) -> None:
    """Without a zone it is that of HTTP, whatever the zone here."""
    assert date_in(headers) == (NOW, timedelta(seconds=kept))


@pytest.mark.parametrize("date", [None, "", "yesterday", "Sat, 99 Jan 2026 12:00:00 GMT"])
def test_no_date(date: str | None) -> None:
    """Then the clock here counts."""
    assert date_in({} if date is None else {"Date": date, "Age": "60"})[0] is None
