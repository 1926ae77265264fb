"""Origins, host patterns and redaction (reference: External files)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rim_router.rules import urls
from rim_router.rules.urls import (
    LOCAL,
    HostPattern,
    Origin,
    file_origins,
    is_local,
    join,
    keep_secret,
    redact,
    resolve,
    scrub,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("url", "origin", "shown"),
    [
        ("https://A.example/x", ("https", "a.example", 443), "https://a.example"),
        ("https://a.example.:443", ("https", "a.example", 443), "https://a.example"),
        ("http://u:p@a.example", ("http", "a.example", 80), "http://a.example"),
        ("HTTPS://a.example:80/", ("https", "a.example", 80), "https://a.example:80"),
        ("https://a.example:00080/", ("https", "a.example", 80), "https://a.example:80"),
        ("https://[::1]:8443/", ("https", "[::1]", 8443), "https://[::1]:8443"),
        ("file:///a/b", ("file", "", None), "file://"),
        ("file://localhost/a", ("file", "", None), "file://"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: tuple[str, str, int], shown: str) -> None:
    """Neither credentials nor path; the scheme's own port is the same as none."""
    assert Origin.of(url) == origin
    assert str(Origin.of(url)) == shown


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example:x/",
        "https://[::1/",
        "https://a.example:99999",
        "https://a.example:0/",
        "https://a.example:00/",
        "https://a..example/",
        "https://a.example../",
        "https://.a.example/",
        "https://*.a.example/",
        "https://a%2eexample/",
        "https://a;b.example/",
        "https://[1.2.3.4]/",
        "https://[::1%25eth0]/",
        "https://u[1]@a.example/",
    ],
)
def test_what_cannot_be_taken_apart_has_no_origin(url: str) -> None:
    """It is an error, and not some origin."""
    with pytest.raises(ValueError):
        Origin.of(url)


AMBIGUOUS = [
    "https://evil.example\\@acme.example/x.whl",
    "https://acme.example\\.evil.example/x.whl",
    "https://a@evil.example@acme.example/x.whl",
    "https://u:p@@acme.example/x.whl",
    "https://evil.example @acme.example/x.whl",
    "https://acme.example\u00a0/x.whl",
    " https://acme.example/x.whl",
    "\u3000https://acme.example/x.whl",
    "https://acme.example\t.evil.example/x.whl",
    "https://acme.example\n/x.whl",
    "https://acme.example/x.whl\r\n",
    "https://acme.example/\x00x.whl",
    "https://acme.example/x.whl\x7f",
    "\x0bhttps://acme.example/x.whl",
    "ht\ntps://acme.example/x.whl",
    "https://\u00e4cme.example/x.whl",
    "https://evil.example\u2044.acme.example/x.whl",
    "https://evil.example\u3002acme.example/x.whl",
    "file://localhost\\@evil.example/x.whl",
    "git+https://evil.example\\@acme.example/x.git",
]


@pytest.mark.parametrize("url", AMBIGUOUS)
def test_what_readers_take_apart_differently_has_no_origin(url: str) -> None:
    """To none of them would it be right to say that a file comes from there; it is not shown either."""
    with pytest.raises(ValueError):
        Origin.of(url)
    assert redact(url) == "<ambiguous URL>"
    assert not is_local(url)


@pytest.mark.parametrize(
    "url",
    ["https:///x", "https:x", "http://", "https://:443/x", "https://u:p@/x", "https://./x", "https:/x/y"],
)
def test_a_web_address_without_a_host_has_no_origin(url: str) -> None:
    """Some readers take the first part of the path for one."""
    with pytest.raises(ValueError):
        Origin.of(url)


@pytest.mark.parametrize(
    "path", ["//b.example/x", "//", "///x", "/\\b.example/x", "//u:p@b.example/x", "//b.example:80?#"]
)
@pytest.mark.parametrize("authority", ["https://a.example", "http://a", "http://[::1]:80", "https://u:p@a:1"])
def test_a_path_that_could_be_another_authority_has_no_origin(authority: str, path: str) -> None:
    """Whoever joins it to the scheme again comes to another host."""
    with pytest.raises(ValueError, match="two slashes"):
        Origin.of(authority + path)
    assert Origin.of(authority + "/x" + path) == Origin.of(authority)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "https://a.example/x"),
        ("x", "https://a.example/simple/x"),
        ("../x", "https://a.example/x"),
        ("?x=//y", "https://a.example/simple/?x=//y"),
        ("//b.example/x", "https://b.example/x"),
        ("//b.example", "https://b.example"),
        ("HTTP://b.example/x", "HTTP://b.example/x"),
        ("https://u:p@b.example/x", "https://u:p@b.example/x"),
        ("/\u00e4 b", "https://a.example/\u00e4 b"),
        ("", "https://a.example/simple/"),
    ],
)
def test_a_redirect_is_resolved_as_everybody_does(location: str, url: str) -> None:
    """Absolute, without a scheme, or relative."""
    assert resolve("https://a.example/simple/", location) == url


