"""``min-age``: for any page and age, what is taken is what an obvious model takes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from rim_router.rules.age import AgedFile, age_for
from rim_router.rules.names import Pattern
from rim_router.rules.page_metadata import upload_times
from rim_router.rules.policy import Policy
from rim_router.rules.source import Source
from rim_router.rules.table import Decision, Index, Kind, Route, Target
from rim_router.rules.verdict import Verdict

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
SOURCE = Source("project", "./index-routing.toml")
AGES = st.one_of(
    st.none(), st.builds("{}d".format, st.integers(0, 20)), st.builds("{}h".format, st.integers(0, 400))
)
FILES = st.lists(
    st.tuples(st.integers(1, 9), st.one_of(st.none(), st.integers(-24, 500))), max_size=12
)  # version, hours since it was uploaded


def hours(text: str) -> int:
    return int(text[:-1]) * (24 if text[-1] == "d" else 1)


@given(
    files=FILES, of_route=AGES, of_index=AGES, of_policy=AGES, exempt=st.one_of(st.none(), st.integers(1, 9))
)
def test_what_is_taken(
    files: list[tuple[int, int | None]],
    of_route: str | None,
    of_index: str | None,
    of_policy: str | None,
    exempt: int | None,
) -> None:
    """One file after the other, by hand."""
    page = {"files": []}  # type: dict[str, list[dict[str, str]]]
    for version, age in files:
        entry = {"url": f"../x-{version}.tar.gz"}
        if age is not None:
            entry["upload-time"] = (NOW - timedelta(hours=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
        page["files"].append(entry)
    times = upload_times(json.dumps(page).encode(), "application/vnd.pypi.simple.v1+json", "https://x/a/")

    index = Index("pypi", "https://pypi.example/simple", SOURCE, min_age=of_index)
    specifier = None if exempt is None else SpecifierSet(f"=={exempt}")
    target = Target(Kind.INDEXES, (index,), min_age=of_route, exempt=specifier)
    decision = Decision("x", Route(Pattern("x", False), (target,), SOURCE), target)
    rule = age_for(decision, index, Policy(min_age=of_policy, sources={"min-age": SOURCE}))
    fine = Verdict(True, "URL", False, "fine")
    taken = {
        name
        for name, time in times.items()
        if rule is None or rule.judge(fine, AgedFile(name, time), decision, "", NOW).allowed
    }

    word = next((each for each in (of_route, of_index, of_policy) if each is not None), "0d")
    expected = set()
    for version in {version for version, _ in files}:
        ages = [age for each, age in files if each == version]
        is_old = all(age is not None and age >= hours(word) for age in ages)
        if hours(word) == 0 or is_old or version == exempt:
            expected.add(f"x-{version}.tar.gz")
    assert taken == expected
