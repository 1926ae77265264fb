"""What is a page of an index, and what only was answered as if it were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.rules.recognition import is_page_with, page_fault

HTML = "text/html; charset=utf-8"
HTML_V1 = "application/vnd.pypi.simple.v1+html"
JSON = "application/vnd.pypi.simple.v1+json"
META = {"api-version": "1.1"}
FILE = {"filename": "six-1.0.tar.gz", "url": "six-1.0.tar.gz", "hashes": {}}


@pytest.mark.parametrize(
    "html",
    [
        '<meta name="pypi:repository-version" content="1.0">',
        "<META content='1.4' name='pypi:repository-version'/>",
        "<title>Links for six</title>",
        "<h1 class=x> Links for six</h1>",
        "<title>Simple index</title>",
        "<h1>Index of /simple/six/</h1><pre></pre>",
        "<title>Directory listing for /six/</title>",
        '<a href="six-1.0.tar.gz">',
        "<A HREF='https://b.example/f/Six-1.0-py3-none-any.whl#sha256=0'>",
        "<a class=x href=../../f/six-1.0.zip?signature=1>six</a>",
        '<a href="six-1.0%2Bcpu-py3-none-any.rim">',
        '<meta content="active" name="pypi:project-status">',
        # What servers give for a directory without files: mini_httpd 1.30, webfs 1.21, caddy 2.6.2.
        "<title>Index of simple/six/</title></head><body><h4>Index of simple/six/</h4><pre></pre>",
        '<title>h:8000/six/</title><h1>listing: \n<a href="/">/</a><a href="/six/">six/</a></h1>',
        '<title>six</title><span class="meta-item"><b>0</b> directories</span>',
    ],
)
def test_html_that_is_an_index_page(html: str) -> None:
    """It says so, is the listing of a directory, or links to a file of the project that was asked for."""
    assert page_fault(html.encode(), HTML, "six") is None


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<html><body></body></html>",
        "<title>Sign in</title><p>Links for six</p>",
        "pypi:repository-version",
        '<a href="/login">Sign in</a>',
        '<h1>Sign in</h1><a href="/client-2.0.zip">our client</a>',
        '<a href="seven-1.0.tar.gz">',
        '<a href="https://[/six-1.0.tar.gz">',
        '<link href="six-1.0.tar.gz">',
        "<title>six</title>",
        "<title>Index of products</title>",
        "<h1>Listing: our offices</h1>",
        '<meta name="description" content="pypi:repository-version">',
        # An empty page of simpleindex 0.6.3, which could be anything.
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n</head>\n<body>\n\n</body>\n</html>',
    ],
)
def test_html_that_is_not(html: str) -> None:
    """A log-in form, a proxy's notice, a web site with something to download."""
    fault = page_fault(html.encode(), HTML, "six")
    assert str(fault) == "it neither says that it is one nor links to a file of six"


@pytest.mark.parametrize("kind", [HTML_V1, f"{HTML_V1}; charset=utf-8", HTML_V1.upper()])
@pytest.mark.parametrize("html", ["", "<!DOCTYPE html>\n<html>\n  <body>\n\n  </body>\n</html>"])
def test_the_type_of_an_index_page_says_that_it_is_one(kind: str, html: str) -> None:
    """Nothing but an index has it; morgan 0.15.0 gives such a page for a project without files."""
    assert page_fault(html.encode(), kind, "six") is None


@pytest.mark.parametrize(
    ("html", "kind", "version"),
    [
        ('<meta name="pypi:repository-version" content="2.0">', HTML, "2.0"),
        ('<meta name="pypi:repository-version" content="2.0"><a href="six-1.0.tar.gz">', HTML, "2.0"),
        ('<meta name="pypi:repository-version" content="10.1"><title>Links for six</title>', HTML_V1, "10.1"),
        ('<a href="six-1.0.tar.gz">', HTML_V1.replace("v1", "v2"), "2"),
    ],
)
def test_html_of_another_version(html: str, kind: str, version: str) -> None:
    """Is refused as JSON of another version is, and what to do is not to look at the URL (PEP 629)."""
    fault = page_fault(html.encode(), kind, "six")
    assert fault is not None
    assert fault.reason == f"it has API version {version}, and only version 1 is supported"
    assert "upgrade rim-router" in fault.hint
    assert fault.hint == page_fault(b'{"meta": {"api-version": "2.0"}, "files": []}', JSON, "six").hint
    assert not is_page_with(["six-1.0.tar.gz"], html.encode(), kind, "six")


def test_a_page_of_links_has_the_files_of_any_project() -> None:
    """But has some."""
    assert page_fault(b'<a href="seven-1.0.tar.gz">', HTML, None) is None
    assert str(page_fault(b'<a href="seven.html">', HTML, None)) == (
        "it neither says that it is one nor links to a distribution"
    )


@pytest.mark.parametrize("content_type", [JSON, f"{JSON}; charset=utf-8", JSON.upper(), "application/json"])
@pytest.mark.parametrize("files", [[], [FILE]])
def test_json_that_is_an_index_page(content_type: str, files: list[object]) -> None:
    """PEP 691: a version and a list of files."""
    assert page_fault(json.dumps({"meta": META, "files": files}).encode(), content_type, "six") is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "it cannot be read as JSON"),
        ("[" * 200_000, "it cannot be read as JSON"),
        ("[]", "it is not a JSON object"),
        ("null", "it is not a JSON object"),
        ("{}", "it gives no known API version"),
        ({"detail": "no files for you"}, "it gives no known API version"),
        (
            {"meta": {"api-version": "2.0"}, "files": []},
            "it has API version 2.0, and only version 1 is supported",
        ),
        ({"meta": {"api-version": "\x1b[2J"}, "files": []}, "it gives no known API version"),
        ({"meta": {"api-version": 1.0}, "files": []}, "it gives no known API version"),
        ({"meta": META}, "it has no list of files"),
        ({"meta": META, "files": {}}, "it has no list of files"),
        ({"meta": META, "projects": []}, "it has no list of files"),
        ({"meta": META, "files": [1]}, "it has a file without a URL"),
        ({"meta": META, "files": [FILE, {"filename": "x"}]}, "it has a file without a URL"),
        ({"meta": META, "files": [{"url": None}]}, "it has a file without a URL"),
    ],
)
def test_json_that_is_not(content: object, fault: str) -> None:
    """Whatever else is JSON."""
    text = content if isinstance(content, str) else json.dumps(content)
    assert str(page_fault(text.encode(), JSON, "six")) == fault


@given(st.binary(), st.sampled_from([HTML, JSON, "", "text/html; charset=utf-16"]))
def test_any_answer_can_be_judged(content: bytes, content_type: str) -> None:
    """Nothing makes it fail."""
    fault = page_fault(content, content_type, "six")
    assert fault is None or fault.reason.startswith("it ")
