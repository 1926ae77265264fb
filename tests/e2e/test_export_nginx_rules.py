"""What the nginx of ``rim-router export nginx`` takes from an index, and what it does not."""

from __future__ import annotations

import gzip
import os
import time
from typing import TYPE_CHECKING, Any, Callable

import pytest

from tests.support.exported import Exported, export_nginx, free_address, write_credentials
from tests.support.nginx import JSON_TYPE, NGINX
from tests.support.servers import HTML_TYPE, IndexServer
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers import Behaviour, Exchange

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.skipif(os.name == "nt", reason="nginx has no workers there"),
]

Serve = Callable[..., Exported]
WHEEL = "acme_core-1.0-py3-none-any.whl"
AUTHORIZATION = "Basic Y2k6aHVudGVyMg=="


@pytest.fixture
def index() -> Iterator[IndexServer]:
    """An index with a project."""
    with IndexServer("private") as server:
        server.add(wheel("acme-core", "1.0", origin="private"))
        yield server


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Runs the nginx of a table."""
    running: list[Exported] = []

    def start(indexes: dict[str, Any], routes: dict[str, Any]) -> Exported:
        address = free_address()
        text, said = export_nginx(tmp_path, indexes, routes, "--listen", address)
        assert text, said
        write_credentials(tmp_path, text, f'proxy_set_header Authorization "{AUTHORIZATION}";')
        running.append(Exported(tmp_path, text, address))
        return running[-1]

    yield start
    for each in running:
        each.close()


def files(server: IndexServer, name: str = "i1") -> str:
    return f"/from/{name}/http/{server.netloc}"


def answer(code: int, body: bytes = b"", kind: str = HTML_TYPE, **headers: str) -> Behaviour:
    """Answer so, with a status of any number."""

    def act(exchange: Exchange) -> bool:
        lines = [f"HTTP/1.1 {code} Something", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        exchange.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)
        return True

    return act


NAMED = {
    "the index redirects, and that is not followed\n": (300, 301, 302, 303, 305, 307, 308, 399),
    "the index refuses access\n": (401, 402, 403, 407, 429, 451),
    "the index fails or cannot be reached\n": (304, 400, 405, 406, 409, 418, 498, 500, 503, 511, 599),
}
STATUSES = [(code, body) for body, codes in NAMED.items() for code in codes]


def test_statuses(index: IndexServer, serve: Serve) -> None:
    """Whatever is no success ends in an error with a name, for pages and files; its body is not shown."""
    server = serve({"acme": index.url}, {"acme-*": "acme"})
    page = server.get("/simple/acme-core/")[2]
    for code, body in STATUSES:
        index.on("*", answer(code, b"<a href='x'>from the index</a>" if code != 304 else b"", Location="/x"))
        for path in (page, f"{files(index)}/files/{WHEEL}"):
            assert server.get(path)[:2] == (502, body), code
    for code in (404, 410):
        index.on("*", answer(code, b"from the index"))
        for path in (page, f"{files(index)}/files/{WHEEL}"):
            assert server.get(path)[:2] == (404, "acme-core is not on its index\n")


def test_statuses_that_say_absent(index: IndexServer, serve: Serve) -> None:
    """Of pages only, and only of the index that has them."""
    with IndexServer("second") as second:
        named = {"url": index.url, "absent-status": [403], "probe": "pip"}
        server = serve({"acme": named, "more": second.url}, {"acme-*": "acme", "more-*": "more"})
        index.on("*", answer(403))
        second.on("*", answer(403))
        assert server.get(server.get("/simple/acme-core/")[2])[0] == 404
        assert server.get(f"{files(index)}/files/{WHEEL}")[0] == 502
        assert server.get(server.get("/simple/more-x/")[2])[0] == 502


def test_successes_of_another_kind(index: IndexServer, serve: Serve) -> None:
    """nginx has no error for them: no client takes their bodies for a page."""
    server = serve({"acme": index.url}, {"acme-*": "acme"})
    page = server.get("/simple/acme-core/")[2]
    for code in (201, 202, 203, 206, 226, 499, 600, 999):
        index.on("*", answer(code, b'<a href="https://evil.example/">x</a>'))
        found = server.answer(page)
        assert found.headers.get_all("Content-Type") == ["application/x-not-an-index-page; charset=utf-8"]
        assert b"https://" not in found.read()


def test_headers_that_nginx_or_clients_would_obey(index: IndexServer, serve: Serve) -> None:
    """None has an effect, and none is passed on."""
    headers = {
        "X_Accel_Redirect": "/healthz", "X_Accel_Expires": "0", "X_Accel_Limit_Rate": "1",
        "X_Accel_Buffering": "no", "X_Accel_Charset": "utf-7", "Vary": "*",
        "Cache_Control": "private, no-store",
        "Expires": "Thu, 01 Jan 1970 00:00:00 GMT", "Set_Cookie": "a=b", "Refresh": "0; url=https://evil.example/",
        "Link": "<https://evil.example/>; rel=next", "Alt_Svc": 'h2="evil.example:443"',
        "Strict_Transport_Security": "max-age=9", "Content_Location": "https://evil.example/",
        "Content_Disposition": "attachment; filename=other-1.0.zip",
        "Location": "https://evil.example/", "WWW_Authenticate": "Basic realm=x",
    }  # fmt: skip
    server = serve({"acme": index.url}, {"acme-*": "acme"})
    page = server.get("/simple/acme-core/")[2]
    index.on("*", answer(200, b"<a href='x'>page</a>", **headers))
    for path in (page, f"{files(index)}/files/{WHEEL}"):
        for _ in range(2):
            found = server.answer(path)
            assert found.status == 200
            assert b"page</a>" in found.read()
            assert not {name.replace("_", "-").lower() for name in headers} & {
                each.lower() for each in found.headers
            }
        assert len([each for each in index.requests if path.endswith(each.path)]) == 1, "it is kept"


def test_an_answer_is_kept_no_longer_than_nginx_says(index: IndexServer, serve: Serve) -> None:
    index.on("*", answer(200, b"page", Cache_Control="max-age=86400", X_Accel_Expires="86400"))
    server = serve({"acme": index.url}, {"acme-*": "acme"})
    text = (server.directory / "rim-router.conf").read_text()
    server.close()
    (server.directory / "rim-router.conf").write_text(text.replace("200 1m;", "200 1s;"))
    again = Exported(server.directory, text.replace("200 1m;", "200 1s;"), f"{server.host}:{server.port}")
    try:
        page = again.get("/simple/acme-core/")[2]
        end = time.monotonic() + 30
        while len(index.requests) < 2 and time.monotonic() < end:
            assert again.get(page)[0] == 200
            time.sleep(0.2)
        assert len(index.requests) == 2
    finally:
        again.close()


def test_what_a_client_says_does_not_reach_the_index(index: IndexServer, serve: Serve) -> None:
    """One client's headers could else decide what others get from the cache."""
    server = serve({"acme": index.url}, {"acme-*": "acme"})
    page = server.get("/simple/acme-core/")[2]
    said = {"X_Forwarded_Host": "evil.example", "Cookie": "a=b", "Authorization": "Basic x", "Referer": "x"}
    said |= {
        "User_Agent": "somebody",
        "Range": "bytes=0-1",
        "If_None_Match": "x",
        "Forwarded": "host=evil.example",
    }
    for path in (page, f"{files(index)}/files/{WHEEL}"):
        server.answer(path, **said).read()
    assert len(index.requests) == 2
    for each in index.requests:
        assert set(each.headers) <= {"Host", "Accept", "Accept-Encoding", "User-Agent"}
        assert each.headers["User-Agent"] == "rim-router"
        assert each.headers["Host"] == index.netloc


