"""Reads ``[routes]``; index names are not looked up here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from rim_router.config.ages import read_age, read_exempt
from rim_router.config.document import Document, shown_key, shown_text
from rim_router.config.keys import MIN_AGE, RESERVED, ROUTE, Key, item
from rim_router.libraries import library
from rim_router.record import Record
from rim_router.rules.names import Pattern
from rim_router.rules.strategies import FIRST_INDEX, STRATEGIES
from rim_router.rules.table import Kind, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rim_router.rules.source import Source
    from rim_router.rules.table import Marker, Specifier


class RawTarget(Record):
    """A target whose indexes are still names.

    :param target: without indexes.
    :param names: of the indexes, each with its key below the route's; empty unless it leads to indexes.
    """

    target: Target
    names: tuple[tuple[Key, str], ...] = ()


class RawRoute(Record):
    """What one key of ``[routes]`` says."""

    source: Source
    targets: tuple[RawTarget, ...]
    locked: bool = False


def read_routes(document: Document, key: Key, value: object) -> dict[Pattern, RawRoute]:
    """The routes by pattern, without those that have a fault."""
    table = document.table(key, value, 'a table such as "acme-*" = "acme"')
    if table is None:
        return {}
    routes: dict[Pattern, RawRoute] = {}
    plain: dict[str, tuple[RawTarget, ...] | None] = {}  # big tables lead to few indexes: make each once
    for text, definition in table.items():
        place = (*key, text)
        pattern = read_pattern(document, place, text)
        if isinstance(definition, str):
            targets = plain.get(definition)
            if targets is None:
                target = read_name(document, place, (), definition)
                targets = plain[definition] = None if target is None else (target,)
            locked = False
        else:
            targets, locked = _read_targets(document, place, definition)
        if pattern is None:
            continue
        earlier = routes.get(pattern)
        if earlier is not None:
            document.fault(
                place,
                f"is the same pattern ({pattern}) as {shown_key(earlier.source.key)} "
                f"on line {earlier.source.line}",
                "remove one of them",
            )
        else:
            routes[pattern] = RawRoute(document.source(place), targets or (), locked)
    return routes


def plain_routes(document: Document, key: Key, names: Mapping[str, str]) -> Callable[[str], RawRoute]:
    """Makes the routes that each lead to one index by its name: their patterns are known to be none else."""
    targets = {name: read_name(document, key, (), name) for name in set(names.values())}

    def route(text: str) -> RawRoute:
        target = targets[names[text]]
        return RawRoute(document.source((*key, text)), () if target is None else (target,))

    return route


def read_pattern(document: Document, key: Key, text: str) -> Pattern | None:
    """A pattern; a fault and None if it is none."""
    if "://" in text:
        document.fault(key, "a URL is not a pattern", 'define an index, and write PATTERN = "INDEX"')
        return None
    try:
        return Pattern.parse(text)
    except ValueError as error:
        document.fault(key, str(error))
        return None


def _read_targets(document: Document, key: Key, value: object) -> tuple[tuple[RawTarget, ...], bool]:
    entries: list[tuple[Key, object]] = [((), value)]
    if isinstance(value, list):
        if not value:
            document.fault(
                key, "an empty list leads nowhere", 'write { deny = "reason" } if that is what you mean'
            )
        entries = [((item(position),), entry) for position, entry in enumerate(value)]
    targets: list[RawTarget] = []
    locked = False
    expected = "a table" if isinstance(value, list) else "the name of an index, a table or a list of tables"
    for below, entry in entries:
        place = (*key, *below)
        if isinstance(entry, str):  # as one would write a list of indexes
            hint = f'write {{ indexes = ["INDEX", …], strategy = "{FIRST_INDEX}" }} for a list of indexes'
            document.fault(place, f"expected {expected}, found a string", hint)
            continue
        table = document.table(place, entry, expected)
        if table is not None:
            said = document.members(place, table, ROUTE)
            locked = _read_locked(document, (*place, "locked"), said) or locked
            target = _read_target(document, key, below, table, said)
            if target is not None:
                targets.append(target)
    return tuple(targets), locked


def _read_locked(document: Document, key: Key, said: dict[str, Any]) -> bool:
    if "locked" in said and document.layer == "project":
        document.fault(key, "a project's table cannot lock a route", "no layer is above it: remove the key")
    return said.get("locked") is True


def _read_target(
    document: Document, route: Key, below: Key, table: dict[str, Any], said: dict[str, Any]
) -> RawTarget | None:
    """Read one entry of a route.

    :param said: what of the table is of the right shape.
    """
    place = (*route, *below)
    marker_text, marker = _read_marker(document, (*place, "marker"), said)
    namespace = None
    if "namespace" in said:
        namespace = _read_namespace(document, (*place, "namespace"), said["namespace"])
    strategy = _read_strategy(document, place, table, said)
    ways = [name for name in ("index", "indexes", "deny") if name in table]
    if len(ways) != 1:
        document.fault(
            place,
            "needs exactly one of index, indexes and deny" + (f", has {' and '.join(ways)}" if ways else ""),
        )
        return None
    where = (*below, ways[0])
    raw: RawTarget | None
    if ways == ["deny"]:
        raw = RawTarget(Target(Kind.DENY, reason=said.get("deny", "")))
    elif ways == ["index"]:
        raw = read_name(document, route, where, said["index"]) if "index" in said else None
    else:
        raw = _read_names(document, route, where, table["indexes"], said.get("indexes", ()))
    if raw is None:
        return None
    if namespace is not None and raw.target.kind is not Kind.INDEXES:
        document.fault((*place, "namespace"), "is only for indexes of the table")
    min_age, exempt = _read_ages(document, place, table, said, raw.target.kind)
    target = Target(
        raw.target.kind,
        strategy=strategy,
        reason=raw.target.reason,
        marker=marker,
        marker_text=marker_text,
        namespace=namespace,
        min_age=min_age,
        exempt=exempt,
    )
    return RawTarget(target, raw.names)


def _read_namespace(document: Document, key: Key, value: object) -> str | None:
    return document.project_name(key, value, "must be a name, without '*' (PEP 752)")


def _read_ages(
    document: Document, key: Key, table: dict[str, Any], said: dict[str, Any], kind: Kind
) -> tuple[str | None, Specifier | None]:
    for name in (MIN_AGE, "min-age-exempt"):
        if name in table and kind is not Kind.INDEXES:
            document.fault((*key, name), "is only for indexes of the table")
    return (
        read_age(document, (*key, MIN_AGE), said[MIN_AGE]) if MIN_AGE in said else None,
        read_exempt(document, (*key, "min-age-exempt"), said["min-age-exempt"])
        if "min-age-exempt" in said
        else None,
    )


def _read_strategy(document: Document, key: Key, table: dict[str, Any], said: dict[str, Any]) -> str:
    if "strategy" in table:
        if "indexes" not in table:
            document.fault((*key, "strategy"), "is only for a list of indexes")
        if "strategy" in said:
            return str(said["strategy"])
    elif "indexes" in table:
        document.fault(
            (*key, "indexes"),
            "needs a strategy",
            f'add strategy = "{FIRST_INDEX}", unless you need one of '
            + " and ".join(f'"{word}"' for word in STRATEGIES if word != FIRST_INDEX),
        )
    return Target.strategy


def read_name(document: Document, route: Key, below: Key, value: object) -> RawTarget | None:
    """The one index that a route names, which is looked up later.

    :param below: the key of the name, below the route's.
    """
    name = document.string((*route, *below), value)
    if name == "pip":
        return RawTarget(Target(Kind.PIP))
    if name == "wheels":
        return RawTarget(Target(Kind.WHEELS))
    return None if name is None else RawTarget(Target(Kind.INDEXES), ((below, name),))


def _read_names(
    document: Document, route: Key, below: Key, value: object, keyed: Iterable[tuple[Key, str]]
) -> RawTarget | None:
    """Read a list of indexes.

    :param keyed: the names in it, each with its key.
    """
    place = (*route, *below)
    if value == []:
        document.fault(place, "cannot be empty")
    seen: set[str] = set()
    for key, name in keyed:
        if name in RESERVED:
            document.fault(key, f'"{name}" cannot be combined with indexes')
        elif name in seen:
            document.fault(key, f"{shown_text(name)} is listed twice")
        seen.add(name)
    names = tuple((key[len(route) :], name) for key, name in keyed if name not in RESERVED)
    return RawTarget(Target(Kind.INDEXES), names)


def _read_marker(document: Document, key: Key, said: dict[str, Any]) -> tuple[str, Marker | None]:
    if "marker" not in said:
        return "", None
    text = str(said["marker"])
    try:
        return text, _marker(text)
    except ValueError as error:
        document.fault(key, str(error))
        return text, None


@cache
def _marker(text: str) -> Marker:
    """A marker that can be evaluated here; one that cannot would fail in the middle of a pip run.

    :raises ValueError: with what is wrong.
    """
    # Each exception of packaging.markers is a ValueError; some go on for lines to point at the place.
    try:
        marker = cast("Marker", library("packaging.markers").Marker(text))
    except ValueError as error:
        raise ValueError(f"not a marker: {str(error).partition(chr(10))[0]}") from None
    try:
        marker.evaluate({"extra": ""})
    except ValueError as error:
        raise ValueError(f"a marker that cannot be evaluated: {str(error).partition(chr(10))[0]}") from None
    return marker
