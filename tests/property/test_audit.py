"""The state of what is installed, for whatever was recorded and whatever the table says today."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from rim_router.rules.audit import COPIED, WRONG, Found, State, audit, finding, notes
from rim_router.rules.names import Pattern
from rim_router.rules.pins import Pin, Pins
from rim_router.rules.policy import Policy
from rim_router.rules.provenance import INDEX, LINKS, LOCK, PIP, REFERENCE, Provenance
from rim_router.rules.source import Source
from rim_router.rules.table import Index, Kind, Route, RoutingTable, Target
from rim_router.rules.urls import HostPattern

SOURCE = Source("project", "./index-routing.toml")
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
GOOD, OTHER = "0" * 64, "1" * 64
ACME = Index(
    "acme", "https://ci:token@acme.example/simple", SOURCE,
    mirrors=("https://mirror.example/simple/",), external_hosts=(HostPattern("cdn.example"),),
)  # fmt: skip
PYPI = Index("pypi", "https://pypi.org/simple", SOURCE)
UNSET = Index("later", "https://${RIM_ROUTER_T}@later.example/simple", SOURCE, unset=("RIM_ROUTER_T",))
TARGETS = {
    "acme": Target(Kind.INDEXES, (ACME,)),
    "both": Target(Kind.INDEXES, (ACME, PYPI)),
    "unset": Target(Kind.INDEXES, (UNSET,)),
    "deny": Target(Kind.DENY, reason="retired"),
    "pip": Target(Kind.PIP),
    "nothing": None,
}
FILE = "acme_core-1.0-py3-none-any.whl"
# The hosts from which a file of each index may come, and whether it needs a digest there.
ALLOWED = {
    "acme": {"acme.example": False, "mirror.example": False, "cdn.example": True},
    "pypi": {"pypi.org": False, "files.pythonhosted.org": False},
}
INDEX_OF = {
    "https://acme.example/simple": "acme",
    "https://acme.example/simple/": "acme",
    "https://mirror.example/simple": "acme",
    "https://pypi.org/simple": "pypi",
    "https://evil.example/simple": None,
    "https://acme.example/simple/evil": None,
    None: None,
}

hosts = st.sampled_from([*ALLOWED["acme"], *ALLOWED["pypi"], "evil.example"])
hashes = st.sampled_from([{}, {"sha256": GOOD}, {"sha256": OTHER}, {"sha512": GOOD * 2}])
targets = st.sampled_from(sorted(TARGETS))
pins = st.booleans()


def table(target: str, *, pinned: bool = False, **policy: str) -> RoutingTable:
    made = TARGETS[target]
    pattern = Pattern.parse("acme-*")
    routes = [] if made is None else [(pattern, (Route(pattern, (made,), SOURCE),))]
    pin = Pin("acme-core", "1.0", FILE, f"https://acme.example/{FILE}", None, {"sha256": GOOD}, SOURCE)
    return RoutingTable(routes, Policy(**policy), (SOURCE,), pins=Pins([pin] if pinned else []))


def installed(provenance: Provenance | None, *changed: str) -> Found:
    return Found("acme-core", "1.0", "/x/acme_core-1.0.dist-info", "pip", provenance, "no record", changed)


def recorded(
    way: str, host: str, digests: dict[str, str], index_url: str | None, expected: bool = True
) -> Provenance:
    index = None if index_url is None else "acme"  # the name says nothing: it can be another index today
    return Provenance(way, f"https://{host}/{FILE}", digests, index, index_url, expected=expected)


def by_pin(digests: dict[str, str]) -> State | None:
    """What the pin alone says of what is recorded."""
    if "sha256" not in digests:
        return State.UNKNOWN
    return None if digests["sha256"] == GOOD else State.ELSEWHERE


@given(st.none() | st.builds(recorded, st.just(INDEX), hosts, hashes, st.just(None)), targets)
def test_what_was_changed(came: Provenance | None, target: str) -> None:
    """Comes before everything else, and is wrong for claimed names only."""
    found = finding(installed(came, "acme_core.py: changed"), table(target), NOW)
    assert found.state is State.TAMPERED
    assert found.is_wrong == (target not in ("pip", "nothing"))


@given(targets)
def test_without_a_record(target: str) -> None:
    """A claimed name is unknown, or denied whatever it is; any other is only listed."""
    found = finding(installed(None), table(target), NOW)
    unclaimed = target in ("pip", "nothing")
    expected = State.UNCLAIMED if unclaimed else State.ELSEWHERE if target == "deny" else State.UNKNOWN
    assert found.state is expected
    assert found.is_wrong == (not unclaimed)


@given(
    st.sampled_from([INDEX, PIP]),
    hosts,
    hashes,
    st.sampled_from(list(INDEX_OF)),
    targets,
    pins,
    st.booleans(),
)
def test_what_an_index_has_offered(
    way: str,
    host: str,
    digests: dict[str, str],
    index_url: str | None,
    target: str,
    pinned: bool,
    expected: bool,
) -> None:
    """It is all right if today's route leads to that very index, which may have the file where it was.

    A digest that only pip has found out is not the word of that index.
    """
    came = recorded(way, host, digests, index_url, expected)
    found = finding(installed(came), table(target, pinned=pinned), NOW)
    if target in ("pip", "nothing"):
        assert found.state is State.UNCLAIMED
        return
    index = INDEX_OF[index_url]
    routed = {"acme": ["acme"], "both": ["acme", "pypi"]}.get(target, [])
    needs_digest = ALLOWED[index].get(host) if index in routed and index is not None else None
    if target == "deny":
        assert found.state is State.ELSEWHERE
    elif pinned and by_pin(digests) is not None:
        assert found.state is by_pin(digests)
    elif needs_digest is not None and ((digests and expected) or pinned or not needs_digest):
        assert found.state is State.OK
    elif target == "unset":
        assert found.state is State.UNKNOWN
        assert "RIM_ROUTER_T" in str(found.remedy)
    else:
        assert found.state is State.ELSEWHERE
    assert found.is_wrong == (found.state in WRONG)
    assert "token" not in found.why


@given(
    st.sampled_from([REFERENCE, LOCK]),
    hosts,
    hashes,
    targets,
    st.sampled_from(["hashed", "deny", "allow"]),
    pins,
)
def test_what_a_url_has_named(
    way: str, host: str, digests: dict[str, str], target: str, policy: str, pinned: bool
) -> None:
    """Rule 6 of look-ups, as it is today, with the hash that the user gave."""
    came = recorded(way, host, digests, None)
    found = finding(installed(came), table(target, direct_references=policy, pinned=pinned), NOW)
    own = {"acme": ALLOWED["acme"], "both": {**ALLOWED["acme"], **ALLOWED["pypi"]}}.get(target, {})
    if target in ("pip", "nothing"):
        assert found.state is State.UNCLAIMED
    elif target != "deny" and pinned and by_pin(digests) is not None:
        assert found.state is by_pin(digests)
    elif target != "deny" and (policy == "allow" or (policy == "hashed" and (digests or host in own))):
        assert found.state is State.DIRECT
        assert not found.is_wrong
    else:
        assert found.state is State.ELSEWHERE


@given(
    st.sampled_from(["allow", "deny"]),
    st.sampled_from([f"file:///srv/{FILE}", f"https://evil.example/{FILE}"]),
)
def test_what_find_links_had(policy: str, url: str) -> None:
    """Only a local one, and only where today's policy allows it."""
    found = finding(installed(Provenance(LINKS, url)), table("acme", offline_find_links=policy), NOW)
    is_good = policy == "allow" and url.startswith("file:")
    assert found.state is (State.OK if is_good else State.ELSEWHERE)
    assert ("policy.offline-find-links" in found.why) == (url.startswith("file:") and policy == "deny")


