"""What a valid table has in it that was probably not meant. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rim_router.cli.questions import questions
from rim_router.cli.views import is_unconditional, merged, target_text
from rim_router.rules.contents import PLUGIN
from rim_router.rules.secrets import has_secret
from rim_router.rules.source import Source
from rim_router.rules.strategies import FIRST_INDEX, IN_TURN, INDEX_PRIORITY
from rim_router.rules.table import Kind
from rim_router.rules.urls import Origin, is_local, public_index, redact
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rim_router.config import LayerFile
    from rim_router.rules.table import Index, Route, RoutingTable, Target


@dataclass(frozen=True)
class Finding:
    """One thing that is worth a warning.

    :param code: stable, for programs.
    :param source: the line; None if it is about no line in particular.
    """

    code: str
    message: str
    source: Source | None = None
    hint: str | None = None

    def __str__(self) -> str:
        text = self.message if self.source is None else f"{self.source}: {self.message}"
        return visible(text if self.hint is None else f"{text} ({self.hint})")


def findings(table: RoutingTable, documents: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Everything worth a warning.

    :param documents: the TOML of each file, by the name under which it is shown.
    """
    if not table.in_force:
        yield Finding("no-table", "no routing table is in force here: every name is left to pip")
        return
    yield from _hidden_routes(table)
    for route, hidden in merged(table):
        if not hidden:
            yield from _unreachable_targets(route)
            yield from _unclaimed_bare_name(table, route)
    yield from _loose_lists(table)
    yield from _hidden_indexes(table)
    for index in table.indexes:
        yield from _loose_index(index)
        yield from _secrets(index, _at(documents.get(index.source.file, {}), index.source.key))
    yield from _unused_indexes(table)
    if not table.route(PLUGIN).claimed:
        yield Finding(
            "unclaimed-plugin",
            f"no route claims {PLUGIN} itself, so pip would upgrade it from any index that it is given",
            None,
            f'add {PLUGIN} = "wheels" to [routes]: it then comes from files that you name, and from no index',
        )


def unanswered(file: LayerFile) -> Iterator[Finding]:
    """The questions of `rim-router init` that nobody has answered."""
    for line, index in questions(file.content.decode("utf-8")):
        yield Finding(
            "open-question",
            "where all other names come from is not said, and they are left to pip"
            if index is None
            else f"no names are written down for index {index}",
            Source(file.layer, file.shown, (str(line),), lambda key: int(key[0])),
            "fill in that line and remove its #, or remove the line",
        )


def _hidden_routes(table: RoutingTable) -> Iterator[Finding]:
    for _, routes in table.routes:
        hiding: Route | None = None
        for route in routes:
            if hiding is not None:
                yield Finding(
                    "shadowed-route",
                    f"{route.pattern} is never used: {hiding.source} has the same pattern in a higher layer",
                    route.source,
                )
            elif is_unconditional(route):
                hiding = route


def _unreachable_targets(route: Route) -> Iterator[Finding]:
    last = next((n for n, target in enumerate(route.targets) if target.marker is None), None)
    if last is None:
        return
    for position, target in enumerate(route.targets[last + 1 :], last + 1):
        yield Finding(
            "unreachable-route",
            f"entry {position + 1} of {route.pattern} ({target_text(target)}) is never used: "
            f"entry {last + 1} has no marker",
            route.source,
            "put the entry without a marker last",
        )


def _unclaimed_bare_name(table: RoutingTable, route: Route) -> Iterator[Finding]:
    """``acme-*`` does not cover ``acme``, which an attacker may own elsewhere."""
    if not route.pattern.prefix or not route.pattern.literal.endswith("-"):
        return
    target = route.active() or next(iter(route.targets), None)
    if target is None or target.kind is Kind.PIP:
        return
    bare = route.pattern.literal.rstrip("-")
    decision = table.route(bare)
    # Where nobody is asked for it, nobody else can own it.
    if decision.target.kind in (Kind.DENY, Kind.WHEELS) or _same_place(target, decision.target):
        return
    claimed_by_name = decision.claimed and decision.route is not None and decision.route.pattern.literal
    if target.kind is Kind.DENY and claimed_by_name:
        return  # to deny a part of what is claimed leaves nothing open
    to = "pip's own indexes" if not decision.claimed else str(decision.target)
    if route.source.layer == "command":
        hint = f"add {bare} there, too"  # no secret of a URL that stands there is repeated
    elif target.kind is Kind.DENY:
        hint = f'add {bare} = {{ deny = "..." }}'
    elif len(target.indexes) == 1:
        hint = f'add {bare} = "{target.indexes[0].name}", or deny it'
    else:
        hint = f"give {bare} a route like that of {route.pattern}, or deny it"
    yield Finding(
        "bare-name",
        f"{route.pattern} does not cover {bare} itself, which goes to {to}",
        route.source,
        hint,
    )


