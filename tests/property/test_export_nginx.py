"""What nginx makes of a table, whatever is in it; and of a page, whatever an index writes there."""

from __future__ import annotations

import html.entities
import json
import os
import re
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.exported import Exported, export_nginx, free_address, write_credentials
from tests.support.nginx import JSON_TYPE, NGINX
from tests.support.servers import HTML_TYPE, Authority, IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers import Exchange

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.skipif(os.name == "nt", reason="nginx has no workers there"),
]


class Pages:
    """An nginx before an index that answers every request with the same page."""

    def __init__(self, place: Any) -> None:
        self.index = IndexServer("index")
        self.index.on("*", self._answer)
        self.body, self.type = b"", ""
        self.number = 0
        address = free_address()
        url = f"{self.index.base}/team/simple"
        text, _ = export_nginx(place, {"acme": url}, {"*": "acme"}, "--listen", address)
        self.server = Exported(place, text.replace("200 1m;", "200 1s;"), address)

    def _answer(self, exchange: Exchange) -> bool:
        # In one piece: the second one would wait for the first to be acknowledged.
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {self.type}\r\nContent-Length: {len(self.body)}\r\n\r\n"
        exchange.wfile.write(head.encode() + self.body)
        return True

    def get(self, body: bytes, kind: str) -> tuple[str, str]:
        """The URL of a page, and what a client gets there."""
        url, _, data = self.ask(body, kind)
        return url, data.decode()

    def ask(self, body: bytes, kind: str) -> tuple[str, str, bytes]:
        """The URL of a page, and the type and the bytes that a client gets there."""
        self.body, self.type = body, kind
        self.number += 1
        path = f"/from/i1/http/{self.index.netloc}/team/simple/p{self.number}/"
        answer = self.server.answer(path, JSON_TYPE)
        assert answer.status == 200
        return (
            f"http://{self.server.host}:{self.server.port}{path}",
            answer.headers["Content-Type"],
            answer.read(),
        )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """For all examples."""
    made = Pages(tmp_path_factory.mktemp("pages"))
    yield made
    made.server.close()
    made.index.close()