@given(st.sampled_from(["rim-router", "certifi", "acme-core"]), st.booleans(), st.booleans())
def test_what_was_copied(name: str, copied: bool, changed: bool) -> None:
    """Only what rim-router brings along is known for that, and only while nobody has changed it."""
    routes = [(Pattern.parse("*"), (Route(Pattern.parse("*"), (TARGETS["acme"],), SOURCE),))]
    doubt = COPIED if copied else "was installed by uv, and not by a routed pip"
    found = Found(name, "1.0", "/x", "rim-router", None, doubt, ("x",) * changed)
    state = finding(found, RoutingTable(routes, Policy(), (SOURCE,)), NOW).state
    if changed:
        assert state is State.TAMPERED
    else:
        assert state is (State.OK if copied and name != "acme-core" else State.UNKNOWN)


@given(
    st.sampled_from([INDEX, PIP]),
    st.none() | st.integers(-48, 480),
    st.none() | st.integers(0, 240),
    st.none() | st.integers(0, 240),
    st.booleans(),
    pins,
)
def test_age(
    way: str, hours: int | None, of_index: int | None, of_policy: int | None, exempt: bool, pinned: bool
) -> None:
    """By the time of now: what is too new is not allowed today, and of what nobody knows nothing is known."""
    acme = ACME.replaced(min_age=None if of_index is None else f"{of_index}h")
    target = Target(Kind.INDEXES, (acme,), exempt=SpecifierSet("==1.0" if exempt else "==2.0"))
    pattern = Pattern.parse("acme-*")
    pin = Pin("acme-core", "1.0", FILE, f"https://acme.example/{FILE}", None, {"sha256": GOOD}, SOURCE)
    policy = Policy(min_age=None if of_policy is None else f"{of_policy}h", sources={"min-age": SOURCE})
    routes = [(pattern, (Route(pattern, (target,), SOURCE),))]
    uploaded = None if hours is None else NOW - timedelta(hours=hours)
    came = recorded(way, "acme.example", {"sha256": GOOD}, "https://acme.example/simple").replaced(
        uploaded=uploaded
    )
    today = RoutingTable(routes, policy, (SOURCE,), pins=Pins([pin] if pinned else []))
    found = finding(installed(came), today, NOW)
    least = (of_policy if of_index is None else of_index) or 0
    if not least or exempt or pinned or (hours is not None and hours >= least):
        assert found.state is State.OK
        assert ("exempt" in found.why) == bool(least and (hours is None or hours < least))
    else:
        assert found.state is (State.UNKNOWN if hours is None else State.ELSEWHERE)
        assert f'min-age is "{least}h" in ./index-routing.toml' in found.why
        assert "none is old enough" not in found.why


