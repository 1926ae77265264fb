"""Redirects that go to another host in requests than for those who join URLs by the book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.external import assert_said, rim_of, twins
from tests.support.servers import IndexServer, redirect
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Environments
    from tests.support.environments import Environment, Result
    from tests.support.servers import Authority
    from tests.support.wheels import Artifact

REAL, EVIL = twins("acme-core", "1.0")
RIM = rim_of(REAL, f"https://cdn.example/{REAL.filename}")
NEWER = wheel("acme-core", "99.0", origin="attacker")
# In front of the other host, its port and the path. For `urllib.parse.urljoin` all of them stay on the index.
WAYS = {"slashes": "////", "scheme": "{scheme}:////", "tab": "//\t//"}
AMBIGUOUS = "programs read"


@dataclass
class Stage:
    """An index whose redirects are written by somebody else, and their host.

    :param authority: vouches for both; None where they speak plain HTTP.
    """

    index: IndexServer
    other: IndexServer
    authority: Authority | None

    def pip(self, victim: Environment, *args: str) -> Result:
        """Install the project; only plain pip is told of the index."""
        self.index.forget()
        self.other.forget()
        if victim.origin("acme_core") is not None:
            victim.pip("uninstall", "--yes", "acme-core", check=True)
        cert = None if self.authority is None else str(self.authority.bundle)
        index = [] if victim.equipped else ["--index-url", self.index.url]
        return victim.pip("install", *index, *args, "acme-core", env={"PIP_CERT": cert})

    def route(self, victim: Environment, *hosts: str, **policy: object) -> None:
        """Route the project to the index."""
        index = {"url": self.index.url, "external-hosts": [*hosts]}
        victim.route({"acme": index}, {"acme-*": "acme"}, policy)

    def redirect(self, way: str, file: Artifact | None, *, hashes: tuple[str, ...] = ()) -> None:
        """The index sends whoever asks for a file to the other host, in one of the ways.

        :param file: None for the project's page.
        :param hashes: of the file, on the index's page.
        """
        self.index._offers.clear()
        self.index._behaviours.clear()
        self.index.add(file or REAL, hashes=hashes)
        path = "/simple/acme-core/" if file is None else urlsplit(self.index.file_url(file)).path
        before = WAYS[way].format(scheme=urlsplit(self.index.base).scheme)
        self.index.on(path, redirect(f"{before}{self.other.netloc}{path}"))


@pytest.fixture(params=["http", "https"])
def redirecting(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Stage]:
    """The two hosts; the other one has a file of the same name, and a newer one on its page."""
    tls = authority.context("localhost") if request.param == "https" else None
    with IndexServer("index", tls=tls) as index, IndexServer("other", tls=tls) as other:
        other.add(NEWER)
        other.host(EVIL)
        yield Stage(index, other, authority if tls else None)


def goes_astray(victim: Environment) -> bool:
    """Whether this Python takes the beginning of a path for a host when it puts a URL together."""
    code = "from urllib.parse import urlunsplit as u; print(u(('http', '', '//host/x', '', '')))"
    return victim.run(victim.python, "-c", code, check=True).stdout.strip() == "http://host/x"


@pytest.mark.parametrize("file", [REAL, None], ids=["file", "page"])
def test_plain_pip_follows_to_the_other_host(
    file: Artifact | None, redirecting: Stage, environments: Environments
) -> None:
    """The attack is one on most Pythons: only the newest leave the path what it is."""
    victim = environments.plain()
    astray = goes_astray(victim)
    for way in WAYS:
        redirecting.redirect(way, file)
        result = redirecting.pip(victim)
        assert bool(redirecting.other.requests) is astray, str(result)
        assert (victim.origin("acme_core") == "attacker") is astray, str(result)


def assert_stayed(stage: Stage, victim: Environment, result: Result) -> None:
    """The other host was neither asked nor announced, and nothing was installed."""
    assert result.returncode != 0, str(result)
    assert_said(result, AMBIGUOUS)
    assert not stage.other.requests, str(result)
    assert stage.index.requests, str(result)
    assert "Contacting" not in result.output, str(result)
    assert "Traceback" not in result.output, str(result)
    assert victim.origin("acme_core") is None, str(result)


@pytest.mark.parametrize("listed", [False, True], ids=["hashed", "listed"])
def test_it_is_refused(listed: bool, redirecting: Stage, environments: Environments) -> None:
    """For a page, a ``.rim``, and a file with or without a strong hash; wherever pip may go besides."""
    victim = environments.equipped()
    if listed:
        redirecting.route(victim, redirecting.other.netloc, redirects="listed")
    else:
        redirecting.route(victim)
    ways = list(WAYS)[:: -1 if listed else 1]
    for way, file, hashes in zip(ways, (REAL, RIM if listed else REAL, None), ((), ("sha256",), ())):
        redirecting.redirect(way, file, hashes=hashes)
        assert_stayed(redirecting, victim, redirecting.pip(victim))