class Links(HTMLParser):
    """Whatever is a link for anybody: each ``href``, of any element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [text for name, text in attrs if name == "href" and text is not None]


def urls(value: Any) -> Iterator[str]:
    """Every ``url`` of a page in JSON."""
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from urls(each)
    if isinstance(value, dict) and isinstance(value.get("url"), str):
        yield value["url"]


def targets(base: str, link: str) -> set[tuple[str, str, str]]:
    """Scheme, host and path to which a link leads: for Python, and for readers as browsers have them."""
    found = set()
    for each in (link, re.sub(r"[\t\r\n]", "", link).strip().replace("\\", "/")):
        for once in (each, re.sub("%2e", ".", each, flags=re.IGNORECASE)):
            # These take any number of slashes for two, behind a scheme of the web.
            some = re.sub(r"^(https?:)?/{2,}", r"\1//", once, flags=re.IGNORECASE)
            for last in (once, some):
                try:
                    parts = urlsplit(urljoin(base, last))
                except ValueError:
                    continue
                path = urlsplit(urljoin("http://host/", unquote(parts.path).replace("\\", "/"))).path
                found.add((parts.scheme, parts.netloc, path))
    return found


def assert_inside(base: str, link: str) -> None:
    host = urlsplit(base).netloc
    for scheme, netloc, path in targets(base, link):
        assert (scheme, netloc) == ("http", host), (link, scheme, netloc)
        assert path.startswith("/from/i1/"), (link, path)


SPACE = ["", " ", "\t", "\n", "\r", "\x0c", "\x0b", "\xa0", "\u3000", "\r\n", "  "]
# Each is ".." or "." for some reader, or was once it has been read.
DOTS = [
    "..", ".", "%2e", "%2E%2e", "&#46;", "&#x2e;.", "&#0046;", "&period;.", "\\u002e.", ".\t.", ".\n.",
    ".%2\ne", ".\\n.", ".%2\\te", ".&#46;", ".%2e", ".&percnt;2e", ".&tab;.", ".&NewLine;.", ".\\u002e",
    ".\\r.",
]  # fmt: skip
SLASHES = ["/", "\\", "\\/", "%2f", "&#47;", "&sol;", "&bsol;", "\\u002f", "\\\\", "&#92;", "\\u005c", "//"]
PIECES = [
    *DOTS, *SLASHES, "https:", "http:", "HTTPS://", "file:", "&#104;ttps:", "h\tttps:", "\\u0068ttps:",
    "&Tab;", "&NewLine;", "&#9;", "\\t", "\\n", "\\r", "&colon;", "&percnt;2e", "&#37;2e", "\\u00252e",
    "%252e", "evil.example", "from", "i2", "x-1.tar.gz", "?a=b&amp;c=d", "&amp;", "#sha256=0", "@", ":",
    "...",
]  # fmt: skip
STARTS = ["", "./", "x/", "/", "https://x/", "//x/", "https:\\/\\/x\\/", "../", "../../"]
CLIMBS = [start + (dots + slash) * 12 for start in STARTS for dots in DOTS for slash in SLASHES]
ELSEWHERE = [
    f"{space}{scheme}{slashes}evil.example/"
    for space in ("", " ", "\t", "\n", "&Tab;", "\\n", "\\t")
    for scheme in ("", "https:", "HTTP:", "h\tttps:", "&#104;ttps:", "https&colon;", "h\\u0074tps:", "ftp:")
    for slashes in ("//", "\\/\\/", "/\\/", "/", "\\\\", "&sol;/", "&#47;/", "\\u002f/", "/\t/", "///", "")
]
VALUES = st.one_of(
    st.sampled_from(CLIMBS),
    st.sampled_from(ELSEWHERE),
    st.lists(st.sampled_from(PIECES), max_size=9).map("".join),
)
NAMES = st.sampled_from(["href", "HREF", "hrEf", "href/", "/href", "xhref", "href\x00", "hrefs"])
some_space = st.sampled_from(SPACE)


@st.composite
def elements(draw: st.DrawFn) -> str:
    """An element with one or two attributes of any spelling."""
    quote = draw(st.sampled_from(['"', "'", ""]))
    value = draw(VALUES)
    if not quote:
        value = re.sub(r"\s", "", value)
    equals = draw(st.sampled_from(["=", "=", "==", ""]))
    attribute = draw(NAMES) + draw(some_space) + equals + draw(some_space) + quote + value + quote
    before = draw(
        st.sampled_from(["", 'title="href=', "title='href=\"'", "<a href=", "<!-- ", "\\", "hrefhref"])
    )
    element = draw(st.sampled_from(["a", "A", "base", "link", "area"]))
    return f"<{element} {before}{attribute}{draw(some_space)}>x</a>"


@pytest.mark.parametrize("quote", ['"', "'"])
def test_no_value_of_html_leads_out(quote: str, pages: Pages) -> None:
    """Neither to another host, nor to what is another index's on nginx; and none is lost."""
    values = [*CLIMBS, *ELSEWHERE]
    url, text = pages.get(
        "".join(f"<a href={quote}{value}{quote}>x</a>" for value in values).encode(), HTML_TYPE
    )
    found = Links(text).found
    assert len(found) == len(values)
    for link in found:
        assert_inside(url, link)


def test_no_value_of_json_leads_out(pages: Pages) -> None:
    """The same; a page with characters by their numbers cannot be read at all."""
    whole = [
        value for value in (*CLIMBS, *ELSEWHERE) if re.fullmatch(r"(?:[^\\\x00-\x1f]|\\[\\/tnr])*", value)
    ]
    body = '{"files":[' + ",".join(f'{{"url":"{value}"}}' for value in whole) + "]}"
    assert len(json.loads(body)["files"]) == len(whole) > 1000
    url, text = pages.get(body.encode(), JSON_TYPE)
    found = list(urls(json.loads(text)))
    assert len(found) == len(whole)
    for link in found:
        assert_inside(url, link)


examples = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@examples
@given(
    body=st.lists(elements(), min_size=1, max_size=3).map("".join),
    kind=st.sampled_from([HTML_TYPE, JSON_TYPE]),
)
@example(body="<base href='https://evil.example/'><a href=x>", kind=HTML_TYPE)
@example(body="<a href\x0c=\xa0'https://evil.example/'>", kind=HTML_TYPE)
def test_no_link_of_html_leads_out(body: str, kind: str, pages: Pages) -> None:
    """However it is written."""
    url, text = pages.get(body.encode(), kind)
    for link in Links(text).found:
        assert_inside(url, link)


KEYS = st.sampled_from(["url", "URL", "\\u0075rl", "u\\u0072l", "\\u0055rl", "url\\u0000", "provenance"])
JSON_SPACE = st.sampled_from(["", " ", "\t", "\n", "\r", "  ", " \n"])


