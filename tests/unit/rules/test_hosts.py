"""Which URLs may be asked for what belongs to an index, redirected or not, and which are another index's."""

from __future__ import annotations

from typing import Any

import pytest

from rim_router.rules.hosts import Fault, Hosts, forwards_to, is_login
from rim_router.rules.policy import Policy
from rim_router.rules.source import Source
from rim_router.rules.table import Index, RoutingTable
from rim_router.rules.urls import LOCAL, HostPattern, Origin

HERE = Source("project", "index-routing.toml")


def index(name: str, *urls: str, flat: bool = False) -> Index:
    return Index(name, urls[0], HERE, mirrors=urls[1:], flat=flat)


ACME = index("acme", "https://ci:s3cret@pypi.acme.example/simple/", "https://pypi2.acme.example/simple")
PROXY = index("proxy", "https://pypi.acme.example/proxy/simple")
OTHER = index("other", "https://other.example/simple", "https://other2.example:8443/root")
ALL = (ACME, PROXY, OTHER, index("twin", "https://pypi.acme.example/simple"))


@pytest.mark.parametrize(
    ("target", "allowed", "refused"),
    [
        # its own pages, however they are written
        ("https://pypi.acme.example/simple/acme.core/", None, None),
        ("https://pypi.acme.example:443/simple/acme-core", None, None),
        ("https://pypi2.acme.example/simple/acme-core/", None, None),
        ("https://pypi.acme.example/simple/", None, None),
        # its host's other pages may be anything
        ("https://pypi.acme.example/elsewhere/acme-core/", None, None),
        ("https://pypi.acme.example/proxy/login", "index proxy", "index proxy"),
        ("https://pypi.acme.example/proxy/a/b/", None, None),
        ("https://pypi.acme.example/proxy/simple/acme-core/", "index proxy", "index proxy"),
        ("http://pypi.acme.example/proxy/simple/acme-core", "index proxy", "index proxy"),
        ("https://pypi.acme.example/proxy%2Fsimple/acme-core/", "index proxy", "index proxy"),
        # another index's
        ("https://other.example/simple/acme-core/", "index other", "index other"),
        ("https://OTHER.example./simple/acme-core/?x=1#y", "index other", "index other"),
        ("https://other2.example:8443/root/acme-core/", "index other", "index other"),
        ("https://other2.example/root/acme-core/", None, None),
        ("https://other.example/house/acme-core/", None, "index other"),
        # PyPI needs no entry
        ("https://pypi.org/simple/acme-core/", "PyPI", "PyPI"),
        ("https://pypi.org/project/acme-core/", "PyPI", "PyPI"),
        ("http://pypi.python.org/simple/acme-core/", "PyPI", "PyPI"),
        ("https://test.pypi.org/simple/acme-core/", "TestPyPI", "TestPyPI"),
        ("https://pypi.org.evil.example/simple/acme-core/", None, None),
        # nobody's
        ("https://new.example/simple/acme-core/", None, None),
        ("file:///srv/simple/acme-core/", None, None),
        ("https://[broken/simple/", None, None),
    ],
)
def test_forwards_to(target: str, allowed: str | None, refused: str | None) -> None:
    """Pages of another index in any case, other pages of its host if they may not be asked anyway."""
    proxy = index("proxy", "https://pypi.acme.example/proxy") if target.endswith("/proxy/login") else PROXY
    others = (ACME, proxy, *ALL[2:])
    assert forwards_to(ACME, target, others, refused=False) == allowed
    assert forwards_to(ACME, target, others, refused=True) == refused


def test_from_pypi_itself() -> None:
    """PyPI's pages are its own index's, and another's on that host are not PyPI's to speak of."""
    pypi = index("pypi", "https://pypi.org/simple")
    for target in ("https://pypi.org/simple/six/", "https://pypi.org/pypi/six"):
        assert forwards_to(pypi, target, (pypi, ACME), refused=False) is None
    assert forwards_to(pypi, "https://test.pypi.org/simple/six/", (pypi,), refused=False) == "TestPyPI"


def test_pages_of_links() -> None:
    """Of a flat index the page itself is what another one must not lead to."""
    one = index("one", "https://a.example/one.html", flat=True)
    two = index("two", "https://a.example/two.html", flat=True)
    assert forwards_to(one, "https://a.example/two.html", (one, two), refused=False) == "index two"
    assert forwards_to(one, "https://a.example/one.html", (one, two), refused=False) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://gitlab.example/users/sign_in", True),
        ("https://sso.acme.example/", True),
        ("https://acme.example/login?next=/simple/", True),
        ("https://acme.example/saml2/idp", True),
        ("https://acme.example/oauth2/authorize", True),
        ("https://login.microsoftonline.example/common", True),
        ("https://gate.example/?back=https%3A%2F%2Facme.example%2Fx", True),
        ("https://gate.example/?next=/simple/acme-core/", True),
        ("https://acme.example/simple/acme-core/?from=login", False),
        ("https://cdn.example/simple/acme-core/?signature=abc", False),
        ("https://mirror.example/simple/loguru/", False),
    ],
)
def test_log_in_pages(url: str, expected: bool) -> None:
    """By their address, or because it leads back; it decides about a hint only."""
    assert is_login(url, "https://acme.example/simple/acme-core/") is expected


