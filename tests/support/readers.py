"""Which hosts pip's requests and urllib3 really connect to, against the ones that were judged.

Run by the Python of an environment with the plugin: ``python readers.py COUNT SEED``. It makes up values of
``Location`` and URLs of files, has pip's own session ask for them, and looks at the address to which a
connection would be made. Only that last step, the socket, is not real. What it found is printed as JSON.
"""

from __future__ import annotations

import io
import json
import logging
import random
import sys
from typing import Any, Optional
from urllib.parse import urljoin, urlsplit

from pip._internal.exceptions import PipError
from pip._internal.models.link import Link
from pip._internal.network.session import PipSession
from pip._vendor.requests.exceptions import RequestException
from pip._vendor.urllib3 import connection as connections
from pip._vendor.urllib3.exceptions import HTTPError
from pip._vendor.urllib3.util import connection as sockets

from rim_router.hooks.diagnostics import PipRoutingError
from rim_router.hooks.transport import Transport
from rim_router.journal import Journal
from rim_router.rules.hosts import Hosts, is_upgrade
from rim_router.rules.policy import Policy
from rim_router.rules.source import Source
from rim_router.rules.table import Index, RoutingTable
from rim_router.rules.urls import HostPattern, Origin

OWN, LISTED, OTHER = "acme.example", "cdn.example", "evil.test"
OWN_PORTS = {"http": 80, "https": 443}

# What readers of URLs disagree about, part by part.
SCHEMES = [
    "", "", "", "http:", "https:", "HTTPS:", "hTtP:", "ftp:", "file:", "git+https:", "http", ":", "x:",
    "data:",
]  # fmt: skip
SLASHES = [
    *["//"] * 8, "/", "", "///", "////", "/////", "\\\\", "/\\", "\\/", "//\\", "//\t//", "/\t/",
    "//\r\n //", "\t//", "/./", "/.//", "/..//", "/%2e//", "%2F%2F", "//%2F", "//%09//", "// ", " //",
    "/;//", "/?//", "/#//", "\uff0f\uff0f",
]  # fmt: skip
USERS = [
    *[""] * 8, "u@", "u:p@", f"{OWN}@", f"{OWN}:80@", "@", "u@v@", f"{OWN}\\@", f"{OWN}%40", f"{OWN}#@",
    f"{OWN}?@", f"{OWN}/@", "[x]@", "\xe9@", f"{OWN}%2f@", f"{OWN};@", f"{OWN}:@", f"{OWN}\t@", "%00@",
]  # fmt: skip
HOSTS = [
    *[OTHER] * 6, *[OWN] * 4, *[LISTED] * 3, OTHER.upper(), OWN.title(), f"{OTHER}.", f"{OTHER}..",
    f".{OTHER}", "evil..test", "%65vil.test", "acme%2eexample", f"{OTHER}%2f.{OWN}", f"{OTHER}%00.{OWN}",
    f"{OTHER}%23.{OWN}", "\xe9vil.test", "evil\u3002test", "evil\u2024test", f"{OTHER}\u2044.{OWN}",
    f"{OTHER}\uff0f{OWN}", "xn--vil-9la.test", "[::1]", "[::1", "::1", "[::1%25eth0]", "[fe80::1%eth0]",
    "[1.2.3.4]", "[v1.x]", f"[::1]{OTHER}", f"[{OTHER}]", "127.0.0.1", "127.1", "0x7f.1", "2130706433",
    "1.2.3.04", "", " ", f"{OWN} {OTHER}", f"{OWN}\t{OTHER}", f"{OWN}\\{OTHER}", f"{OWN};{OTHER}",
    f"{OWN},{OTHER}", "*." + OWN, "-evil", "_evil.test", "a_b.test", "(evil)", "evil!x", "e" * 64 + ".test",
    "%", "%zz.test", "evil.test\xad", "\u212aelvin.test", "\xdf.test",
]  # fmt: skip
PORTS = [
    *[""] * 8, ":80", ":443", ":", ":0", ":00", ":00080", ":8443", ":65536", ":-1", ":+80", ":8_0",
    ":\uff18\uff10", ": 80", ":80:90", f":80@{OWN}", ":80\t", ":8%30", ":000000443",
]  # fmt: skip
PATHS = [
    "", "/x.whl", f"//{OWN}/x", f"/\\{OTHER}", "/../x", f"?x=//{OTHER}", f"#@{OWN}/", f";@{OTHER}",
    "/%2e%2e//x", "/a b", "/\xe9", "/x\\..\\y", "/a//b", f"/@{OTHER}", "/%zz", "/%", f"\\@{OWN}/", "?", "#",
    "/\x7f", "/x?\\", f"/.//{OTHER}",
]  # fmt: skip
NOISE = [
    *"/\\:@?#[]%.;, \t", "\r\n ", "\xa0", "\x00", "\x0b", "\x1f", "\x85", "\u2028", "\ufeff", "%2f", "%5c",
    "%40",
]  # fmt: skip