@st.composite
def entries(draw: st.DrawFn) -> str:
    """A file as JSON has it, with its URL in any spelling."""
    value = re.sub(r'[\x00-\x1f"]', "", draw(VALUES))
    value = re.sub(r"\\(?![\\/tnru])", "", value).rstrip("\\")
    key = f'"{draw(KEYS)}"{draw(JSON_SPACE)}:{draw(JSON_SPACE)}"{value}"'
    reason = draw(
        st.sampled_from(["", '"yanked": "\\\\",', '"yanked":"href=",', '"yanked":"\\"url\\":\\"",'])
    )
    return f"{{{draw(JSON_SPACE)}{reason}{draw(JSON_SPACE)}{key}{draw(JSON_SPACE)}}}"


@examples
@given(body=st.lists(entries(), min_size=1, max_size=3).map(lambda each: f'{{"files":[{",".join(each)}]}}'))
@example(body='{"files":[{"\\u0075rl":"https://evil.example/"}]}')
@example(body='{"files":[{"url"\n:\t"https://evil.example/"}]}')
def test_no_link_of_json_leads_out(body: str, pages: Pages) -> None:
    url, text = pages.get(body.encode(), JSON_TYPE)
    try:
        read = json.loads(text)
    except ValueError:
        return
    for link in urls(read):
        assert_inside(url, link)
    assert '"provenance"' not in text


@examples
@given(
    body=st.lists(
        st.sampled_from([*PIECES, *SPACE, 'href="', "href='", '"url":"', "<a ", ">", "'", '"', "{", "}"])
    ).map("".join)
)
def test_no_link_of_anything_leads_out(body: str, pages: Pages) -> None:
    """Of no page that is neither."""
    url, text = pages.get(body.encode(), HTML_TYPE)
    for link in Links(text).found:
        assert_inside(url, link)


ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_other_encoding(encoding: str, pages: Pages) -> None:
    """A page is read as it was rewritten, whatever its first bytes or its index say."""
    page = json.dumps({"files": [{"url": "https://evil.example/"}]}).encode(encoding)
    assert json.loads(page)["files"], "such a page would be read"
    _, kind, data = pages.ask(page, JSON_TYPE)
    assert kind == JSON_TYPE
    with pytest.raises(ValueError, match=r"Expecting|Invalid|decode"):
        json.loads(data)
    _, kind, data = pages.ask(page, f"{HTML_TYPE.partition(';')[0]}; charset={encoding}")
    assert kind == "application/x-not-an-index-page; charset=utf-8"
    assert not data.startswith((b"\xff\xfe", b"\xfe\xff"))


def test_every_name_of_a_character_that_matters_is_known() -> None:
    from rim_router.cli.export.nginx.links import _NAMED

    names = {name for name, text in html.entities.html5.items() if set(text) & set("./\\%\t\r\n")}
    assert {f"&{name.rstrip(';').lower()}" for name in names} == set(_NAMED)


LABELS = st.sampled_from(["a", "b", "a-b", "a.b", "a_b", "x" * 60, "1", "default"])
HOSTS = st.one_of(
    st.lists(LABELS, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["127.0.0.1", "[::1]", "localhost", "A.Example", "a-b.example", "a.b.example"]),
)
PORTS = st.sampled_from(["", "", ":443", ":80", ":8443"])
SEGMENTS = st.one_of(
    st.sampled_from(
        ["simple", "+simple", "a%20b", "a%2Bb", "%C3%A9", "ü", "a;b", "%2e", "..", "%2F", "$x", "%24x"]
    ),
    st.text("abzAZ09._~!'()*+,=:@-$%;{}\"", max_size=12),
    st.just("p" * 300),
)
URLS = st.builds(
    lambda scheme, user, host, port, path: f"{scheme}://{user}{host}{port}/{'/'.join(path)}",
    st.sampled_from(["https", "http"]),
    st.sampled_from(["", "", "user:secret@"]),
    HOSTS,
    PORTS,
    st.lists(SEGMENTS, max_size=6),
)
EXTERNAL = st.lists(st.builds(str.__add__, HOSTS, PORTS), max_size=3, unique=True)
WORDS = st.sampled_from(
    ["default", "include", "hostnames", "volatile", "a", "a-b", "zope.interface", "unclaimed"]
)
PROJECTS = st.one_of(
    WORDS,
    WORDS.map(lambda each: f"{each}-*"),
    st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?\*?", fullmatch=True),
    st.sampled_from([100, 200, 201, 5000]).map(lambda length: "n" * length),
    st.just("*"),
)
REASONS = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF), min_size=1, max_size=40),
    st.text('$"\\;{}#ü a', min_size=1, max_size=30).map(lambda text: f"x{text * 200}"),
).map(lambda text: f"because {text}")


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Indexes and routes."""
    count = draw(st.integers(1, 4))
    named: dict[str, Any] = {}
    for number in range(count):
        name = f"{draw(st.sampled_from(['i', 'default', 'with-hyphen']))}{number}"
        named[name] = {"url": draw(URLS), "external-hosts": draw(EXTERNAL)}
        if draw(st.integers(0, 3)) == 0:
            named[name].update({"absent-status": [403], "probe": "pip"})
    lists = st.lists(st.sampled_from(list(named)), min_size=2, max_size=4, unique=True) if count > 1 else None
    target = [st.sampled_from(list(named)), REASONS.map(lambda text: {"deny": text})]
    if lists is not None:
        target.append(lists.map(lambda some: {"indexes": some, "strategy": "first-index"}))
    return named, draw(st.dictionaries(PROJECTS, st.one_of(target), min_size=1, max_size=6))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where configurations are tried, with the files that they include."""
    place = tmp_path_factory.mktemp("tables")
    Authority(place)
    return place


