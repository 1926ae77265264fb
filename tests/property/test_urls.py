"""URLs, whoever reads them: what has an origin, and what is never shown."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from hypothesis import given
from hypothesis import strategies as st

from rim_router.rules import urls
from rim_router.rules.urls import Origin, keep_secret, redact, resolve, scrub

if TYPE_CHECKING:
    from collections.abc import Iterator

AMBIGUOUS = "<ambiguous URL>"
# Beginnings that readers may take for that of an authority, and what makes them disagree where it ends.
starts = st.sampled_from(
    ["https://", "http:", "file://", "git+https://", "https:\\\\", "https:/", "ht\ntps://", "//", ""]
)
pieces = st.sampled_from([*"@:/\\?#=%[]. \t\n\u3002\xe4", "acme.example", "localhost", "443", "%40"])
texts = st.builds("{}{}".format, starts, st.lists(pieces, max_size=10).map("".join))

# No part of anything else, so that finding them is finding them out.
secrets = st.text(alphabet="AB01~!$&'()+,;=._-", min_size=3, max_size=8).map("S3CR{}T".format)
hosts = st.sampled_from(["acme.example", "acme.example:8443", "[::1]", "[::1]:80", "127.0.0.1"])
schemes = st.sampled_from(["https", "http", "git+https", "rim+https", "ftp"])


@contextmanager
def a_new_process() -> Iterator[None]:
    """Nothing is known to be secret yet."""
    with patch.object(urls, "_secrets", set()):
        yield


def origin(url: str) -> Origin | None:
    """The origin, None if there is none; any error but a ValueError goes through."""
    try:
        return Origin.of(url)
    except ValueError:
        return None


def authorities(url: str) -> Iterator[str]:
    """What a strict and a lenient reader may take for credentials, host and port."""
    for expression in (r"[a-z+]+://([^/?#]*)", r"[a-z+]+:[/\\]*([^/\\?#]*)"):
        match = re.match(expression, re.sub(r"[\t\r\n]", "", url).strip())
        if match:
            yield match[1]


@given(st.one_of(texts, st.text()))
def test_any_text_has_an_origin_or_none_and_can_be_shown(url: str) -> None:
    """What is shown of a URL that can be read leads to the same origin; of others nothing is shown."""
    with a_new_process():
        shown = redact(url)
        if shown != AMBIGUOUS and origin(url) is not None:
            assert origin(shown) == origin(url)
        scrub(url)


@given(st.one_of(texts, st.text()))
def test_what_is_plain_is_read_and_shown_as_all_else_is(url: str) -> None:
    """The short cuts for URLs that have nothing difficult in them lead to the same."""
    try:
        expected = Origin._of(url)
    except ValueError:
        expected = None
    assert origin(url) == expected
    with a_new_process():
        shown = redact(url)
        with patch.object(urls, "_is_harmless", lambda _: False):
            assert redact(url) == shown


@given(texts)
def test_with_an_origin_every_reader_sees_the_same_host(url: str) -> None:
    """A strict reader and one that takes backslashes for slashes."""
    found = origin(url)
    if found is not None and found.scheme in ("http", "https"):
        seen = {re.sub(r"\.?(:[0-9]*)?$", "", each.rpartition("@")[2]) for each in authorities(url)}
        assert seen == {found.host}
        assert not re.match(r"[a-z]+://[^/?#]*[/\\]{2}", url)


def browsers_host(base: str, location: str) -> str:
    """The host of a redirect for a browser: it drops line ends and tabs, and takes any slashes for two."""
    location = re.sub(r"[\t\r\n]", "", location).strip("".join(map(chr, range(0x21)))).replace("\\", "/")
    match = re.match(r"(?i)(?:https?:/*|//+)([^/?#]*)", location) or re.match(r"[a-z]+://([^/]*)", base)
    assert match
    return re.sub(r"\.?(:[0-9]*)?$", "", match[1].rpartition("@")[2].lower())


def rejoined(base: str, location: str) -> str:
    """A URL as requests makes it, which puts the scheme in front of a path and takes it apart again."""
    parts = urlsplit(f"{urlsplit(base).scheme}:{location}" if location.startswith("//") else location)
    url = urlunsplit(parts)
    return url if parts.netloc else urljoin(base, url)


locations = st.builds(
    "{}{}".format,
    st.sampled_from(
        ["", "/", "//", "///", "////", "https:", "http://", "HTTPS:////", "/.//", "/\\", "//\t//"]
    ),
    st.lists(pieces, max_size=8).map("".join),
)


@given(st.sampled_from(["https://a.example/simple/x/", "http://a.example"]), locations)
def test_a_redirect_leads_every_reader_to_the_same_host(base: str, location: str) -> None:
    """Python's own, one that does as requests does, and a browser; or it leads nowhere."""
    try:
        url = resolve(base, location)
    except ValueError:
        return
    found = Origin.of(url)
    assert Origin.of(rejoined(base, location)) == found
    if found.scheme in ("http", "https"):
        assert browsers_host(base, location) == found.host


@given(texts)
def test_no_reader_sees_credentials_in_what_is_shown(url: str) -> None:
    """Whatever the URL was."""
    for each in authorities(redact(url)):
        assert each.rpartition("@")[0] in ("", "****")


@given(schemes, hosts, secrets, secrets, st.booleans())
def test_credentials_and_query_are_never_shown(
    scheme: str, host: str, user: str, query: str, with_password: bool
) -> None:
    """A user name may be a token, and a signed URL has its secret in the query."""
    credentials = f"{user}:{user}" if with_password else user
    url = f"{scheme}://{credentials}@{host}/simple/x.whl?signature={query}&x#sha256={query}"
    with a_new_process():
        assert redact(url) == f"{scheme}://****@{host}/simple/x.whl?****"
        assert origin(redact(url)) == Origin.of(url)
        assert "S3CR" not in scrub(f"GET {quote(url, safe=':/?#@%&=[]')} failed")


@given(st.lists(secrets, min_size=1, max_size=3), hosts)
def test_known_secrets_are_never_shown(values: list[str], host: str) -> None:
    """As they are, and however much of them is quoted."""
    with a_new_process():
        for value in values:
            keep_secret(value)
        for value in values:
            for written in (value, quote(value), quote(value, safe="")):
                shown = redact(f"https://{host}/a/{written}/simple/")
                assert value not in unquote(shown)
                assert origin(shown) == origin(f"https://{host}")
                assert value not in unquote(scrub(f"no answer: https://{host}/{written}/: GET /{written}/"))