@pytest.mark.parametrize(
    "location",
    [
        "////b.example/x",
        "///b.example/x",
        "https:////b.example/x",
        "http:////b.example/x",
        "https:///b.example/x",
        "https:/b.example/x",
        "https:b.example/x",
        "HTTP:/b.example/x",
        "//\t//b.example/x",
        "/\t/b.example/x",
        "\t//b.example/x",
        " //b.example/x",
        "//b.example/x ",
        "/\\b.example/x",
        "\\\\b.example/x",
        "x\\..\\y",
        "/.//b.example/x",
        "/x/..//b.example/x",
        "//b.example//c.example/x",
        "//b%2eexample/x",
        "//b.example\\@a.example/x",
        "//a.example@b.example@c.example/x",
        "//",
        "https://",
        "//?x",
        "https://[::1/x",
    ],
)
def test_a_redirect_that_could_lead_to_two_hosts_leads_nowhere(location: str) -> None:
    """From a page of either scheme."""
    for base in ("https://a.example/simple/", "http://a.example/simple/"):
        with pytest.raises(ValueError):
            resolve(base, location)


@pytest.mark.parametrize(
    "url",
    [
        "https:\\\\u:p@acme.example/x",
        "https:/u:p@acme.example/x",
        "https:///u:p@acme.example/x",
        "https:u:p@x",
    ],
)
def test_what_could_be_credentials_is_not_shown(url: str) -> None:
    """Not even where they stand in the path for whoever is strict."""
    assert redact(url) == "<ambiguous URL>"


@pytest.mark.parametrize(
    "url", ["https://acme.example/a@b/c\\d e/\u00e4.whl", "https://u:p@acme.example/x?y=@#@\\"]
)
def test_what_follows_the_host_makes_no_difference(url: str) -> None:
    """There no reader looks for a host."""
    assert Origin.of(url) == ("https", "acme.example", 443)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("file:///srv/x.whl", True),
        ("file:///x", True),
        ("file:///srv//x.whl", True),
        ("file:/srv/x.whl", True),
        ("FILE://LOCALHOST/srv/x.whl", True),
        ("file://host/srv/x.whl", False),
        ("file://localhost.evil.example/srv/x.whl", False),
        ("file://127.0.0.1/srv/x.whl", False),
        ("file://user@host/srv/x.whl", False),
        ("file://user@localhost/srv/x.whl", False),
        ("file://localhost:80/srv/x.whl", False),
        ("file:////host/srv/x.whl", False),
        ("file://///host/srv/x.whl", False),
        ("file://localhost//host/srv/x.whl", False),
        ("file:///\\host/srv/x.whl", False),
        ("file:\\\\host\\srv\\x.whl", False),
        ("file:///%2Fhost/srv/x.whl", False),
        ("file:///%5Chost/srv/x.whl", False),
        ("file:%2F%2Fhost/srv/x.whl", False),
        ("file://[::1/x.whl", False),
        ("https://localhost/srv/x.whl", False),
        ("git+file:///srv/x.git", False),
        ("/srv/x.whl", False),
        ("", False),
    ],
)
def test_a_file_url_with_a_host_is_not_local(url: str, local: bool) -> None:
    """It is a share of that host, which is somebody else's."""
    assert is_local(url) is local
    if local:
        assert Origin.of(url) == LOCAL


def test_the_file_hosts_of_pypi_are_known() -> None:
    """And of TestPyPI; only over https, and of nobody else."""
    assert file_origins("https://pypi.org/simple") == {
        Origin("https", "pypi.org", 443),
        Origin("https", "files.pythonhosted.org", 443),
    }
    assert Origin("https", "test-files.pythonhosted.org", 443) in file_origins(
        "https://test.pypi.org/simple/"
    )
    for url in (
        "http://pypi.org/simple",
        "https://pypi.org:8443/simple",
        "https://pypi.org.evil.example/simple",
    ):
        assert file_origins(url) == {Origin.of(url)}