@given(st.lists(st.tuples(st.sampled_from(["acme-a", "acme-b", "other"]), st.booleans()), max_size=6))
def test_what_is_wrong_comes_first(made: list[tuple[str, bool]]) -> None:
    """And nothing is left out."""
    given = [Found(name, "1", f"/{n}", None, None, changed=("x",) * is_changed)
             for n, (name, is_changed) in enumerate(made)]  # fmt: skip
    findings = audit(given, table("acme"), NOW)
    assert sorted(each.found.place for each in findings) == sorted(each.place for each in given)
    wrong = [each.is_wrong for each in findings]
    assert wrong == sorted(wrong, reverse=True)


@given(st.sampled_from([INDEX, LINKS, PIP]), st.sampled_from([
    ("acme_core-1.0-py3-none-any.whl", True), ("Acme.Core-1.0.0-py3-none-any.whl", True),
    ("acme_core-1.0.tar.gz", True), ("acme-core-1.0.zip", True),
    ("acme_core-2.0-py3-none-any.whl", False), ("acme-1.0-py3-none-any.whl", False),
    ("acme_core_evil-1.0.tar.gz", False), ("simple", False),
]))  # fmt: skip
def test_the_record_of_another_file(way: str, file: tuple[str, bool]) -> None:
    """It says nothing of this distribution."""
    name, fits = file
    came = Provenance(way, f"https://acme.example/{name}", {}, "acme", "https://acme.example/simple")
    found = finding(installed(came), table("acme"), NOW)
    assert (found.state is State.UNKNOWN) is not fits


@given(st.sampled_from([None, "0d", "7d"]), st.sampled_from([None, "0d", "7d"]))
def test_what_is_said_of_installing_again(of_index: str | None, of_policy: str | None) -> None:
    """What is there may be too young for the table of today: how to keep it is said, if there is a way."""
    target = Target(Kind.INDEXES, (ACME.replaced(min_age=of_index),))
    pattern = Pattern.parse("acme-core")
    routes = [(pattern, (Route(pattern, (target,), SOURCE),))]
    today = RoutingTable(routes, Policy(min_age=of_policy, sources={"min-age": SOURCE}), (SOURCE,))
    said = " ".join(notes([finding(installed(None), today, NOW)], today))
    assert "leave the version out" in said
    assert ("min-age" in said) == ((of_policy if of_index is None else of_index) == "7d")
    assert ('RIM_ROUTER_MIN_AGE_EXEMPT="acme-core==1.0"' in said) == ("min-age" in said and of_policy != "7d")
    assert notes([], today) == []


@given(
    st.sampled_from(["*", "rim-*", "rim-router"]),
    st.sampled_from([None, "file:///d/r.whl", "https://e.example/r"]),
)
def test_the_plugin_of_a_file(pattern: str, url: str | None) -> None:
    """Where only ``"*"`` claims it, no index is asked for it: nobody knows who has that name there."""
    key = Pattern.parse(pattern)
    target = Target(Kind.INDEXES, (PYPI,))
    today = RoutingTable([(key, (Route(key, (target,), SOURCE),))], Policy(), (SOURCE,))
    found = installed(None).replaced(name="rim-router", version="0.1.0", direct_url=url)
    remedy = str(finding(found, today, NOW).remedy)
    assert remedy.startswith('add rim-router = "wheels"') == (pattern == "*")
    if pattern == "*":
        assert "==" not in remedy
        assert remedy.endswith(
            "--no-deps " + (url if url and url.startswith("file:") else "FILE (its wheel)")
        )
