"""What pages say of themselves and of their project, however they are written."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.rules.page_metadata import page_metas, project_status
from rim_router.rules.recognition import is_page_with, page_fault

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "text/html"
FILE = {"filename": "six-1.0.tar.gz", "url": "https://a.example/six-1.0.tar.gz", "hashes": {}}

STATUSES = st.sampled_from(["active", "archived", "deprecated", "quarantined", "retired", ""])
REASONS = st.text(max_size=300)
VERSIONS = st.sampled_from(["1.0", "1.4", "1.10", "1", "2.0", "2", "0.9", "10.0", "x", ""])
SPACES = st.sampled_from([" ", "\n", "\t ", " / "])


def cased(draw: st.DrawFn, text: str) -> str:
    return "".join(draw(st.sampled_from([each.lower(), each.upper()])) for each in text)


@st.composite
def metas(draw: st.DrawFn, name: str, content: str) -> str:
    """A meta element, in one of the ways in which HTML lets one be written."""
    quote = draw(st.sampled_from("\"'"))
    pairs = [(cased(draw, "name"), cased(draw, name)), (cased(draw, "content"), content)]
    if draw(st.booleans()):
        pairs.append(("class", "x>y"))
    written = [
        f"{key}{draw(st.sampled_from(['=', ' = ']))}{quote}{html.escape(value)}{quote}"
        for key, value in draw(st.permutations(pairs))
    ]
    end = draw(st.sampled_from([">", " />"]))
    return f"<{cased(draw, 'meta')}{draw(SPACES)}{draw(SPACES).join(written)}{end}"


@st.composite
def html_pages(draw: st.DrawFn, version: str | None, status: str | None, reason: str | None) -> bytes:
    said = {"repository-version": version, "project-status": status, "project-status-reason": reason}
    head = [draw(metas(f"pypi:{name}", text)) for name, text in said.items() if text is not None]
    head += draw(st.lists(st.sampled_from(["<title>six</title>", '<meta charset="utf-8">', "<base>"])))
    body = draw(st.sampled_from(["", '<a href="six-1.0.tar.gz">six</a>']))
    return ("".join(draw(st.permutations(head))) + body).encode("utf-8", "replace")


@st.composite
def json_pages(draw: st.DrawFn, version: object, status: object, reason: object) -> bytes:
    project: dict[str, object] = {} if status is None else {"status": status}
    if reason is not None:
        project["reason"] = reason
    page = {"meta": {"api-version": version}, "files": draw(st.sampled_from([[], [FILE]])), "name": "six"}
    if project:
        page["project-status"] = project
    page["x"] = {"status": "active", "api-version": "1.0"}  # what lies deeper says nothing
    ordered = dict(draw(st.permutations(list(page.items()))))
    text = json.dumps(ordered, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    if draw(st.booleans()):
        text = text.replace('"project-status"', '"project\\u002dstatus"').replace('"api-v', '"\\u0061pi-v')
    return text.encode(draw(st.sampled_from(["utf-8", "utf-16"])), "replace")


@given(st.data(), VERSIONS, STATUSES, REASONS)
def test_quarantine_is_seen(data: st.DataObject, version: str, status: str, reason: str) -> None:
    """On every page that says so, and on no other; what is shown of the reason is short and can be seen."""
    makers = [(html_pages, HTML), (html_pages, f"{HTML}; charset=utf-8"), (json_pages, JSON)]
    make, kind = data.draw(st.sampled_from(makers))
    found = project_status(data.draw(make(version, status, reason)), kind)
    assert found.is_quarantined == (status == "quarantined")
    assert found.status == (status if status in ("archived", "deprecated", "quarantined") else "active")
    assert len(found.reason) <= 200
    assert found.reason.isprintable()


@given(st.data(), VERSIONS, STATUSES)
def test_only_version_1_is_known(data: st.DataObject, version: str, status: str) -> None:
    """Whichever way a page is found to be one."""
    make, kind = data.draw(st.sampled_from([(html_pages, HTML), (json_pages, JSON)]))
    page = data.draw(make(version, status, None))
    fault = page_fault(page, kind, "six")
    assert (fault is None) == (version.partition(".")[0] == "1")
    if fault is not None:
        assert "API version" in fault.reason
        assert "version 1" in fault.hint
        assert not is_page_with(["six-1.0.tar.gz"], page, kind, "six")


class _Metas(HTMLParser):
    """How Python's own reader of HTML, which pip uses, takes a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(reversed(attrs))  # of several attributes of one name the first counts
        name = (values.get("name") or "").strip().lower()
        if tag == "meta" and name.startswith("pypi:"):
            self.found.append((name[len("pypi:") :], values.get("content") or ""))