LISTING = Index(
    "acme",
    "https://acme.example/simple",
    HERE,
    external_hosts=(HostPattern.parse("cdn.example"), HostPattern.parse("*.far.example")),
)
HOSTS = Hosts(
    LISTING.own_origins | {LOCAL}, (LISTING,), ((Origin("http", "named.example", 80), "a reference"),)
)
AMBIGUOUS = [
    "https://acme.example//x",
    "https://cdn%2eexample/x",
    "https://cdn.example:0/x",
    "file:////host/x",
]


@pytest.mark.parametrize(
    "url",
    [
        "https://ACME.example/x",
        "https://cdn.example/x",
        "https://a.far.example/",
        "http://named.example/y",
        "file:///x",
    ],
)
def test_a_url_that_a_rule_names_may_be_asked(url: str) -> None:
    """The index's own, one that the user gave, and one on a listed host."""
    assert HOSTS.request_fault(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/x",
        "http://cdn.example/x",
        "http://acme.example/x",
        "https://named.example/",
        *AMBIGUOUS,
    ],
)
def test_any_other_may_not(url: str) -> None:
    """It takes a redirect that was judged to get to a host that no rule names."""
    assert HOSTS.request_fault(url) is not None


def fault(
    source: str,
    target: str,
    *,
    page: bool = False,
    strong: bool = True,
    listed: bool = False,
    recording: str | None = None,
) -> Fault | None:
    """That of a redirect."""
    return HOSTS.redirect_fault(source, target, page=page, strong=strong, listed=listed, recording=recording)


@pytest.mark.parametrize("source", ["https://acme.example/x", "http://named.example/x"])
@pytest.mark.parametrize("target", AMBIGUOUS)
def test_nobody_is_redirected_to_what_can_be_read_in_two_ways(source: str, target: str) -> None:
    """Whatever is known of the file."""
    assert fault(source, target) is Fault.UNREADABLE


@pytest.mark.parametrize(
    "target", ["https://u:p@acme.example/y", "https://u@other.example/", "https://@cdn.example/"]
)
def test_nobody_is_redirected_with_credentials(target: str) -> None:
    """Some compare the beginning of a URL with a host that they trust."""
    assert fault("https://acme.example/x", target) is Fault.WITH_CREDENTIALS


@pytest.mark.parametrize("target", ["file:///x", "ftp://acme.example/x", "git+https://acme.example/x", "/x"])
def test_nobody_is_redirected_to_anything_but_the_web(target: str) -> None:
    """Not into the file system either, where files of the index may lie as well."""
    assert fault("http://named.example/x", target) is Fault.NOT_HTTPS


@pytest.mark.parametrize("strong", [True, False])
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("first", ["https://acme.example/x", "https://cdn.example/x"])
@pytest.mark.parametrize(
    "target", ["https://other.example/x", "https://a.far.example/x", "http://other.example/x"]
)
def test_where_a_file_may_come_from_that_is_to_get_a_digest(
    first: str, target: str, strong: bool, listed: bool
) -> None:
    """One of the index itself from wherever that says, one of another host only from listed ones."""
    found = HOSTS.redirect_fault(first, target, page=False, strong=strong, listed=listed, recording=first)
    usual = HOSTS.redirect_fault(first, target, page=False, strong=True, listed=listed)
    unvouched = not strong and not usual and "far" not in target and "cdn" in first
    assert (found is None) is (usual is None and not unvouched)
    assert unvouched or found == usual


OWN, LISTED = "https://acme.example/x", "https://cdn.example/x"


@pytest.mark.parametrize(
    ("target", "options", "expected"),
    [
        ("https://other.example/x", {"page": True}, Fault.ANOTHER_ORIGIN),
        ("https://other.example/x", {"strong": False}, Fault.WITHOUT_DIGEST),
        ("https://other.example/x", {"listed": True}, Fault.UNLISTED),
        ("https://other.example/x", {"strong": False, "recording": LISTED}, Fault.UNVOUCHED),
        ("https://other.example/x", {"strong": False, "recording": OWN}, None),
        (
            "https://other.example/x",
            {"listed": True, "strong": False, "recording": OWN},
            Fault.UNLISTED,
        ),
        ("https://other.example/x", {"recording": OWN}, None),
        ("https://cdn.example/x", {"strong": False}, Fault.WITHOUT_DIGEST),
        ("https://cdn.example/x", {"strong": False, "recording": OWN}, None),
        ("http://cdn.example/x", {}, Fault.NOT_HTTPS),
        ("http://acme.example/x", {}, Fault.NOT_HTTPS),
        ("https://u@cdn.example/x", {}, Fault.WITH_CREDENTIALS),
    ],
)
def test_why_a_redirect_may_not_be_followed(
    target: str, options: dict[str, Any], expected: Fault | None
) -> None:
    """A policy is named where it is one; whoever records a digest is told what is missing."""
    assert fault("https://acme.example/x", target, **options) is expected


def test_a_file_of_a_project_without_an_index() -> None:
    """Nothing is anybody's own then, and nothing is on a host that may be asked."""
    decision = RoutingTable([], Policy(), ()).route("six")
    found = Hosts.of_file(decision, "https://cdn.example/six.whl")
    assert (found.own, found.indexes) == (frozenset(), ())
    assert found.request_fault("https://cdn.example/six.whl") is not None