def complaints(place: Path, text: str) -> str:
    """What nginx says of a configuration, but for hosts that there are not; nothing if it takes it."""
    assert NGINX is not None
    path = place / "rim-router.conf"
    path.write_text(re.sub(r"server [^\s;{]+;(?= keepalive)", "server 127.0.0.1:9;", text), encoding="utf-8")
    write_credentials(place, text, "proxy_set_header Authorization x;")
    command = [NGINX, "-t", "-q", "-p", f"{place}/", "-c", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode or "[warn]" in done.stderr else ""


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=tables())
@example(
    made=({"a": "https://a.example/"}, {"default": "a", "include": "a", "hostnames": "a", "volatile": "a"})
)
@example(made=({"a": "https://a-b.example/", "b": "https://a.b.example/"}, {"x": "a", "y": "b"}))
@example(made=({"a": "https://a.example/"}, {"x": {"deny": "$" * 9000}, "y": {"deny": "ü" * 9000}, "z": "a"}))
@example(made=({"a": "https://a.example/team%20a/p%2Bq/%C3%A9/simple"}, {"x": "a"}))
@example(made=({"a": "https://a.example/"}, {"n" * 200: "a"}))
@example(made=({"a": "https://a.example/"}, {"x": {"deny": "no"}}))
@example(made=({"a": {"url": "https://a.example/", "external-hosts": ["b" * 5000]}}, {"x": "a"}))
@example(made=({"a": {"url": "https://a.example/", "external-hosts": ["*." + "b" * 5000]}}, {"x": "a"}))
@example(made=({"a": "https://a.example/team's/a&b"}, {"x": "a"}))
def test_nginx_takes_what_is_printed(made: tuple[dict[str, Any], dict[str, Any]], workshop: Path) -> None:
    """Whatever nginx would not take is an error of the export, which says what it is."""
    options = ["--certificates", str(workshop / "authority.pem")]
    text, said = export_nginx(workshop, *made, *options)
    if text:
        assert complaints(workshop, text) == ""
        assert "secret" not in text
    else:
        assert "index-routing.toml" in said


@pytest.mark.parametrize(
    "options",
    [
        ("--listen", "127.0.0.1:0"),
        ("--listen", "80; return 200"),
        ("--listen", "nowhere.example:80"),
        ("--listen", "127.0.0.1:80\n"),
        ("--listen", "::1"),
        ("--listen", "[::1]x:80"),
        ("--listen", ""),
        ("--certificates", ""),
        ("--certificates", "a\nb"),
        ("--certificates", "a" * 5000),
    ],
)
def test_options_that_nginx_does_not_take(options: tuple[str, str], workshop: Path) -> None:
    text, said = export_nginx(workshop, {"a": "https://a.example/"}, {"x": "a"}, *options)
    assert not text
    assert f"ERROR: {options[0]} " in said


@pytest.mark.parametrize(
    "listen", ["127.0.0.1:8080", "[::1]:8080", "*:8080", "localhost:8080", "8080", "127.0.0.1"]
)
def test_options_that_nginx_takes(listen: str, workshop: Path) -> None:
    certificates = workshop / 'strange "name" $x; \\t.pem'
    certificates.write_bytes((workshop / "authority.pem").read_bytes())
    options = ("--listen", listen, "--certificates", str(certificates))
    text, _ = export_nginx(workshop, {"a": "https://a.example/"}, {"x": "a"}, *options)
    assert complaints(workshop, text) == ""
