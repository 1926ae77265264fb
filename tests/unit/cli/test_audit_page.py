"""The page of an audit: everything of others is escaped, and everybody can read it."""

from __future__ import annotations

from datetime import datetime, timezone
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from rim_router.cli.audit.command import _report
from rim_router.cli.audit.page import page
from rim_router.rules.audit import PIP, Found, audit
from rim_router.rules.names import Pattern
from rim_router.rules.policy import Policy
from rim_router.rules.provenance import Provenance
from rim_router.rules.source import Source
from rim_router.rules.table import Index, Kind, Route, RoutingTable, Target

if TYPE_CHECKING:
    from rim_router.cli.audit.shape import AuditReport

EVIL = "<script>alert(1)</script>\"'&\x1b[31m\u202e"
VOID = {"meta"}
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


def report(*, evil: bool = False, empty: bool = False) -> AuditReport:
    """With a distribution in each state; with a hostile text wherever there can be one."""
    text = EVIL if evil else "x"
    source = Source("project", f"/srv/{text}/index-routing.toml", line_of=lambda key: 3)
    index = Index(f"acme{text}" if evil else "acme", "https://acme.example/simple", source)
    route = Route(Pattern.parse("acme-*"), (Target(Kind.INDEXES, (index,)),), source)
    table = RoutingTable([(route.pattern, (route,))], Policy(), (source,))

    def came(way: str, url: str, index_url: str | None) -> Provenance:
        name = None if index_url is None else index.name
        return Provenance(
            *(way, url, {"sha256": "0" * 64}, name, index_url, "acme-*", "project", source.file, 3),
            uploaded=NOW,
        )

    good = came(
        "index", "https://acme.example/files/acme_core-1.0-py3-none-any.whl", "https://acme.example/simple"
    )
    bad = came("index", f"https://evil.example/{text}", f"https://evil.example/{text}")
    direct = came("reference", "https://acme.example/acme_direct-1.0.whl", None)
    found = [
        Found("acme-core", "1.0", "/v/a", "pip", good),
        Found("acme-other", text, f"/v/{text}", "pip", bad),
        Found("acme-direct", "1.0", "/v/b", "pip", direct),
        Found("acme-changed", "1.0", "/v/c", "pip", good, changed=(f"{text}.py: changed",)),
        Found("acme-unknown", "1.0", "/v/d", text, None, f"was installed by {text}"),
        Found("pip", "26.3", "/v/e", "pip", None),
    ]
    findings = audit([] if empty else found, table, NOW)
    return _report(findings, table, pip=PIP, python=text, prefix=f"/v/{text}", notes=[text] if evil else [])


class Outline(HTMLParser):
    """The elements of a page with their attributes, in order; each that is opened has to be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def every(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes, _ in self.elements if name == tag]


@pytest.mark.parametrize("options", [{}, {"evil": True}, {"empty": True}], ids=str)
def test_structure(options: dict[str, bool]) -> None:
    """A language, headings without a gap, captions, headers, a picture with words."""
    outline = Outline(page(report(**options)))
    assert outline.every("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, *_ in outline.elements if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:]))
    tables = len(outline.every("table"))
    assert tables == len(outline.every("caption")) == len(outline.every("thead"))
    assert all(each.get("scope") in ("col", "row") for each in outline.every("th"))
    for picture in outline.every("svg"):
        described = picture["aria-labelledby"].split()
        assert picture["role"] == "img"
        assert described == [each["id"] for tag in ("title", "desc") for each in outline.every(tag) if each]
    # Whatever can be wider than the window can be moved with the keys, and has a name.
    regions = [each for each in outline.every("div") if each.get("class") == "wide"]
    assert all((each["role"], each["tabindex"]) == ("region", "0") and each["aria-label"] for each in regions)


def test_nothing_of_others_is_obeyed() -> None:
    """Neither as an element nor by a terminal, and nothing is loaded or run."""
    text = page(report(evil=True))
    outline = Outline(text)
    used = {tag for tag, *_ in outline.elements}
    assert used == {tag for tag, *_ in Outline(page(report())).elements} | {"strong"}
    assert not used & {"script", "link", "img", "iframe", "object", "a", "form"}
    allowed = {"class", "lang", "charset", "name", "content", "http-equiv", "scope", "role", "tabindex", "id"}
    allowed |= {"aria-label", "aria-labelledby", "viewbox", "width", "height", "x", "y", "text-anchor"}
    assert {name for _, attributes, _ in outline.elements for name in attributes} <= allowed
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_what_is_wrong_comes_first() -> None:
    """And each has the rule and line, the file and its digest."""
    text = page(report())
    assert text.index("acme-changed") < text.index("<h2>Packages by index</h2>") < text.index("acme-core")
    assert "<strong>No:</strong> 3 of 5 claimed packages" in text
    assert "/srv/x/index-routing.toml:3" in text
    assert f"sha256: {'0' * 64}" in text
    assert "uploaded 2026-06-01T00:00:00Z" in text
    assert "acme: 3, of which 2 wrong" in text
    assert "prefers-color-scheme: dark" in text
