"""rim-router explain: say where a project comes from, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.cli import shapes, views
from rim_router.cli.rendering import (
    NO,
    OK,
    UNUSABLE,
    add_json,
    add_verbose,
    count,
    fields,
    print_json,
    say,
    tell,
    warn_if_off,
)
from rim_router.cli.tables import tables_in_force
from rim_router.config import load_files
from rim_router.config.expand import unset_text
from rim_router.libraries import library
from rim_router.rules.age import age_for
from rim_router.rules.names import RIM_SUFFIX, WHEEL_SUFFIX, Pattern
from rim_router.rules.strategies import FIRST_INDEX, INDEX_PRIORITY, VERSION_PRIORITY
from rim_router.rules.table import Kind
from rim_router.rules.urls import redact

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from typing import Any

    from rim_router.cli.explain import shape
    from rim_router.config import LayerFile
    from rim_router.rules.age import Age
    from rim_router.rules.table import Decision, Index, RoutingTable


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="the name of a project, normalised or not")
    parser.add_argument(
        "--online", action="store_true", help="ask the indexes for the project's files, and judge each"
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="with --online, also show the files that do not fit this environment",
    )
    add_verbose(parser, "the policy keys that have their defaults")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Explain each name; 1 if one is denied or has no index, or with ``--online`` no file.

    :raises RimRouterError: if the tables cannot be read.
    """
    bad = [name for name in args.names if not _is_name(name)]
    if bad:
        tell(f"ERROR: not the name of a project: {', '.join(map(repr, bad))}")
        return UNUSABLE
    layers = tables_in_force()
    table = load_files(layers)
    if table.in_force:
        warn_if_off()
    decisions = [table.route(name) for name in args.names]
    found = _ask(layers, decisions) if args.online else {}
    report: shape.ExplainReport = {
        "version": shapes.VERSION,
        "tables": views.tables(table.files),
        "names": [
            _explanation(decision, table, *found.get(decision.name, (None, None))) for decision in decisions
        ],
    }
    if args.json:
        print_json(report)
    else:
        if not table.in_force:
            say("No routing table is in force here.")
        for decision, explanation in zip(decisions, report["names"]):
            pairs = [*_reasons(decision), *_places(decision), *_age_texts(table, decision)]
            pairs += _policy(table, verbose=args.verbose)
            say("\n".join([str(decision), *fields([*pairs, *_files(explanation, every=args.all)])]))
    return OK if all(map(_has_somewhere, report["names"])) else NO


def _explanation(
    decision: Decision,
    table: RoutingTable,
    files: list[shape.File] | None,
    problems: list[str] | None,
) -> shape.Explanation:
    """A decision, and what the indexes have.

    :param files, problems: None if no index was asked.
    """
    used = decision.route
    same = [other for other in decision.also_matched if used is not None and other.pattern == used.pattern]
    return {
        "name": decision.name,
        "summary": str(decision),
        "claimed": decision.claimed,
        "route": None if used is None else views.route(used, hidden=False),
        "target": views.target(decision.target),
        "indexes": [views.index(each) for each in decision.indexes],
        "wheels": [views.wheel(each) for each in decision.wheels],
        "passed_over": [views.route(each, hidden=False) for each in decision.passed_over],
        "also_matched": [
            views.route(each, hidden=each in same and used is not None and views.is_unconditional(used))
            for each in decision.also_matched
        ],
        "ages": [
            {
                "index": index.name,
                "least": age.text,
                "place": None if age.source is None else views.place(age.source),
                "exempt": [str(specifier) for specifier, _ in age.exempt],
            }
            for index, age in _ages(table, decision)
        ],
        "policy": views.policy(table.policy),
        "files": files,
        "problems": problems,
    }


def _is_name(name: str) -> bool:
    try:
        return not Pattern.parse(name).prefix
    except ValueError:
        return False


def _ask(layers: Sequence[LayerFile], decisions: Sequence[Decision]) -> dict[str, tuple[Any, Any]]:
    """By name: the files that pip finds, and what goes wrong."""
    from rim_router.cli.ask import ask

    there = [each.name for each in decisions if each.indexes or each.wheels]
    found = ask(layers, [{"ask": "project", "name": name} for name in there]) if there else []
    asked = {name: (_newest_first(answer["files"]), answer["problems"]) for name, answer in zip(there, found)}
    return {each.name: asked.get(each.name, ([], [])) for each in decisions}


def _newest_first(files: list[shape.File]) -> list[shape.File]:
    return sorted(files, key=_version, reverse=True)


def _version(file: shape.File) -> Any:
    """The version of a file; a name that has none, which no pip takes, counts as the oldest."""
    packaging = library("packaging.utils")
    name = file["filename"].replace(RIM_SUFFIX, WHEEL_SUFFIX)
    parse = packaging.parse_wheel_filename if name.endswith(WHEEL_SUFFIX) else packaging.parse_sdist_filename
    try:
        return parse(name)[1]
    except ValueError:
        return library("packaging.version").Version("0.dev0")


def _has_somewhere(explanation: shape.Explanation) -> bool:
    kind = explanation["target"]["kind"]
    if kind == Kind.DENY.value or (kind == Kind.INDEXES.value and not explanation["indexes"]):
        return False
    if kind == Kind.WHEELS.value and not explanation["wheels"]:
        return False
    if any(index["unset"] for index in explanation["indexes"]):
        return False
    if kind == Kind.PIP.value or explanation["files"] is None:
        return True
    return not explanation["problems"] and any(file["allowed"] for file in explanation["files"])


