"""Puts the layers together into one routing table (reference: Discovery and precedence)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rim_router.config.ages import age_in_hours
from rim_router.config.document import fault_at, nearest, shown_key, shown_text
from rim_router.config.keys import MIN_AGE, MINIMUM_OPENSSL, POLICY, RESERVED
from rim_router.config.loosening import exempt_for_one_command, loosened
from rim_router.config.speed import merge_speed
from rim_router.errors import Fault, TableError
from rim_router.rules.names import Pattern, PatternMap, Unmade
from rim_router.rules.policy import Policy, openssl_version
from rim_router.rules.source import Source
from rim_router.rules.table import Index, Kind, Route, RoutingTable, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rim_router.config.layer import Layer, PlainRoutes
    from rim_router.config.routes import RawRoute
    from rim_router.rules.pins import Pins
    from rim_router.rules.table import ExternalWheel


def merge(
    layers: Sequence[Layer],
    pins: Pins | None = None,
    other_faults: Iterable[Fault] = (),
    environ: Mapping[str, str] | None = None,
) -> RoutingTable:
    """Merge what the files say.

    :param layers: lowest first.
    :param pins: those next to them.
    :param other_faults: what else is wrong, with these and otherwise.
    :raises TableError: with everything that is wrong, in any of them and between them.
    """
    faults: list[Fault] = [fault for layer in layers for fault in layer.faults] + list(other_faults)
    routes: dict[Pattern, tuple[Route, ...]] = {}
    locks: list[tuple[Pattern, Source]] = []
    scope: dict[str, Index | None] = {}
    complete = True
    wheels: list[ExternalWheel] = []
    unmade: Unmade[tuple[Route, ...]] | None = None
    for rank, layer in enumerate(layers):
        locked = PatternMap(locks)
        # A new dict for each layer: what a higher one defines is never seen by this one's routes.
        scope = {**scope, **layer.indexes}
        complete = complete and layer.complete
        resolver = _Resolver(scope, complete, rank)
        said = layer.routes
        if layer.plain is not None:
            if unmade is None and _is_without_conflict(layer.plain.names, scope, locks):
                unmade = _unmade(layer.plain, resolver, routes)
            else:
                said = layer.plain.whole().routes
        for pattern, raw in said.items():
            route = resolver.route(pattern, raw)
            below = routes.get(pattern) or (None if unmade is None else unmade.take(str(pattern))) or ()
            breaks = list(_locks_broken(pattern, raw.source, "remove this route", locked)) if locks else []
            if breaks and _is_repeated(route, below):
                routes[pattern] = below  # it stays, with the [[wheel]] entries of its layer
                continue
            faults += breaks
            routes[pattern] = (route, *below)
            if raw.locked:
                locks.append((pattern, raw.source))
        faults += resolver.faults
        for wheel in layer.wheels:
            faults += _locks_broken(Pattern(wheel.name, False), wheel.source, "remove this wheel", locked)
        wheels += [wheel.replaced(rank=rank) for wheel in layer.wheels]
        for name, route in _claimed_by_wheels(layer, rank, PatternMap(routes.items(), unmade)).items():
            routes[name] = (route, *routes.get(name, ()))
    policy = _merge_policy(layers, faults)
    faults += loosened(layers)
    exempt = exempt_for_one_command(os.environ if environ is None else environ, policy, faults)
    speed = merge_speed((layer.speed for layer in layers), os.environ if environ is None else environ, faults)
    if faults:
        order = {layer.source.file: position for position, layer in enumerate(layers)}
        raise TableError(
            sorted(
                faults,
                key=lambda fault: (order.get(str(fault.where.file), len(order)), fault.where.line or 0),
            )
        )
    return RoutingTable(
        routes.items(),
        policy,
        tuple(layer.source for layer in layers),
        tuple(index for layer in layers for index in layer.indexes.values() if index is not None),
        wheels,
        pins,
        exempt,
        unmade,
        speed=speed,
    )


def _is_without_conflict(
    names: Mapping[str, str], scope: Mapping[str, object], locks: Sequence[tuple[Pattern, Source]]
) -> bool:
    """Whether plain routes have no fault, and none of them is of a pattern that a lower layer has locked.

    :param names: of their indexes, by pattern.
    """
    patterns = {str(pattern) for pattern, _ in locks}
    prefixes = tuple(pattern.literal for pattern, _ in locks if pattern.prefix)
    return (
        all(name in scope or name in RESERVED for name in set(names.values()))
        and patterns.isdisjoint(names)
        and not (prefixes and any(text.startswith(prefixes) for text in names))
    )


def _unmade(
    plain: PlainRoutes, resolver: _Resolver, below: dict[Pattern, tuple[Route, ...]]
) -> Unmade[tuple[Route, ...]]:
    """The plain routes of a layer, without those of patterns that lower layers have: these come with them."""

    unmade: Unmade[tuple[Route, ...]] = Unmade(
        plain.names, lambda pattern: (resolver.route(pattern, plain.route(str(pattern))),)
    )
    for pattern, routes in below.items():
        below[pattern] = (*(unmade.take(str(pattern)) or ()), *routes)
    return unmade


def _claimed_by_wheels(layer: Layer, rank: int, known: PatternMap[tuple[Route, ...]]) -> dict[Pattern, Route]:
    """The routes to ``"wheels"`` that a layer's ``[[wheel]]`` entries without any route stand for."""
    claimed: dict[Pattern, Route] = {}
    for wheel in layer.wheels:
        if not any(True for _ in known.matching(wheel.name)):
            pattern = Pattern(wheel.name, False)
            claimed.setdefault(pattern, Route(pattern, (Target(Kind.WHEELS),), wheel.source, rank=rank))
    return claimed