@pytest.mark.parametrize(
    ("entry", "covered", "not_covered"),
    [
        (
            "a.example",
            ["https://a.example", "http://a.example", "https://A.EXAMPLE.:443"],
            ["https://a.example:8443", "https://b.a.example", "https://xa.example"],
        ),
        ("a.example:8443", ["https://a.example:8443"], ["https://a.example", "https://b.a.example:8443"]),
        ("a.example:443", ["https://a.example"], ["http://a.example"]),
        (
            "*.a.example",
            ["https://b.a.example", "https://c.b.a.example"],
            ["https://a.example", "https://xa.example", "https://b.a.example:8443"],
        ),
        ("*", ["https://a.example", "http://b.example"], ["https://a.example:8443"]),
        ("[::1]:8443", ["https://[::1]:8443"], ["https://[::1]"]),
    ],
)
def test_what_an_entry_of_external_hosts_covers(
    entry: str, covered: list[str], not_covered: list[str]
) -> None:
    """A host without a port means the scheme's own; a suffix does not cover itself."""
    pattern = HostPattern.parse(entry)
    assert str(pattern) == entry
    assert all(pattern.matches(Origin.of(url)) for url in covered)
    assert not any(pattern.matches(Origin.of(url)) for url in not_covered)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a..b",
        "https://a.example",
        "a.example/",
        "*a.example",
        "a.*.b",
        "*.",
        "*.*",
        "a:",
        "a:0",
        "a:65536",
        "a:x",
        "*.a:443",
        "*:443",
        "[::1",
        "[::1]x443",
        "[::1]:",
        "\u00e9.example",
        "a b",
        "-a",
        "a:4\u00b2",
    ],
)
def test_anything_else_is_no_host(text: str) -> None:
    """There is nothing to guess."""
    with pytest.raises(ValueError):
        HostPattern.parse(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("https://u:p@a.example/x", "https://****@a.example/x"),
        ("https://token@a.example:1/x", "https://****@a.example:1/x"),
        ("https://u:p@p@a.example/x", "<ambiguous URL>"),
        ("https://a.example/x?signature=s#sha256=1", "https://a.example/x?****"),
        ("https://[u:p@a.example", "<ambiguous URL>"),
    ],
)
def test_secrets_are_not_shown(url: str, shown: str) -> None:
    """A user name may be a token, and a signed URL has its secret in the query."""
    assert redact(url) == shown


@pytest.fixture
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has not seen a secret yet."""
    monkeypatch.setattr(urls, "_secrets", set())
    return


@pytest.mark.usefixtures("no_secrets")
class TestKnownSecrets:
    """Values of variables that stand in the path of an index's URL."""

    @pytest.mark.parametrize(
        ("secret", "written"),
        [
            ("t0ken", "t0ken"),
            ("t0/ken=", "t0/ken="),
            ("t0/ken=", "t0/ken%3D"),
            ("t0/ken=", "t0%2Fken%3D"),
            ("t0 ken", "t0%20ken"),
            ("t0@ken+", "t0@ken%2B"),
            ("t0%2fken", "t0%2Fken"),
        ],
    )
    def test_are_not_shown_however_they_are_written(self, secret: str, written: str) -> None:
        """Not in a URL, nor in what somebody else says about it."""
        keep_secret(secret)
        assert redact(f"https://a.example/{written}/simple/") == "https://a.example/****/simple/"
        assert scrub(f"no answer (https://a.example/{written}/simple/x: GET /{written}/simple/x)") == (
            "no answer (https://a.example/****/simple/x: GET /****/simple/x)"
        )

    def test_are_not_given_away_by_shorter_ones(self) -> None:
        """A secret that begins with another one is hidden to its end."""
        for length in range(4, 20):
            keep_secret("0123456789abcdefghij"[:length])
        assert redact("https://a.example/0123456789abcdefghi/x") == "https://a.example/****/x"

    def test_are_longer_than_a_few_characters(self) -> None:
        """What is as short as that would be found everywhere."""
        keep_secret("exa")
        assert redact("https://a.example/exa") == "https://a.example/exa"


def test_urls_in_the_words_of_others_are_redacted() -> None:
    """Each of them, with the words between them left alone."""
    text = "GET <https://u:p@a.example/x?signature=s> and 'https://b@c@d.example/' failed"
    assert scrub(text) == "GET <https://****@a.example/x?****> and '<ambiguous URL>' failed"


@pytest.mark.parametrize(
    "text",
    [
        "url: /w/x.whl?Signature=s1gn3d",
        "url: /w/x.whl?name=a)&Signature=s1gn3d",
        "url: /w/x.whl?a='b&Signature=s1gn3d",
        "('/w/x.whl?Signature=s1gn3d', 443)",
        "for url: https://h.example/f.whl?a='b&Signature=s1gn3d (Caused by)",
        "'https://h.example/f.whl?a=(b)&Signature=s1gn3d'",
    ],
)
def test_queries_in_the_words_of_others_are_hidden(text: str) -> None:
    """Libraries speak of requests without their hosts, and servers sign URLs with any characters in them."""
    assert "s1gn3d" not in scrub(text)
    assert "?****" in scrub(text)


@pytest.mark.parametrize("base", ["https://a.example/simple", "https://a.example/simple/"])
def test_a_project_page_is_below_the_index(base: str) -> None:
    """With or without the slash."""
    assert join(base, "acme-core") == "https://a.example/simple/acme-core/"
