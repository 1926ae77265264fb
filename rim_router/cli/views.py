"""Decisions, routes and indexes: as text for people and in the shapes for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.rules.source import Source
from rim_router.rules.table import Kind
from rim_router.rules.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rim_router.cli import shapes
    from rim_router.config import LayerFile
    from rim_router.rules.names import Pattern
    from rim_router.rules.policy import Policy
    from rim_router.rules.table import ExternalWheel, Index, Route, RoutingTable, Target


def merged(table: RoutingTable) -> Iterator[tuple[Route, bool]]:
    """Every route, most specific first, each with whether a higher layer hides it."""
    for _, routes in sorted(table.routes, key=lambda item: specificity(item[0])):
        hidden = False
        for route in routes:
            yield route, hidden
            hidden = hidden or is_unconditional(route)


def specificity(pattern: Pattern) -> tuple[bool, int, str]:
    """The sort key by which exact names come first, then the longest prefix."""
    return (pattern.prefix, -len(pattern.literal) if pattern.prefix else 0, pattern.literal)


def is_unconditional(route: Route) -> bool:
    """Whether some target of a route holds in every environment."""
    return any(target.marker is None for target in route.targets)


def place_text(source: Source) -> str:
    """``./index-routing.toml:3 (project)``."""
    return f"{source} ({source.layer})"


def target_text(target: Target) -> str:
    """What one target leads to, and under which marker."""
    if target.kind is Kind.DENY:
        text = f"denied: {target.reason}"
    elif target.kind is Kind.PIP:
        text = "pip's own indexes"
    else:
        text = str(target)
        if len(target.indexes) > 1:
            text += f" by {target.strategy}"
    return f"{text} if {target.marker_text}" if target.marker is not None else text


def targets_text(route: Route) -> str:
    """Everything that a route can lead to."""
    return ", else ".join(map(target_text, route.targets))


def unset(indexes: Iterable[Index]) -> list[str]:
    """The environment variables that some indexes need and that are not set, each once."""
    return list(dict.fromkeys(name for index in indexes for name in index.unset))


def settings(policy: Policy) -> Iterator[tuple[str, str | None, Source | None]]:
    """Each policy key with its value, and where it is set; None is the default."""
    for name in policy._fields:
        if name not in policy._uncompared:
            key = name.replace("_", "-")
            yield key, getattr(policy, name), policy.sources.get(key)


# The shapes of rim_router.cli.shapes


def place(source: Source) -> shapes.Place:
    """The place of a line."""
    return {"layer": source.layer, "file": source.file, "line": source.line}


def tables(files: Iterable[Source]) -> list[shapes.Place]:
    """The files in force, each as a whole."""
    return [place(file) for file in files]


def located(files: Iterable[LayerFile]) -> list[shapes.Place]:
    """The same before anything in them is read."""
    return tables(Source(file.layer, file.shown) for file in files)


def target(value: Target) -> shapes.Target:
    """A target."""
    return {
        "kind": value.kind.value,
        "indexes": [index.name for index in value.indexes],
        "unset": unset(value.indexes),
        "strategy": value.strategy if len(value.indexes) > 1 else None,
        "reason": value.reason if value.kind is Kind.DENY else None,
        "marker": value.marker_text if value.marker is not None else None,
        "holds": value.holds(),
    }


def route(value: Route, *, hidden: bool) -> shapes.Route:
    """A route.

    :param hidden: whether a higher layer hides it.
    """
    return {
        "pattern": str(value.pattern),
        "targets": [target(each) for each in value.targets],
        "place": place(value.source),
        "locked": value.locked,
        "hidden": hidden,
    }


def index(value: Index) -> shapes.Index:
    """An index."""
    return {
        "name": value.name,
        "url": redact(value.url),
        "mirrors": [redact(mirror) for mirror in value.mirrors],
        "external_hosts": [str(entry) for entry in value.external_hosts],
        "format": "flat" if value.flat else "simple",
        "probe": value.probe,
        "absent_statuses": list(value.absent_statuses),
        "unset": list(value.unset),
        "place": place(value.source),
    }


def policy(value: Policy) -> list[shapes.Setting]:
    """The policy in force, the defaults included."""
    return [
        {"key": key, "value": word, "place": None if source is None else place(source)}
        for key, word, source in settings(value)
    ]


def wheel(value: ExternalWheel) -> shapes.Wheel:
    """A ``[[wheel]]``."""
    return {
        "filename": value.filename,
        "urls": [redact(url) for url in value.urls],
        "hashes": dict(value.digests),
        "size": value.size,
        "requires_python": value.requires_python,
        "support": value.support,
        "place": place(value.source),
    }