def _locks_broken(pattern: Pattern, place: Source, hint: str, locks: PatternMap[Source]) -> Iterable[Fault]:
    """A fault for each lock of a lower layer that a claim breaks."""
    for locked, source in locks.covering(pattern):
        yield fault_at(place, f"{locked} is locked by {shown_key(source.key)} in {source}", hint)


def _is_repeated(route: Route, below: Sequence[Route]) -> bool:
    """Whether a route only says once more what the route of that pattern in the layers below says.

    Which one is locked does not matter: a project's table could not say it.
    """
    return (
        bool(below)
        and list(map(_without_indexes, route.targets)) == list(map(_without_indexes, below[0].targets))
        and all(
            len(one.indexes) == len(other.indexes) and all(map(_is_same, one.indexes, other.indexes))
            for one, other in zip(route.targets, below[0].targets)
        )
    )


def _without_indexes(target: Target) -> Target:
    return target.replaced(indexes=(), marker=None)  # the marker's text is compared


def _is_same(one: Index, other: Index) -> bool:
    # A path with an unknown variable in it may be another one in another directory.
    return one.is_like(other) and (not one.unset or all("://" in url for url in (one.url, *one.mirrors)))


class _Resolver:
    """Looks the index names of one layer's routes up."""

    def __init__(self, scope: Mapping[str, Index | None], complete: bool, rank: int) -> None:
        self.faults: list[Fault] = []
        self._scope = scope
        self._rank = rank
        self._complete = complete  # else a missing name may be in what cannot be read
        self._targets: dict[int, Target] = {}
        self._guesses: dict[str, str | None] = {}

    def route(self, pattern: Pattern, raw: RawRoute) -> Route:
        targets = []
        for raw_target in raw.targets:
            target = raw_target.target
            if target.kind is Kind.INDEXES:
                # Routes that lead to an index by its bare name share their raw target, and then the result.
                known = self._targets.get(id(raw_target))
                target = known or self._resolved(raw.source, target, raw_target.names)
                if target.indexes:
                    self._targets[id(raw_target)] = target
            targets.append(target)
        return Route(pattern, tuple(targets), raw.source, raw.locked, self._rank)

    def _resolved(
        self, source: Source, target: Target, names: Iterable[tuple[tuple[str, ...], str]]
    ) -> Target:
        indexes = []
        for below, name in names:
            index = self._scope.get(name)
            if index is not None:
                indexes.append(index)
            elif name not in self._scope and self._complete:
                place = Source(source.layer, source.file, (*source.key, *below), source.line_of)
                self.faults.append(
                    fault_at(place, f"there is no index {shown_text(name)}", self._hint(source.layer, name))
                )
        return Target(
            target.kind,
            tuple(indexes),
            target.strategy,
            target.reason,
            target.marker,
            target.marker_text,
            target.namespace,
            target.min_age,
            target.exempt,
        )

    def _hint(self, layer: str, name: str) -> str:
        if "://" in name:
            return "define an index of that URL under [indexes], and write its name here"
        if name not in self._guesses:
            # Never "pip": whoever followed that would have given up the route.
            self._guesses[name] = nearest(name, self._scope) or nearest(name, ["wheels"])
        guess = self._guesses[name]
        define = "name one of the tables in force, or give a URL or ./PATH"
        if layer != "command":
            define = "define it under [indexes]"
        return f"{define}{f'; did you mean {shown_text(guess)}?' if guess else ''}"


def _strictness(name: str, value: str | None) -> tuple[int, ...]:
    """What grows as a policy is tightened."""
    if name == MINIMUM_OPENSSL:
        return openssl_version(value or "0")
    if name == MIN_AGE:
        return (age_in_hours(value),)
    return (POLICY[name].index(str(value)),)


def _merge_policy(layers: Sequence[Layer], faults: list[Fault]) -> Policy:
    values: dict[str, tuple[str, Source]] = {}
    # A layer that says nothing about a key means its default, and that is not to be loosened either.
    implied: Source | None = None
    for layer in layers:
        for name, (word, source) in layer.policy.items():
            default = getattr(Policy, name.replace("-", "_"))
            lower, origin = values.get(name, (default, implied))
            if origin is not None and _strictness(name, word) < _strictness(name, lower):
                how = "" if name in values else "default "
                faults.append(
                    fault_at(
                        source,
                        f'"{word}" would loosen the {how}"{lower}" of {origin}',
                        "a higher layer can only tighten the policy",
                    )
                )
            else:
                values[name] = (word, source)
        implied = implied or layer.source
    lowest = next((layer.policy[MIN_AGE][1] for layer in layers if MIN_AGE in layer.policy), None)
    settings = {name.replace("-", "_"): word for name, (word, _) in values.items()}
    sources = {name: source for name, (_, source) in values.items()}
    return Policy(**settings, sources=sources, lowest_age=lowest)
