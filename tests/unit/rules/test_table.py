"""Decisions of a routing table (reference: [routes])."""

from __future__ import annotations

from rim_router.rules.names import Pattern
from rim_router.rules.policy import Policy
from rim_router.rules.source import Source
from rim_router.rules.table import Decision, Index, Kind, Route, RoutingTable, Target
from rim_router.rules.urls import HostPattern, Origin

SOURCE = Source("project", "./index-routing.toml")
ACME = Index(
    "acme",
    "https://u:p@acme.example/simple",
    SOURCE,
    mirrors=("https://m.example/simple",),
    external_hosts=(HostPattern("cdn.example"), HostPattern("", wildcard=True)),
)
PYPI = Index("pypi", "https://pypi.org/simple", SOURCE)


class Never:
    """A marker that holds nowhere."""

    def evaluate(self, environment: dict[str, str] | None = None) -> bool:
        """Say so."""
        assert environment == {"extra": ""}
        return False


def table(*routes: Route) -> RoutingTable:
    return RoutingTable([(route.pattern, (route,)) for route in routes], Policy(), (SOURCE,))


def route(pattern: str, *targets: Target) -> Route:
    return Route(Pattern.parse(pattern), targets, SOURCE)


TO_ACME = Target(Kind.INDEXES, (ACME,))


def test_names_are_normalised_before_they_are_looked_up() -> None:
    """However they are spelt."""
    assert str(table(route("acme-*", TO_ACME)).route("Acme_Core")) == (
        "Routing acme-core to acme (acme-* in ./index-routing.toml)"
    )


def test_a_name_is_decided_once() -> None:
    """A marker, or a change of the environment, cannot give two answers in one pip run."""
    made = table(route("acme-*", TO_ACME))
    assert made.route("acme-x") is made.route("Acme.X")


def test_unclaimed_names_are_pips() -> None:
    """As are those that a route gives to pip."""
    made = table(route("acme-*", TO_ACME), route("django", Target(Kind.PIP)))
    assert made.route("flask") == Decision("flask", None, Target(Kind.PIP))
    assert not made.route("flask").claimed
    assert not made.route("django").claimed
    assert made.route("acme-x").claimed
    assert str(made.route("flask")) == "flask is left to pip"


def test_a_route_of_which_no_marker_holds_is_as_if_absent() -> None:
    """The next pattern decides, and the route that was passed over is remembered."""
    absent = route("acme-x", Target(Kind.DENY, reason="no", marker=Never()))
    made = table(absent, route("acme-*", TO_ACME), route("*", Target(Kind.INDEXES, (PYPI,))))
    decision = made.route("acme-x")
    assert decision.indexes == (ACME,)
    assert decision.passed_over == (absent,)
    assert [str(other.pattern) for other in decision.also_matched] == ["*"]
    assert table(absent).route("acme-x").passed_over == (absent,)
    assert not table(absent).route("acme-x").claimed


def test_the_first_target_whose_marker_holds_is_used() -> None:
    """The rest is not looked at."""
    made = table(route("x", Target(Kind.DENY, marker=Never()), TO_ACME, Target(Kind.DENY)))
    assert made.route("x").target is TO_ACME


def test_in_turn_needs_several_indexes() -> None:
    """One index is asked in any case."""
    one = Target(Kind.INDEXES, (ACME,), "index-priority")
    two = Target(Kind.INDEXES, (ACME, PYPI), "index-priority")
    merged = Target(Kind.INDEXES, (ACME, PYPI), "version-priority")
    made = table(route("one", one), route("two", two), route("merged", merged))
    assert [made.route(name).in_turn for name in ("one", "two", "merged")] == [False, True, False]


def test_own_origins_are_those_of_the_url_and_the_mirrors() -> None:
    """And for PyPI its file host."""
    made = table(route("x", Target(Kind.INDEXES, (ACME, PYPI))))
    assert {str(origin) for origin in made.route("x").origins} == {
        "https://acme.example",
        "https://m.example",
        "https://pypi.org",
        "https://files.pythonhosted.org",
    }


def test_the_first_entry_that_covers_a_host_is_named() -> None:
    """For the log."""
    assert ACME.lists_host(Origin("https", "cdn.example", 443)) == HostPattern("cdn.example")
    assert ACME.lists_host(Origin("https", "other.example", 443)) == HostPattern("", wildcard=True)
    assert PYPI.lists_host(Origin("https", "other.example", 443)) is None


def test_credentials_are_not_shown() -> None:
    """Wherever an index is named."""
    assert str(ACME) == "acme (https://****@acme.example/simple)"


def test_an_index_may_lie_in_the_file_system() -> None:
    """Then it works without a network."""
    assert Index("local", "file:///srv/simple", SOURCE).is_local
    assert not ACME.is_local


def test_a_source_is_shown_with_its_line_if_it_has_one() -> None:
    """The line is looked up when it is shown."""
    assert str(SOURCE) == "./index-routing.toml"
    assert str(Source("user", "x.toml", ("routes", "a"), lambda key: len(key))) == "x.toml:2"


def test_no_file_means_not_in_force() -> None:
    """Then pip is left alone."""
    assert not RoutingTable((), Policy(), ()).in_force