def _same_place(one: Target, other: Target) -> bool:
    return one.kind is other.kind and set(one.indexes) == set(other.indexes)


def _loose_lists(table: RoutingTable) -> Iterator[Finding]:
    """Lists in which somebody else's word can decide from which index a project comes."""
    routes = [route for route, hidden in merged(table) if not hidden]
    everybodys = {
        index
        for route in routes
        for target in route.targets
        for index in target.indexes
        if _is_public(index) or not route.pattern.literal
    }
    unproven: dict[Index, Route] = {}
    for route in routes:
        for target in route.targets:
            public = next((index for index in target.indexes[1:] if index in everybodys), None)
            if public is not None and target.strategy == INDEX_PRIORITY:
                yield Finding(
                    "public-by-priority",
                    f"{route.pattern} goes by {INDEX_PRIORITY}, and its index {public.name} is public: "
                    "whatever requires a version that only that one has moves the project there",
                    route.source,
                    f'use strategy = "{FIRST_INDEX}"',
                )
            for index in _leading_on(target):
                unproven.setdefault(index, route)
    for index, route in unproven.items():
        yield Finding(
            "no-probe",
            f"index {index.name} is in the list of {route.pattern} and has no probe: if it answers 404 when "
            "a token has expired or while it is out of order, another index of the list is used in its place",
            index.source,
            'add probe = "NAME", a project that it certainly has',
        )


def _leading_on(target: Target) -> list[Index]:
    """The indexes of a list whose "not found" leads to another one, on nothing but their word."""
    if len(target.indexes) < 2:
        return []
    indexes = target.indexes[:-1] if target.strategy in IN_TURN else target.indexes
    return [index for index in indexes if index.probe is None and not all(map(is_local, index.urls))]


def _is_public(index: Index) -> bool:
    """Whether anybody can publish there."""
    return any(public_index(url) is not None for url in index.urls)


def _hidden_indexes(table: RoutingTable) -> Iterator[Finding]:
    lower: dict[str, Index] = {}
    for index in table.indexes:
        if index.name in lower and not index.is_like(lower[index.name]):
            yield Finding(
                "hidden-index",
                f"index {index.name} hides the index of that name in {lower[index.name].source}",
                index.source,
                "rename it; the routes of the lower layer go on to use their own",
            )
        lower[index.name] = index


def _loose_index(index: Index) -> Iterator[Finding]:
    if any(str(entry) == "*" for entry in index.external_hosts):
        yield Finding(
            "any-host",
            f'external-hosts of index {index.name} has "*": its files may come from any host',
            index.source,
            "list the hosts",
        )
    for url in index.urls:
        origin = Origin.of(url)
        if origin.scheme == "http" and not _is_loopback(origin.host):
            yield Finding(
                "http",
                f"index {index.name} uses plain http ({redact(url)}), so its answers can be tampered with "
                "in transit",
                index.source,
                "change the URL to https",
            )


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "[::1]") or host.endswith(".localhost") or host.startswith("127.")


def _secrets(index: Index, definition: Any) -> Iterator[Finding]:
    """A password that stands in the file, where it should be a variable."""
    if isinstance(definition, dict):
        mirrors = definition.get("mirrors", [])
        texts = [definition.get("url"), *(mirrors if isinstance(mirrors, list) else [])]
    else:
        texts = [definition]
    for text in texts:
        if isinstance(text, str) and has_secret(text):
            yield Finding(
                "secret",
                f"index {index.name} has a secret in its URL",
                index.source,
                "use a variable such as ${RIM_ROUTER_TOKEN}, netrc or keyring",
            )


def _unused_indexes(table: RoutingTable) -> Iterator[Finding]:
    """Those of projects only: the indexes of lower layers are there for tables that are not in force here."""
    used = {
        index
        for _, routes in table.routes
        for route in routes
        for target in route.targets
        for index in target.indexes
    }
    for index in table.indexes:
        # A route that only repeats a locked one is left out: an index that is the same serves in its place.
        if index.source.layer == "project" and not any(map(index.is_like, used)):
            yield Finding("unused-index", f"no route uses index {index.name}", index.source)


def _at(document: Mapping[str, Any], key: tuple[str, ...]) -> Any:
    value: Any = document
    for part in key:
        value = value.get(part) if isinstance(value, dict) else None
    return value