PARTS = [
    *("<meta", "<META ", ">", " ", "\n", "/", "=", '"', "'", "name", "content", "<a", "x", "-->", "<!--"),
    *(
        " name=pypi:project-status",
        " name='pypi&#58;project-status'",
        ' content="quarantined"',
        " content=x ",
    ),
    "<meta name='pypi:project-status' content=",
]


@given(st.lists(st.sampled_from(PARTS), min_size=3))
def test_what_pips_reader_takes_for_a_meta_element_is_one(parts: list[str]) -> None:
    """None of them is overlooked, also on a page that is not well-formed."""
    text = "".join(parts)
    reader = _Metas()
    reader.feed(text)
    found = list(page_metas(text.encode(), HTML))
    # Versions of that reader differ in where a value ends that is not quoted as it should be.
    assert all(each in found for each in reader.found if each[1] in ("quarantined", "x", ""))


@pytest.mark.parametrize("status", [["quarantined"], ["active", "quarantined"], ["deprecated"]])
def test_a_status_that_is_a_list_is_the_worst_of_it(status: list[object]) -> None:
    """PEP 792 has no such thing; what is said counts all the same."""
    page = json.dumps({"meta": {"api-version": "1.4"}, "project-status": {"status": status}, "files": []})
    assert project_status(page.encode(), JSON).is_quarantined == ("quarantined" in status)


@given(st.data(), REASONS)
def test_the_encoding_is_that_of_the_header(data: st.DataObject, reason: str) -> None:
    """As pip reads the page."""
    charset = data.draw(st.sampled_from(["utf-16", "utf-32", "utf-8", "cp1252", "shift_jis"]))
    page = data.draw(html_pages("1.0", "quarantined", reason)).decode()
    kind = f'{HTML}; charset="{charset}"'
    assert project_status(page.encode(charset, "replace"), kind).is_quarantined


@given(st.binary() | st.text().map(str.encode), st.sampled_from([HTML, JSON, "", f"{HTML}; charset=idna"]))
def test_any_bytes_have_a_status(content: bytes, kind: str) -> None:
    """Nothing makes it fail."""
    assert not project_status(content, kind).is_quarantined or b"quarantined" in content.lower()


@pytest.mark.parametrize(
    "entry", ["quarantined", {"status": "Quarantined "}, {"status": "quarantined", "reason": 1}]
)
def test_sloppy_json(entry: object) -> None:
    """Where an index comes near it, it is meant."""
    page = json.dumps({"meta": {"api-version": "1.4"}, "project-status": entry, "files": []}).encode()
    assert project_status(page, JSON).is_quarantined


@pytest.mark.parametrize("entry", [None, 1, [], {}, {"status": None}, {"status": ["x", 1]}, "x"])
def test_nonsense_is_active(entry: object) -> None:
    """An unknown status counts as active."""
    page = json.dumps({"meta": {"api-version": "1.4"}, "project-status": entry, "files": []}).encode()
    assert str(project_status(page, JSON).status) == "active"


def test_of_two_statements_the_worse_one_counts() -> None:
    """Whichever comes first."""
    metas = [
        '<meta name="pypi:project-status" content="active">',
        '<meta name="pypi:project-status" content="quarantined">',
    ]
    for page in ("".join(metas), "".join(reversed(metas))):
        assert project_status(page.encode(), HTML).is_quarantined
    twice = '"project-status": {"status": "active"}, "project-status": {"status": "quarantined"}'
    assert project_status(f'{{"meta": {{"api-version": "1.4"}}, {twice}}}'.encode(), JSON).is_quarantined


@pytest.mark.parametrize("end", ["", "x", "; charset=utf-8"])
def test_a_key_that_is_repeated(end: str) -> None:
    """The worst counts, whichever comes last; and what pip reads as JSON is JSON."""
    kind = f"application/vnd.pypi.simple.v1+json{end}"
    for first, second in (("quarantined", "active"), ("active", "quarantined")):
        page = f'{{"project-status": {{"status": "{first}"}}, "project-status": {{"status": "{second}"}}}}'
        assert project_status(page.encode(), kind).is_quarantined
        page = f'{{"project-status": {{"status": "{first}", "status": "{second}"}}}}'
        assert project_status(page.encode(), kind).is_quarantined
