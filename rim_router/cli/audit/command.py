"""rim-router audit: tell where everything came from, and whether today's table allows it."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router import __version__
from rim_router.cli import shapes, views
from rim_router.cli.elsewhere import run_there
from rim_router.cli.rendering import (
    NO,
    OK,
    UNUSABLE,
    add_json,
    add_python,
    columns,
    count,
    print_json,
    say,
    tell,
    warn_if_off,
)
from rim_router.cli.tables import tables_in_force
from rim_router.config import load_files
from rim_router.config.inheritance import with_environment
from rim_router.environments import discover
from rim_router.environments.installed import has, installed
from rim_router.environments.target import search_path
from rim_router.rules.audit import PIP, REINSTALL, State, audit
from rim_router.rules.audit import notes as notes_on
from rim_router.rules.contents import PLUGIN
from rim_router.rules.remedies import quoted
from rim_router.rules.times import written_time
from rim_router.rules.urls import host_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from rim_router.cli.audit import shape
    from rim_router.rules.audit import Finding
    from rim_router.rules.provenance import Provenance
    from rim_router.rules.table import RoutingTable

_SHOWN = 3  # files of one distribution that were changed


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_python(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page for people into FILE")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Compare what is installed with the table; 1 if something is wrong, or there is no table."""
    python = Path(sys.executable) if args.python is None else discover.interpreter(args.python)
    path, prefix, version = search_path(python)
    if args.python is not None and has(path, PLUGIN):
        # Its own has its table, and evaluates markers as its pip does.
        page = [] if args.html is None else ["--html", str(args.html)]
        return run_there(python, ["audit", *page, *(["--json"] if args.json else [])])
    files = tables_in_force()
    notes = []
    pip = PIP
    if args.python is not None:
        # Its own pip is not routed as long as there is no rim-router.
        pip = f"rim-router equip {quoted(str(args.python))} && {quoted(str(python))} -m pip"
        files = with_environment(files, prefix)
        notes.append(
            "there is no rim-router in that environment: its own pip is not routed, and markers were "
            f"evaluated for the Python of this one. To change that: rim-router equip {args.python}"
        )
    table = load_files(files)
    if table.in_force:
        warn_if_off()
    findings = audit(installed(path), table, datetime.now(timezone.utc))
    notes += notes_on(findings, table)
    report = _report(
        findings, table, pip=pip, python=f"{version} ({python})", prefix=str(prefix), notes=notes
    )
    if args.html is not None:
        from rim_router.cli.audit.page import page as page_of

        try:
            args.html.write_text(page_of(report), encoding="utf-8")
        except OSError as error:
            tell(f"ERROR: {args.html} cannot be written: {error.strerror}")
            return UNUSABLE
    if args.json:
        print_json(report)
    else:
        say("\n".join(_text(report, findings, pip)))
    return OK if report["ok"] else NO


def _report(
    findings: Sequence[Finding],
    table: RoutingTable,
    *,
    pip: str,
    python: str,
    prefix: str,
    notes: list[str],
) -> shape.AuditReport:
    distributions = [_audited(each, pip) for each in findings]
    states = Counter(each.state for each in findings)
    hosts = Counter(
        each["recorded"]["host"] for each in distributions if each["recorded"] and each["recorded"]["host"]
    )
    return {
        "version": shapes.VERSION,
        "ok": table.in_force and not any(each.is_wrong for each in findings),
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "rim_router": __version__,
        "python": python,
        "prefix": prefix,
        "directory": str(Path.cwd()),
        "tables": views.tables(table.files),
        "states": {state.value: states[state] for state in State},
        "hosts": [{"host": str(host), "distributions": number} for host, number in hosts.most_common()],
        "distributions": distributions,
        "notes": notes,
    }


def _audited(finding: Finding, pip: str) -> shape.Audited:
    found, decision = finding.found, finding.decision
    source = decision.source
    return {
        "name": found.name,
        "version": found.version,
        "metadata": found.place,
        "installer": found.installer,
        "state": finding.state.value,
        "wrong": finding.is_wrong,
        "why": finding.why,
        "claimed": decision.claimed,
        "pattern": None if decision.route is None else str(decision.route.pattern),
        "place": None if source is None else views.place(source),
        "target": str(decision.target) if decision.claimed else None,
        "recorded": None if found.provenance is None else _recorded(found.provenance),
        "changed": list(found.changed),
        "remedy": None if finding.remedy is None else finding.remedy.replace(PIP, pip),
    }


def _recorded(came: Provenance) -> shape.Recorded:
    place: shapes.Place | None = None
    if came.layer is not None and came.file is not None:
        place = {"layer": came.layer, "file": came.file, "line": came.line}
    return {
        "way": came.way,
        "url": came.url,
        "host": host_of(came.url[came.url.find("+", 0, came.url.find(":")) + 1 :]),
        "hashes": dict(came.hashes),
        "uploaded": None if came.uploaded is None else written_time(came.uploaded),
        "index": came.index,
        "index_url": came.index_url,
        "pattern": came.pattern,
        "table": place,
    }


def _text(report: shape.AuditReport, findings: Sequence[Finding], pip: str) -> Iterator[str]:
    claimed = sum(each["claimed"] for each in report["distributions"])
    wrong = [each for each in report["distributions"] if each["wrong"]]
    if not report["tables"]:
        yield "FAILED: no routing table is in force here, so there is nothing to compare with"
    elif wrong:
        of = count(claimed, "claimed distribution")
        yield f"FAILED: {len(wrong)} of {of} changed, or not known to come from where the table says"
    elif not claimed:
        yield "OK: the table claims nothing that is installed"
    else:
        yield f"OK: {count(claimed, 'claimed distribution')}, each from where the table says"
    yield from columns([_row(each) for each in report["distributions"]], "  ")
    for note in report["notes"]:
        yield f"NOTE: {note}"
    again = [each.request for each in findings if (each.remedy or "").startswith(REINSTALL)]
    if again:
        command = REINSTALL.replace(PIP, pip)
        yield f"To install these as the table says, and have that recorded: {command} {' '.join(again)}"
    for each in wrong:
        if each["remedy"] is not None and not each["remedy"].startswith(REINSTALL.replace(PIP, pip)):
            yield f"{each['name']}: {each['remedy']}"


def _row(each: shape.Audited) -> list[str]:
    why = each["why"]
    if each["changed"]:
        more = len(each["changed"]) - _SHOWN
        why += f": {', '.join(each['changed'][:_SHOWN])}" + (f" and {more} more" if more > 0 else "")
    return [each["state"], f"{each['name']} {each['version']}", why]