def make_up(chance: random.Random) -> str:
    """A value that readers may disagree about."""
    parts = [chance.choice(each) for each in (SCHEMES, SLASHES, USERS, HOSTS, PORTS, PATHS)]
    text = "".join(parts)
    while chance.random() < 0.3:
        where = chance.randrange(len(text) + 1)
        text = text[:where] + chance.choice(NOISE) + text[where + chance.randrange(2) :]
    return text


Address = tuple[str, str, Optional[int]]


class Wire:
    """The network: notes to which address a connection would be made, and answers what it is told to."""

    def __init__(self) -> None:
        self.connected: list[Address] = []
        self.answers: list[bytes] = []
        self._scheme = ""
        new = connections.HTTPConnection._new_conn

        def _new_conn(connection: Any) -> Any:
            self._scheme = "https" if isinstance(connection, connections.HTTPSConnection) else "http"
            return new(connection)

        def connect(connection: Any) -> None:
            connection.sock = connection._new_conn()
            connection.is_verified = True

        connections.HTTPConnection._new_conn = _new_conn
        connections.HTTPSConnection.connect = connect
        sockets.create_connection = self.create_connection

    def create_connection(self, address: tuple[str, int], *_: object, **__: object) -> Wire:
        """In place of ``urllib3.util.connection.create_connection``."""
        self.connected.append((self._scheme, address[0].strip("[]").lower().rstrip("."), address[1]))
        return self

    def answer(self, *answers: bytes) -> None:
        """Begin anew."""
        self.connected, self.answers = [], [*answers]

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        """As a socket does."""
        return io.BytesIO(self.answers.pop(0))

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **options: None