@pytest.mark.parametrize(
    ("kind", "encoding", "told"),
    [
        (JSON_TYPE, "", JSON_TYPE),
        (f"{JSON_TYPE}; charset=UTF-8", "identity", JSON_TYPE),
        ("application/vnd.pypi.simple.v1+html", "", "application/vnd.pypi.simple.v1+html; charset=utf-8"),
        ("text/html", "", "text/html; charset=utf-8"),
        ("text/html;charset=ISO-8859-1", "", "text/html; charset=iso-8859-1"),
        ("text/html; charset=utf-16", "", ""),
        ("text/html; charset=utf-7", "", ""),
        (JSON_TYPE, "gzip", ""),
        ("text/html", "br", ""),
        ("application/json", "", ""),
        ("application/xhtml+xml", "", ""),
        ("text/plain", "", ""),
        ("application/vnd.pypi.simple.v2+json", "", ""),
    ],
)
def test_types_of_pages(kind: str, encoding: str, told: str, index: IndexServer, serve: Serve) -> None:
    """Clients are told the type as which a page was rewritten; of any other, that it is no page."""
    server = serve({"acme": index.url}, {"acme-*": "acme"})
    body = b'{"url":"https://evil.example/"}'
    coded = gzip.compress(body) if encoding == "gzip" else body
    index.on("*", answer(200, coded, kind, **({"Content_Encoding": encoding} if encoding else {})))
    found = server.answer(server.get("/simple/acme-core/")[2])
    assert found.headers.get_all("Content-Type") == [told or "application/x-not-an-index-page; charset=utf-8"]
    assert found.headers["Content-Encoding"] is None
    assert b"https://" not in found.read()