_STRATEGIES = {
    FIRST_INDEX: "the first index that has the project at all, whatever versions and files",
    INDEX_PRIORITY: "the first index that has a candidate that satisfies the request",
    VERSION_PRIORITY: "the candidates of all indexes together",
}


def _reasons(decision: Decision) -> Iterator[tuple[str, str]]:
    route = decision.route
    if route is None and decision.wheels:
        yield "because", f"no marker of its routes holds here, and it has a {decision.claim_with_line}"
    elif route is None:
        why = "no marker of its routes holds here" if decision.passed_over else "no route matches its name"
        yield "because", why
    else:
        yield "route", f"{route.pattern} = {views.targets_text(route)}"
        if not route.pattern.prefix:
            yield "because", "its name is routed exactly"
        elif route.pattern.literal:
            yield "because", f"{route.pattern} is the longest prefix that matches"
        else:
            yield "because", "* matches every name that no other route claims"
        yield "defined in", views.place_text(route.source) + (", locked" if route.locked else "")
        if decision.target.marker is not None:
            yield "marker", f"{decision.target.marker_text} holds here"
    for other in decision.passed_over:
        markers = "; ".join(f"{target.marker_text} does not hold here" for target in other.targets)
        yield "passed over", f"{other.pattern} = {views.targets_text(other)} in {other.source}: {markers}"
    for other in decision.also_matched:
        same = route is not None and other.pattern == route.pattern
        why = "hidden by a higher layer" if same else "less specific"
        yield "also matches", f"{other.pattern} = {views.targets_text(other)} in {other.source}: {why}"


def _places(decision: Decision) -> Iterator[tuple[str, str]]:
    kind = decision.target.kind
    if kind is Kind.DENY:
        yield "denied", decision.target.reason
    elif kind is Kind.PIP:
        yield "looked up on", "pip's own indexes (--index-url, --extra-index-url, --find-links)"
    for wheel in decision.wheels:
        yield "looked up on", f"{wheel.filename} at {redact(wheel.urls[0])}, [[wheel]] in {wheel.source}"
    if kind is Kind.WHEELS and not decision.wheels:
        yield "looked up on", "nothing: the table has no [[wheel]] of this project"
    for index in decision.indexes:
        for line in _index(index):
            yield "looked up on", line
    if len(decision.indexes) > 1:
        yield "strategy", f"{decision.target.strategy}: {_STRATEGIES[decision.target.strategy]}"


def _index(index: Index) -> Iterator[str]:
    if index.unset:
        yield f"{index.name} cannot be asked: {unset_text(index.unset)}"
    form = "a page or directory of links, " if index.flat else ""
    yield f"{index} {form}defined in {views.place_text(index.source)}"
    for mirror in index.mirrors:
        yield f"  mirror {redact(mirror)}"
    if index.external_hosts:
        yield f"  external hosts {', '.join(map(str, index.external_hosts))}"
    if index.probe is not None:
        yield f'  "not found" counts only while {index.probe} is found there'
    if index.absent_statuses:
        yield f'  {", ".join(map(str, index.absent_statuses))} counts as "not found", as 404 and 410 do'


def _ages(table: RoutingTable, decision: Decision) -> Iterator[tuple[Index, Age]]:
    for index in decision.indexes:
        age = age_for(decision, index, table.policy, table.exempt)
        if age is not None:
            yield index, age


def _age_texts(table: RoutingTable, decision: Decision) -> Iterator[tuple[str, str]]:
    for index, age in _ages(table, decision):
        where = "" if age.source is None else f" in {views.place_text(age.source)}"
        yield "minimum age", f"{age.text} on {index.name}{where}"
        for specifier, why in age.exempt:
            yield "minimum age", f"  {str(specifier) or 'every version'} needs none: {why}"


def _policy(table: RoutingTable, *, verbose: bool) -> Iterator[tuple[str, str]]:
    defaults = []
    for key, value, source in views.settings(table.policy):
        if source is not None:
            yield "policy", f'{key} = "{value}" in {views.place_text(source)}'
        elif value is not None:
            defaults.append(f'{key} = "{value}"')
    if defaults and verbose:
        yield "policy", f"by default {', '.join(defaults)}"


def _files(explanation: shape.Explanation, *, every: bool) -> Iterator[tuple[str, str]]:
    for problem in explanation["problems"] or ():
        for line in problem.splitlines():
            yield "failed", line
    if explanation["files"] is None or not (explanation["indexes"] or explanation["wheels"]):
        return
    if not explanation["files"] and not explanation["problems"]:
        yield "files", "none: the project is not there"
    fitting = [file for file in explanation["files"] if every or file["skipped"] is None]
    said: set[tuple[str, str | None]] = set()
    for file in fitting:
        verdict = "may be used" if file["allowed"] else "REFUSED"
        remedy = f"; {file['remedy']}" if file["remedy"] else ""
        yanked = ", yanked" if file["yanked"] else ""
        skipped = "" if file["skipped"] is None else f", does not fit this environment ({file['skipped']})"
        shown = f"{file['filename']} on {file['index']}: {verdict}{yanked}{skipped}"
        why = (file["reason"], file["remedy"])
        yield (
            "files",
            f"{shown}, as above" if why in said and remedy else f"{shown}, {file['reason']}{remedy}",
        )
        said.add(why)
    rest = len(explanation["files"]) - len(fitting)
    if rest:
        fit, them = ("does not fit", "it") if rest == 1 else ("do not fit", "them")
        yield "files", f"{count(rest, 'more file')} {fit} this environment; --all shows {them}"
