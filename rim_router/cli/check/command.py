"""rim-router check: validate every table in force, and warn of what was probably not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.cli import shapes, views
from rim_router.cli.check.findings import Finding, findings
from rim_router.cli.rendering import NO, OK, UNUSABLE, add_json, columns, count, print_json, say, tell
from rim_router.config import LayerFile, load_files, locate
from rim_router.config.document import read_toml
from rim_router.config.indexes import unset_fault
from rim_router.errors import Fault, RimRouterError, TableError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rim_router.cli.check import shape
    from rim_router.rules.table import Index, RoutingTable


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--online", action="store_true", help="also ask each index that a route uses")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if there are warnings")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Check the tables; 2 for a fault, 1 for an index that does not answer or with ``--strict`` a warning."""
    files: tuple[LayerFile, ...] = ()
    try:
        files = locate()
        table = load_files(files)
        unset = [unset_fault(index) for index in table.indexes if index.unset]
        if unset:
            raise TableError(unset)
    except RimRouterError as error:
        return _report_faults(error, files, as_json=args.json)
    documents = {file.shown: read_toml(file.content, file.shown)[1] for file in files}
    warnings = list(findings(table, documents))
    online = None
    if args.online:
        online, found = _survey(files, table)
        warnings += found
    if args.json:
        report: shape.CheckReport = {
            "version": shapes.VERSION,
            "tables": views.tables(table.files),
            "faults": [],
            "warnings": [_warning(warning) for warning in warnings],
            "online": online,
        }
        print_json(report)
    else:
        _print(table, warnings, online)
    failed = any(not reached["ok"] for reached in online or ())
    return NO if failed or (warnings and args.strict) else OK


def _print(table: RoutingTable, warnings: list[Finding], online: list[shape.Reached] | None) -> None:
    for warning in warnings:
        say(f"WARNING: {warning}")
    if online:
        rows = [
            ["ok" if reached["ok"] else "FAILED", reached["index"], reached["url"], reached["message"]]
            for reached in online
        ]
        say("\n".join(columns(rows)))
    if table.in_force:
        routes = sum(1 for _ in views.merged(table))
        files = ", ".join(source.file for source in table.files)
        say(f"{files}: {count(routes, 'route')}, no fault, {count(len(warnings), 'warning')}")


def _report_faults(error: RimRouterError, files: tuple[LayerFile, ...], *, as_json: bool) -> int:
    if not as_json:
        tell(f"ERROR: {error}")
        return UNUSABLE
    if isinstance(error, TableError):
        faults = [_fault(fault) for fault in error.faults]
    else:
        where = error.where
        faults = [
            {
                "message": error.message,
                "file": None if where is None else str(where.file),
                "line": None if where is None else where.line,
                "column": None if where is None else where.column,
                "key": None if where is None else where.key,
                "hint": error.hint,
            }
        ]
    report: shape.CheckReport = {
        "version": shapes.VERSION,
        "tables": [{"layer": file.layer, "file": file.shown, "line": None} for file in files],
        "faults": faults,
        "warnings": [],
        "online": None,
    }
    print_json(report)
    return UNUSABLE


def _fault(value: Fault) -> shape.Fault:
    """A fault of a table."""
    where = value.where
    return {
        "message": value.message,
        "file": str(where.file),
        "line": where.line,
        "column": where.column,
        "key": where.key,
        "hint": value.hint,
    }


def _warning(finding: Finding) -> shape.Warning:
    return {
        "code": finding.code,
        "message": finding.message,
        "place": None if finding.source is None else views.place(finding.source),
        "hint": finding.hint,
    }


def _survey(files: Sequence[LayerFile], table: RoutingTable) -> tuple[list[shape.Reached], list[Finding]]:
    """How each URL of the indexes that routes use answers, and what is worth a warning in that."""
    from rim_router.cli.ask import ask

    asked = [
        (
            index,
            {"ask": "index", "index": table.indexes.index(index), "url": url, "name": name, "prefix": prefix},
        )
        for index, (name, prefix) in _used(table).items()
        for url in range(len(index.urls))
    ]
    reached: list[shape.Reached] = []
    found: list[Finding] = []
    for (index, _), answer in zip(asked, ask(files, [question for _, question in asked]) if asked else ()):
        reached.append(
            {"index": index.name, "url": answer["url"], "ok": answer["ok"], "message": answer["message"]}
        )
        found += [
            Finding(each["code"], each["message"], index.source, each["hint"]) for each in answer["findings"]
        ]
    return reached, found


def _used(table: RoutingTable) -> dict[Index, tuple[str | None, str | None]]:
    """The indexes that routes use, each with a name that is routed to it exactly, and a prefix that is.

    An index of every name has no prefix to itself.
    """
    used: dict[Index, tuple[str | None, str | None]] = {}
    for route, hidden in views.merged(table):  # exact names come first, and "*" last
        literal = route.pattern.literal
        for target in () if hidden else route.targets:
            for index in target.indexes:
                name, prefix = used.get(index, (None, None))
                if not route.pattern.prefix:
                    name = name or literal
                else:
                    prefix = (prefix or literal) if literal else None
                used[index] = (name, prefix)
    return used