def test_other_ways_to_ask(index: IndexServer, serve: Serve) -> None:
    """With ``HEAD``, for a part of a file or page, or for compressed pages."""
    server = serve({"acme": index.url}, {"acme-*": "acme"})
    page = server.get("/simple/acme-core/")[2]
    whole = server.answer(page).read()
    assert b'href="/from/i1/' in whole
    server.answer(f"{files(index)}/files/{WHEEL}").read()
    for _ in range(2):
        head = server.answer(page, method="HEAD")
        assert (head.status, head.headers["Content-Type"], head.read()) == (
            200,
            "text/html; charset=utf-8",
            b"",
        )
        assert server.answer(page, Range="bytes=5-").read() == whole
        compressed = server.answer(page, Accept_Encoding="gzip")
        assert compressed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(compressed.read()) == whole
        part = server.answer(f"{files(index)}/files/{WHEEL}", Range="bytes=5-9")
        assert (part.status, len(part.read())) == (206, 5)
    refused = server.answer(page.replace("acme-core", "other"))
    assert (refused.status, refused.headers.get_all("Content-Type")) == (403, ["text/plain"])


def test_a_page_that_comes_in_pieces(index: IndexServer, serve: Serve) -> None:
    """A link is rewritten wherever a piece of it ends."""
    links = ["https://evil.example/x", "../../files/x", "//evil.example", "&#104;ttps://evil.example/", ".."]
    body = "".join(f'<a href="{link}">x</a><a HREF={link}>y</a>' for link in links).encode()

    def slowly(exchange: Exchange) -> bool:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
        exchange.wfile.write(head.encode())
        for position in range(len(body)):
            exchange.wfile.write(body[position : position + 1])
            exchange.wfile.flush()
            time.sleep(0.0005)
        return True

    server = serve({"acme": index.url}, {"acme-*": "acme"})
    page = server.get("/simple/acme-core/")[2]
    index.on("*", answer(200, body, "text/html"))
    at_once = server.get(page)[1]
    index.on("*", slowly)
    other = server.get(page.replace("acme-core", "acme-slow"))[1]
    assert other == at_once.replace("acme-core", "acme-slow")
    assert '"https://evil' not in other


FORMS = ('<a href="{}">', "<a class='x' HREF='{}' >", '{{"url":"{}"}}', '{{"url": "{}"}}', '{{"url" : "{}"}}')


