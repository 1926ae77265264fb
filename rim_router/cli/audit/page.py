"""The result of an audit as one page for people: no scripts, nothing from elsewhere, everything escaped."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from rim_router.cli.rendering import count
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rim_router.cli.audit.shape import Audited, AuditReport
    from rim_router.cli.shapes import Place

_STATES = {
    "tampered": "changed since it was installed",
    "elsewhere": "from where today's table does not allow",
    "unknown": "without a record that can be believed",
    "direct": "from a URL that the table allows",
    "ok": "from where the table says",
    "unclaimed": "claimed by no route",
}
_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --line: #767676; --soft: #f2f2f2;
  --good: #0b5d2c; --bad: #a4001d; --bar: #2f5d9b; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --paper: #161616; --line: #8c8c8c;
  --soft: #242424; --good: #7ddc9c; --bad: #ff9a9a; --bar: #8fb8f0; } }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 72rem; padding: 1rem; }
.verdict { border-left: .5rem solid var(--good); padding: .25rem 1rem; font-size: 1.25rem; }
.verdict.no { border-color: var(--bad); }
.no strong { color: var(--bad); font-weight: bold; }
dt { font-weight: bold; } dd { margin: 0 0 .5rem 1rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } .wide:focus { outline: 2px solid var(--bar); }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: .25rem 0; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; min-width: 6rem; }
thead th { background: var(--soft); }
code { font-size: .9em; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 14px system-ui, sans-serif; }
.bar { fill: var(--bar); } .bar.no { fill: var(--bad); }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_BAR, _LABEL, _WIDTH = 28, 230, 720  # of the picture, in its own units


def page(report: AuditReport) -> str:
    """The whole document."""
    every = report["distributions"]
    wrong = [each for each in every if each["wrong"]]
    title = "Where every package came from"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style></head>",
            f"<body><main><h1>{title}</h1>",
            *_verdict(report, wrong),
            "<h2>What is wrong</h2>",
            *_wrong(wrong),
            "<h2>Packages by index</h2>",
            *_picture(every),
            "<h2>Hosts that files came from</h2>",
            *_hosts(report),
            "<h2>Every package</h2>",
            *_everything(every),
            "<h2>About this page</h2>",
            *_about(report),
            "</main></body></html>",
            "",
        ]
    )


def _text(text: object) -> str:
    return escape(visible(str(text)))


def _verdict(report: AuditReport, wrong: Sequence[Audited]) -> Iterator[str]:
    claimed = count(sum(each["claimed"] for each in report["distributions"]), "claimed package")
    if not report["tables"]:
        said = "<strong>No:</strong> no routing table is in force, so there is nothing to compare with."
    elif wrong:
        which = f"{len(wrong)} of {claimed}"
        said = f"<strong>No:</strong> {which} cannot be shown to come from where the table says."
    else:
        said = f"<strong>Yes:</strong> {claimed}, each from where the table says."
    kind = "verdict" if report["ok"] else "verdict no"
    yield f'<p class="{kind}">{said}</p>'
    yield "<ul>"
    for state, meaning in _STATES.items():
        number = report["states"].get(state, 0)
        if number:
            yield f"<li>{number} {_text(state)}: {_text(meaning)}</li>"
    yield "</ul>"
    for note in report["notes"]:
        yield f"<p><strong>Note:</strong> {_text(note)}</p>"


def _wrong(wrong: Sequence[Audited]) -> Iterator[str]:
    if not wrong:
        yield "<p>Nothing.</p>"
        return
    rows = [
        [
            _name(each),
            f'<span class="no"><strong>{_text(each["state"])}</strong></span>',
            _text(each["why"]) + _items(each["changed"]),
            f"<code>{_text(each['remedy'] or '')}</code>",
        ]
        for each in wrong
    ]
    heads = ["Package", "State", "Why", "What to do"]
    yield from _table("What is wrong, and what to do about it", heads, rows)


def _items(items: Sequence[str]) -> str:
    listed = "".join(f"<li><code>{_text(each)}</code></li>" for each in items)
    return f"<ul>{listed}</ul>" if items else ""


def _name(each: Audited) -> str:
    return f"{_text(each['name'])} {_text(each['version'])}"


def _index_of(each: Audited) -> str:
    came = each["recorded"]
    if came is None:
        return "no record"
    return came["index"] or {"wheel": "[[wheel]]", "reference": "a URL"}.get(came["way"], came["way"])


def _picture(every: Sequence[Audited]) -> Iterator[str]:
    """A bar for each index; what it shows is also its description."""
    good = Counter(_index_of(each) for each in every if not each["wrong"])
    bad = Counter(_index_of(each) for each in every if each["wrong"])
    names = sorted({*good, *bad}, key=lambda name: (-(good[name] + bad[name]), name))
    if not names:
        yield "<p>Nothing is installed.</p>"
        return
    most = max(good[name] + bad[name] for name in names)
    told = "; ".join(_counted(name, good[name], bad[name]) for name in names)
    height = _BAR * len(names)
    yield f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" '
    yield 'aria-labelledby="picture picture-text"><title id="picture">Packages by index</title>'
    yield f'<desc id="picture-text">{_text(told)}</desc>'
    unit = (_WIDTH - _LABEL - 110) / most
    for row, name in enumerate(names):
        y, x = row * _BAR, float(_LABEL)
        shown = name if len(name) <= 28 else f"{name[:27]}…"
        yield f'<text x="{_LABEL - 10}" y="{y + 19}" text-anchor="end">{_text(shown)}</text>'
        for number, kind in ((bad[name], "bar no"), (good[name], "bar")):
            if number:
                wide = number * unit
                yield f'<rect class="{kind}" x="{x:.1f}" y="{y + 4}" width="{wide:.1f}" height="20"/>'
                x += wide
        wrong = f", {bad[name]} wrong" if bad[name] else ""
        yield f'<text x="{x + 8:.1f}" y="{y + 19}">{good[name] + bad[name]}{wrong}</text>'
    yield "</svg>"
    yield "<p>What is wrong is at the left of each bar.</p>"


def _counted(name: str, good: int, bad: int) -> str:
    return f"{name}: {good + bad}" + (f", of which {bad} wrong" if bad else "")


def _hosts(report: AuditReport) -> Iterator[str]:
    if not report["hosts"]:
        yield "<p>None that is recorded.</p>"
        return
    rows = [[f"<code>{_text(each['host'])}</code>", str(each["distributions"])] for each in report["hosts"]]
    yield from _table("Hosts, and how many packages came from each", ["Host", "Packages"], rows)


def _everything(every: Sequence[Audited]) -> Iterator[str]:
    rows = []
    for each in every:
        came = each["recorded"]
        url = "" if came is None else f"<code>{_text(came['url'])}</code>"
        digests = "" if came is None else _items([f"{a}: {digest}" for a, digest in came["hashes"].items()])
        if came is not None and came["uploaded"] is not None:
            digests += f"uploaded {_text(came['uploaded'])}"
        then = "" if came is None else _rule(came["pattern"], came["table"], came["index"])
        rows.append(
            [
                _name(each),
                _text(each["state"]),
                _rule(each["pattern"], each["place"], each["target"]),
                then,
                url + digests,
            ]
        )
    heads = ["Package", "State", "Rule today", "Rule when it was installed", "File and digests"]
    yield from _table("Every package with the rules for it, and the file that it came from", heads, rows)


def _rule(pattern: str | None, place: Place | None, target: str | None) -> str:
    if place is None:
        return "none"
    line = "" if place["line"] is None else f":{place['line']}"
    leads = "" if target is None else f" to {_text(target)}"
    return f"<code>{_text(pattern or '[[wheel]]')}</code>{leads}, <code>{_text(place['file'])}{line}</code>"


def _about(report: AuditReport) -> Iterator[str]:
    tables = [f"{place['file']} ({place['layer']})" for place in report["tables"]] or ["none"]
    yield "<dl>"
    for term, values in (
        ("Environment", [report["prefix"]]),
        ("Python", [report["python"]]),
        ("Working directory", [report["directory"]]),
        ("Tables in force", tables),
        ("Found out", [f"{report['time']}, by rim-router {report['rim_router']}"]),
    ):
        yield f"<dt>{_text(term)}</dt>" + "".join(f"<dd>{_text(each)}</dd>" for each in values)
    yield "</dl>"
    yield (
        "<p>The digests of installed files were compared with RECORD, and today's rules with what pip has "
        "recorded beside each package. Whoever can write into the environment can change both.</p>"
    )


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f'<div class="wide" role="region" aria-label="{_text(caption)}" tabindex="0"><table>'
    yield f"<caption>{_text(caption)}</caption>"
    columns = "".join(f'<th scope="col">{_text(head)}</th>' for head in heads)
    yield f"<thead><tr>{columns}</tr></thead><tbody>"
    for first, *others in rows:
        cells = "".join(f"<td>{each}</td>" for each in others)
        yield f'<tr><th scope="row">{first}</th>{cells}</tr>'
    yield "</tbody></table></div>"