class Listener:
    """Hears which hosts are announced."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def say(self, text: str) -> None:
        """As :class:`rim_router.hooks.diagnostics.Announcer`."""
        self.heard.append(text.split()[1])


def address_of(origin: Origin) -> Address:
    """An origin in the form in which the wire notes addresses."""
    return origin.scheme, origin.host.strip("[]"), origin.port


REDIRECT = b"HTTP/1.1 %d x\r\nConnection: close\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n"
DONE = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
# pip itself has no answer to credentials in a link that it cannot encode.
FAILURES = (PipError, RequestException, HTTPError, UnicodeEncodeError)


class Probe:
    """Asks, and compares."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.wire = Wire()
        self.session = PipSession()
        self.session.trust_env = False
        self.counts = dict.fromkeys(("asked", "followed", "refused", "failed", "astray"), 0)
        self.differences: list[str] = []

    def differ(self, *what: object) -> None:
        """Note a difference."""
        self.differences.append(" ".join(map(repr, what)))

    def ask(
        self, url: str, hosts: Hosts, allowed: set[Address] | None, policy: Policy, **options: bool
    ) -> None:
        """Ask for a URL with a guarded session, and compare who is asked with who was judged and announced.

        :param allowed: addresses that may be asked besides the own; None for any with https.
        """
        self.session.auth.passwords.clear()
        judged: list[Origin] = []
        listener: Any = Listener()
        transport = Transport(RoutingTable([], policy, ()), listener, Journal({}), recording=False)
        view = transport.guard(self.session, hosts, "x.whl", **options)  # type: ignore[arg-type]
        judge = view.get_adapter

        def get_adapter(url: str) -> Any:
            adapter = judge(url)
            judged.append(Origin.of(url))
            return adapter

        view.get_adapter = get_adapter
        try:
            view.get(url, stream=True)
            self.counts["asked"] += 1
        except PipRoutingError:
            self.counts["refused"] += 1
        except FAILURES:
            self.counts["failed"] += 1
        connected = self.wire.connected
        self.counts["followed"] += len(connected) > 1
        if connected != [address_of(each) for each in judged]:
            self.differ("judged", judged, "connected", connected)
        hops = zip(judged, judged[1:])
        upgraded = {after for before, after in hops if before in hosts.own and is_upgrade(before, after)}
        own = hosts.own | upgraded
        if set(listener.heard) != {each.netloc for each in judged if each not in own}:
            self.differ("judged", judged, "announced", listener.heard)
        for address in set(connected) - set(map(address_of, own)):
            if address[0] != "https" or address not in (allowed or {address}):
                self.differ("not allowed", address)
        schemes = [scheme for scheme, _, _ in connected]
        if ("https", "http") in zip(schemes, schemes[1:]):
            self.differ("from https to http", connected)

    def redirect(self, values: list[str]) -> None:
        """Be redirected, from one to the next, by a page or a file, under each policy in turn."""
        base = self.chance.choice(["https", "http"]) + f"://{OWN}/simple/x/"
        page, listed, strong = (self.chance.random() < 0.5 for _ in range(3))
        entries = (HostPattern.parse(LISTED),)
        hosts = Hosts.of_index(Index("acme", base, Source("project", "x"), external_hosts=entries))
        code = self.chance.choice([301, 302, 303, 307, 308])
        encoding = "latin-1" if self.chance.random() < 0.1 else "utf-8"
        answers = [REDIRECT % (code, value.encode(encoding, "replace")) for value in values]
        self.wire.answer(*answers, DONE)
        listed_only: set[Address] = {("https", LISTED, 443)}
        narrow = listed_only if page or listed or not strong else None
        policy = Policy(redirects="listed" if listed else "hashed")
        self.ask(base, hosts, narrow, policy, page=page, strong=strong)
        self.wire.answer(answers[0], DONE)
        self.follow(base, values[0])

    def follow(self, base: str, value: str) -> None:
        """Count where plain pip goes elsewhere than whoever joins a value to a URL says."""
        try:
            joined = urlsplit(urljoin(base, value))
            expected = (
                joined.scheme,
                (joined.hostname or "").rstrip("."),
                joined.port or OWN_PORTS[joined.scheme],
            )
            self.session.get(base, stream=True)
        except (*FAILURES, ValueError, LookupError, OSError):
            return
        self.counts["astray"] += self.wire.connected[1:] not in ([], [expected])

    def link(self, values: list[str]) -> None:
        """Ask for a file to which a page links; by its URL it was found to be on an own origin."""
        try:
            url = Link(urljoin(f"https://{OWN}/simple/x/", values[0])).url
            origin = Origin.of(url)
        except ValueError:
            return
        if origin.scheme in OWN_PORTS:
            self.wire.answer(DONE)
            self.ask(url.partition("#")[0], Hosts(frozenset({origin})), set(), Policy())


def main(count: int, seed: int) -> None:
    """Try so many values."""
    logging.disable()
    probe = Probe(seed)
    for _ in range(count):
        values = [make_up(probe.chance) for _ in range(1 if probe.chance.random() < 0.7 else 2)]
        for ask in (probe.redirect, probe.link):
            before = len(probe.differences)
            try:
                ask(values)
            except Exception as error:  # which pip would show as a traceback
                probe.differ(error)
            probe.differences[before:] = [f"{values}: {each}" for each in probe.differences[before:]]
    print(json.dumps({**probe.counts, "differences": probe.differences}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