def test_usual_links_lead_to_their_files(index: IndexServer, serve: Serve) -> None:
    """In whichever of these forms an index has it, the link is the one that a client would have found."""
    server = serve({"acme": f"{index.base}/a%20b/team/simple/"}, {"acme-*": "acme"})
    root, here = files(index), f"{files(index)}/a%20b/team/simple"
    links = {
        "https://files.example/a/x.whl#sha256=0": "/from/i1/https/files.example/a/x.whl#sha256=0",
        "HTTP://files.example/a/x.whl": "/from/i1/http/files.example/a/x.whl",
        "//files.example/x.whl": "/from/i1/http/files.example/x.whl",
        "/files/x.whl": f"{root}/files/x.whl",
        "../../files/x.whl": f"{root}/a%20b/team/files/x.whl",
        "../x.whl": f"{here}/x.whl",
        "../../../../x.whl": f"{root}/x.whl",
        "x.whl": f"{here}/acme-PAGE/x.whl",
        "./y/x.whl": f"{here}/acme-PAGE/y/x.whl",
        "../../../../../x.whl": f"{root}/__/x.whl",
    }
    page = server.get("/simple/acme-core/")[2].replace("acme-core", "acme-{}")
    cases = [
        (form, each, wanted)
        for form in FORMS
        for link, wanted in links.items()
        for each in ([link, link.replace("/", "\\/")] if "url" in form else [link])
    ]
    for number, (form, link, wanted) in enumerate(cases):
        kind = JSON_TYPE if "url" in form else "text/html"
        index.on("*", answer(200, form.format(link).encode(), kind))
        text = server.get(page.format(number))[1].strip().replace("\\/", "/")
        assert text == form.format(wanted).replace("PAGE", str(number)).replace("HREF", "href")


class TestPlaces:
    """What belongs to an index is below its own path; there alone it gets the credentials."""

    @staticmethod
    def authorized(server: IndexServer) -> list[bool]:
        return [each.headers.get("Authorization") == AUTHORIZATION for each in server.requests]

    def test_credentials(self, index: IndexServer, serve: Serve) -> None:
        index.on("*", answer(200, b"x"))
        url = f"{index.base}/team/simple/".replace("://", "://ci:hunter2@")
        server = serve({"acme": url}, {"acme-*": "acme", "tool": {"deny": "no"}})
        served = {
            "/team/files/": True,
            "/team/simple/acme-core/": True,
            "/files/": False,
            "/teams/": False,
            "/": False,
        }
        for place, lent in served.items():
            index.forget()
            assert server.get(f"{files(index)}{place}{WHEEL}")[0] == 200
            assert self.authorized(index) == [lent], place
        index.forget()
        for place in ("secret", "", f"files/{WHEEL}/", "files/notes.txt", "files/tool-1.zip"):
            assert server.get(f"{files(index)}/team/{place}")[0] == 403, place
        assert not index.requests

    def test_an_index_whose_path_is_its_own(self, index: IndexServer, serve: Serve) -> None:
        """Without ``simple`` at its end, files are below it."""
        index.on("*", answer(200, b"x"))
        url = f"{index.base}/whl/cpu".replace("://", "://ci:hunter2@")
        server = serve({"acme": url}, {"acme-*": "acme"})
        for place in ("/whl/cpu/", "/whl/"):
            assert server.get(f"{files(index)}{place}{WHEEL}")[0] == 200
        assert self.authorized(index) == [True, False]

    def test_another_index_on_the_same_host(self, index: IndexServer, serve: Serve) -> None:
        """Its pages and files are its own, though the link does not leave the host."""
        index.on("*", answer(200, b"x"))
        base = index.base.replace("://", "://ci:hunter2@")
        deep, public, acme = "i1", "i2", "i3"
        server = serve(
            {"acme": f"{base}/team/simple", "public": f"{base}/simple/", "deep": f"{base}/team/deep/simple"},
            {"acme-*": "acme", "tool": "public", "deep": "deep"},
        )
        for place in ("/files/", "/simple/tool/", "/team/deep/files/"):
            found = server.get(f"{files(index, acme)}{place}{WHEEL}")
            assert found[:2] == (403, "this belongs to another index\n")
        assert server.get(f"{files(index, public)}/team/files/tool-1.zip")[0] == 403
        assert not index.requests
        assert server.get(f"{files(index, acme)}/team/files/{WHEEL}")[0] == 200
        assert server.get(f"{files(index, deep)}/team/deep/files/deep-1.zip")[0] == 200
        index.forget()
        pages = {acme: "/simple/tool/", public: "/team/simple/acme-core/", deep: "/team/deep/simple/tool/"}
        for name, place in pages.items():
            assert server.get(f"{files(index, name)}{place}")[0] == 403
        assert not index.requests

    def test_a_host_with_its_port_and_in_capitals(self, index: IndexServer, serve: Serve) -> None:
        """Both are the same host; so they lead to the same file."""
        index.on("*", answer(200, b"x"))
        server = serve({"acme": index.url}, {"acme-*": "acme"})
        capitals = files(index).replace("localhost", "LocalHost")
        assert server.get(f"{capitals}/files/{WHEEL}")[0] == 200
        other = files(index).replace("localhost", "other.example")
        assert server.get(f"{other}/files/{WHEEL}")[:2] == (
            403,
            "the host of this link is not in external-hosts of its index\n",
        )


