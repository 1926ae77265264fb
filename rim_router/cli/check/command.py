"""rim-router check: validate every table in force, and warn of what was probably not meant."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rim_router.cli import shapes, views
from rim_router.cli.check.findings import Finding, findings, unanswered
from rim_router.cli.rendering import (
    NO,
    OK,
    UNUSABLE,
    add_json,
    columns,
    count,
    print_json,
    say,
    tell,
    warn_if_off,
)
from rim_router.cli.tables import tables_in_force
from rim_router.config import LayerFile, load_files
from rim_router.config.document import read_toml
from rim_router.config.switch import check_required
from rim_router.errors import Fault, RimRouterError, TableError, Where

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from rim_router.cli.check import shape
    from rim_router.rules.table import Index, RoutingTable

_MOST_NAMES = 20  # of one index that are asked for: a table can have thousands


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--online", action="store_true", help="also ask each index that a route uses")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if there are warnings")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Check the tables; 2 for a fault, 1 for an index that does not answer or with ``--strict`` a warning."""
    files: tuple[LayerFile, ...] = ()
    try:
        files = tables_in_force()
        check_required(files, os.environ)
        table = load_files(files, need_variables=True)
    except RimRouterError as error:
        return _report_faults(error, files, as_json=args.json)
    if table.in_force:
        warn_if_off()
    documents = {
        file.shown: read_toml(file.content, file.shown)[1] for file in files if file.layer != "command"
    }
    warnings = list(findings(table, documents))
    warnings += [found for file in files if file.layer != "command" for found in unanswered(file)]
    online = None
    if args.online:
        online, found = _survey(files, table)
        warnings += found
    warnings.sort(key=lambda warning: _place(warning, table))
    failed = any(not reached["ok"] for reached in online or ()) or bool(warnings and args.strict)
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
        _print(table, warnings, online, failed=failed)
    return NO if failed else OK


def _place(warning: Finding, table: RoutingTable) -> tuple[int, int]:
    """Where a warning is, in the order in which people read: file by file, line by line."""
    if warning.source is None:
        return len(table.files), 0
    files = [source.file for source in table.files]
    return files.index(warning.source.file), warning.source.line or 0


def _print(
    table: RoutingTable, warnings: list[Finding], online: list[shape.Reached] | None, *, failed: bool
) -> None:
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
        verdict = "FAILED" if failed else "OK"
        say(f"{verdict}: {count(routes, 'route')}, no errors, {count(len(warnings), 'warning')} ({files})")


def _report_faults(error: RimRouterError, files: tuple[LayerFile, ...], *, as_json: bool) -> int:
    if not as_json:
        tell(f"ERROR: {error}")
        return UNUSABLE
    every = error.faults if isinstance(error, TableError) else (error,)
    report: shape.CheckReport = {
        "version": shapes.VERSION,
        "tables": views.located(files),
        "faults": [_fault(each) for each in every],
        "warnings": [],
        "online": None,
    }
    print_json(report)
    return UNUSABLE


def _fault(value: Fault | RimRouterError) -> shape.Fault:
    """A fault of a table, or what else makes it unusable."""
    where = value.where or Where("")
    return {
        "message": value.message,
        "file": str(where.file) or None,
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

    uses = _used(table)
    asked: list[tuple[Index, dict[str, Any]]] = [
        (
            index,
            {
                "ask": "index",
                "index": table.indexes.index(index),
                "url": url,
                "names": [*used.names][:_MOST_NAMES],
                "prefix": used.prefix,
            },
        )
        for index, used in uses.items()
        for url in range(len(index.urls))
    ]
    answers = ask(files, [question for _, question in asked]) if asked else []
    has: dict[Index, set[str]] = {index: set() for index, _ in asked}
    for (index, question), answer in zip(asked, answers):
        has[index] |= {*question["names"]} - {*answer["missing"]} if answer["ok"] else set()
    reached: list[shape.Reached] = []
    found: list[Finding] = []
    for (index, _), answer in zip(asked, answers):
        every = len(uses[index].names)
        bound = f"; it was asked for {_MOST_NAMES} of its {every} names" if every > _MOST_NAMES else ""
        lost = [
            name
            for name in answer["missing"]
            if not (_is_elsewhere(table, name, index, has) or _is_held(table, name, index))
        ]
        reached.append(
            {
                "index": index.name,
                "url": answer["url"],
                "ok": answer["ok"] and not lost,
                "message": answer["message"] + bound,
                "missing": answer["missing"],
            }
        )
        found += [
            Finding(each["code"], each["message"], index.source, each["hint"]) for each in answer["findings"]
        ]
    return reached, found


def _is_elsewhere(table: RoutingTable, name: str, index: Index, has: Mapping[Index, set[str]]) -> bool:
    """Whether a project that an index does not have is where the table leads besides."""
    decision = table.route(name)
    others = [other for other in decision.indexes if other is not index]
    if index not in decision.indexes:  # by a marker that does not hold here
        return True
    return bool(decision.wheels) or any(name in has.get(other, ()) for other in others)


def _is_held(table: RoutingTable, name: str, index: Index) -> bool:
    """Whether a name is claimed because its prefix is, ``acme`` with ``acme-*``: nobody need have it."""
    beside = table.route(f"{name}-")
    prefix = None if beside.route is None else beside.route.pattern
    return prefix is not None and prefix.literal == f"{name}-" and index in beside.indexes


@dataclass
class _Used:
    """What routes lead to an index: exact names, and a prefix."""

    names: dict[str, None] = field(default_factory=dict)
    prefix: str | None = None


def _used(table: RoutingTable) -> dict[Index, _Used]:
    """The indexes that routes use.

    An index of every name has no prefix to itself.
    """
    used: dict[Index, _Used] = {}
    for route, hidden in views.merged(table):  # exact names come first, and "*" last
        literal = route.pattern.literal
        for target in () if hidden else route.targets:
            for index in target.indexes:
                found = used.setdefault(index, _Used())
                if route.pattern.prefix:
                    found.prefix = (found.prefix or literal) if literal else None
                else:
                    found.names[literal] = None
    return used