def test_known_urls_of_files(index: IndexServer, serve: Serve) -> None:
    """A file is served only where its project comes from: that a page is refused would not be enough."""
    reason = "retired: use $this"
    server = serve({"acme": index.url}, {"acme-*": "acme", "acme-old": {"deny": reason}, "tool": "acme"})
    assert server.get(f"{files(index)}/files/acme_old-1.0.tar.gz")[:2] == (403, f"denied: {reason}\n")
    assert server.get(f"{files(index)}/files/acme_core-1.0.txt")[:2] == (
        403,
        "the name of this file says no project\n",
    )
    assert server.get(f"{files(index)}/files/other-1.0.tar.gz")[:2] == (
        403,
        "no route of the table claims other\n",
    )
    assert not index.requests
    assert server.get(f"{files(index)}/files/{WHEEL}")[0] == 200


def test_names_that_mean_something_to_nginx(index: IndexServer, serve: Serve) -> None:
    """They are names of projects all the same; others keep the route of all others."""
    index.on("*", answer(200, b"x", JSON_TYPE))
    words = ("default", "include", "hostnames", "volatile")
    server = serve({"acme": index.url}, dict.fromkeys(words, "acme"))
    for word in words:
        assert server.get(server.get(f"/simple/{word}/")[2])[0] == 200
    assert server.get("/simple/other/")[0] == 403


def test_long_reasons(index: IndexServer, serve: Serve) -> None:
    """What is too long for nginx ends with an ellipsis."""
    server = serve({"acme": index.url}, {"x": {"deny": "ü$" * 4000}, "y": "acme"})
    code, body, _ = server.get("/simple/x/")
    assert code == 403
    assert body.startswith("denied: ü$ü$ü$")
    assert body.endswith("…\n")


def test_other_indexes_of_the_same_name_have_other_pages(index: IndexServer, serve: Serve) -> None:
    """A table may change: what was kept of one index is never a page of another one."""
    server = serve({"acme": index.url}, {"acme-*": "acme"})
    assert server.get(server.get("/simple/acme-core/")[2])[0] == 200
    address = f"{server.host}:{server.port}"
    server.close()
    table = {"acme": f"{index.base}/other/simple/"}
    text, _ = export_nginx(server.directory, table, {"acme-*": "acme"}, "--listen", address)
    again = Exported(server.directory, text, address)
    try:
        assert again.get(again.get("/simple/acme-core/")[2])[0] == 404
    finally:
        again.close()
