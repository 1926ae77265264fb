"""The routing table: which index serves which project, and why (reference: [routes]).

Pure: nothing here opens a path or a socket.
"""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from rim_router.record import EMPTY, Record
from rim_router.rules.names import Pattern, PatternMap, normalise
from rim_router.rules.pins import Pins
from rim_router.rules.strategies import IN_TURN, VERSION_PRIORITY
from rim_router.rules.urls import HostPattern, Origin, file_origins, is_local, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol

    from rim_router.rules.names import Unmade
    from rim_router.rules.policy import Policy
    from rim_router.rules.source import Source

    class Marker(Protocol):
        """A PEP 508 environment marker, as ``packaging`` has it."""

        def evaluate(self, environment: dict[str, str] | None = ...) -> bool: ...

    class Specifier(Protocol):
        """A PEP 440 version specifier, as ``packaging`` has it."""

        def contains(self, item: str, prereleases: bool | None = ...) -> bool: ...


class Index(Record):
    """A package index (PEP 503, PEP 691), or a directory or page of links.

    :param url: absolute, with credentials if it has any; never to be shown as it is. As written with *unset*.
    :param mirrors: URLs of the same content, in the order in which they are tried.
    :param flat: a directory or page of links and not an index.
    :param pins_required: files hosted elsewhere need a pin, whatever the policy says.
    :param probe: a project that it certainly has, normalised: without it no "not found" of it counts.
    :param absent_statuses: HTTP statuses by which it says "not found", besides 404 and 410.
    :param min_age: that its files must have, as it is written; None if it says nothing of that.
    :param unset: variables in its URLs that are not set: then it cannot be asked, and has no origin.
    """

    name: str
    url: str
    source: Source
    mirrors: tuple[str, ...] = ()
    external_hosts: tuple[HostPattern, ...] = ()
    flat: bool = False
    pins_required: bool = False
    probe: str | None = None
    absent_statuses: tuple[int, ...] = ()
    min_age: str | None = None
    unset: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """Its URL and those of its mirrors, as far as they are known."""
        return () if self.unset else (self.url, *self.mirrors)

    @cached_property
    def own_origins(self) -> frozenset[Origin]:
        """The origins whose files are not external."""
        return frozenset().union(*(file_origins(url) for url in self.urls))

    @property
    def is_local(self) -> bool:
        """Whether it, or a mirror of it, lies in the file system; or may, as far as that is known."""
        if self.unset:
            return not all(url.startswith(("https://", "http://")) for url in (self.url, *self.mirrors))
        return any(is_local(url) for url in self.urls)

    def is_like(self, other: Index) -> bool:
        """Whether it says the same as another one, whatever they are called and wherever they are written."""
        return self.replaced(name=other.name, source=other.source) == other

    def lists_host(self, origin: Origin) -> HostPattern | None:
        """The entry of ``external-hosts`` that covers an origin."""
        return next((entry for entry in self.external_hosts if entry.matches(origin)), None)

    def __str__(self) -> str:
        shown = redact(self.url)
        return shown if self.name == shown else f"{self.name} ({shown})"


class ExternalWheel(Record):
    """A ``[[wheel]]``: a wheel that is hosted anywhere, pinned by hand.

    :param name: of its project, normalised.
    :param urls: of the same file, in the order in which they are tried.
    :param digests: strong ones, algorithm to hexadecimal digest.
    :param size: in bytes.
    :param requires_python: a version specifier.
    :param support: a contact, for when it cannot be had.
    :param rank: the position of its layer, counted from the lowest.
    """

    filename: str
    name: str
    version: str
    urls: tuple[str, ...]
    digests: Mapping[str, str]
    source: Source
    size: int | None = None
    requires_python: str | None = None
    support: str | None = None
    rank: int = 0


class Kind(Enum):
    """What a route leads to."""

    INDEXES = "indexes"
    PIP = "pip"
    WHEELS = "wheels"
    DENY = "deny"


class Target(Record):
    """One thing a route can lead to, and the marker under which it does.

    :param indexes: in order; empty unless *kind* is ``INDEXES``.
    :param strategy: one of :data:`rim_router.rules.strategies.STRATEGIES`.
    :param reason: of ``deny``.
    :param marker: None holds everywhere.
    :param marker_text: the marker as written.
    :param namespace: PEP 752 namespace that the index must own; None for no such condition.
    :param min_age: that its files must have, as it is written; None if the route says nothing of that.
    :param exempt: the versions that need no such age.
    """

    kind: Kind
    indexes: tuple[Index, ...] = ()
    strategy: str = VERSION_PRIORITY
    reason: str = ""
    marker: Marker | None = None
    marker_text: str = ""
    namespace: str | None = None
    min_age: str | None = None
    exempt: Specifier | None = None

    def holds(self) -> bool:
        """Whether the marker holds in this environment (PEP 508, as pip evaluates markers)."""
        return self.marker is None or self.marker.evaluate({"extra": ""})

    def __str__(self) -> str:
        if self.kind is Kind.DENY:
            return "nowhere"
        if self.kind is Kind.INDEXES:
            return ", ".join(index.name for index in self.indexes)
        return str(self.kind.value)


class Route(Record):
    """A pattern and what it leads to; the first target whose marker holds is used.

    :param rank: the position of its layer, counted from the lowest.
    """

    pattern: Pattern
    targets: tuple[Target, ...]
    source: Source
    locked: bool = False
    rank: int = 0

    def active(self) -> Target | None:
        """The target for this environment."""
        return next((target for target in self.targets if target.holds()), None)

    def __str__(self) -> str:
        return f"{self.pattern} in {self.source.file}"


class Decision(Record):
    """Where one project comes from, and why.

    :param name: normalised.
    :param route: the route that was used; None for a name that no route claims.
    :param target: what it leads to; ``"pip"`` for a name that no route claims.
    :param passed_over: more specific routes, of which no marker holds here.
    :param also_matched: less specific routes, and those that a higher layer hides.
    :param wheels: the ``[[wheel]]`` entries that are candidates, in addition to what the target has.
    """

    name: str
    route: Route | None
    target: Target
    passed_over: tuple[Route, ...] = ()
    also_matched: tuple[Route, ...] = ()
    wheels: tuple[ExternalWheel, ...] = ()

    @property
    def claimed(self) -> bool:
        """Whether the table, and not pip's own configuration, says where the project comes from."""
        return self.target.kind is not Kind.PIP

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes that may be asked, in order."""
        return self.target.indexes

    @cached_property
    def in_turn(self) -> bool:
        """Whether several indexes are asked one after the other, and not all together."""
        return len(self.indexes) > 1 and self.target.strategy in IN_TURN

    @property
    def origins(self) -> frozenset[Origin]:
        """The origins of the indexes and mirrors."""
        return frozenset().union(*(index.own_origins for index in self.indexes))

    @property
    def source(self) -> Source | None:
        """The line that claims the name; None if none does."""
        if self.route is not None:
            return self.route.source
        return self.wheels[0].source if self.wheels else None

    @property
    def claim(self) -> str:
        """What claims the name, and the file that says so."""
        if self.route is not None:
            return str(self.route)
        return f"[[wheel]] in {self.wheels[0].source.file}" if self.wheels else "nothing"

    @property
    def claim_with_line(self) -> str:
        """What claims the name, and the line that says so."""
        if self.route is not None:
            return f"{self.route.pattern} in {self.route.source}"
        return f"[[wheel]] in {self.wheels[0].source}" if self.wheels else "nothing"

    @property
    def is_by_default(self) -> bool:
        """Whether only ``"*"`` claims the project."""
        return self.route is not None and not self.route.pattern.literal and not self.wheels

    def __str__(self) -> str:
        if not self.claimed:
            return f"{self.name} is left to pip"
        if self.target.kind is Kind.DENY:
            return f"{self.name} is denied ({self.claim})"
        target = str(self.target)
        if self.wheels and self.target.kind is not Kind.WHEELS:
            target += " and wheels"
        return f"Routing {self.name} to {target} ({self.claim})"


_PIP = Target(Kind.PIP)
_WHEELS = Target(Kind.WHEELS)


class RoutingTable:
    """The tables in force, merged.

    :param routes: by pattern, the routes of every layer that has it, highest layer first.
    :param files: the files in force, lowest layer first.
    :param indexes: every index of every layer.
    :param wheels: every ``[[wheel]]`` of every layer, lowest layer first.
    :param pins: those of every layer.
    :param exempt: by normalised name, the versions that need no age for this command.
    :param unmade: further routes, of other patterns.
    :param speed: the features of :mod:`rim_router.rules.speed` that are on.
    """

    def __init__(
        self,
        routes: Iterable[tuple[Pattern, tuple[Route, ...]]],
        policy: Policy,
        files: tuple[Source, ...],
        indexes: tuple[Index, ...] = (),
        wheels: Iterable[ExternalWheel] = (),
        pins: Pins | None = None,
        exempt: Mapping[str, Sequence[Specifier]] = EMPTY,
        unmade: Unmade[tuple[Route, ...]] | None = None,
        *,
        speed: frozenset[str] = frozenset(),
    ) -> None:
        self.routes: PatternMap[tuple[Route, ...]] = PatternMap(routes, unmade)
        self.policy = policy
        self.files = files
        self.indexes = indexes
        self.wheels = tuple(wheels)
        self.pins = Pins() if pins is None else pins
        self.exempt = exempt
        self.speed = speed
        self._decisions: dict[str, Decision] = {}

    @property
    def in_force(self) -> bool:
        """Whether there is any table at all."""
        return bool(self.files)

    def route(self, name: str) -> Decision:
        """Where the project comes from; *name* need not be normalised (reference: [routes])."""
        decision = self._decisions.get(name)
        if decision is None:
            normalised = normalise(name)
            decision = self._decisions.get(normalised) or self._decide(normalised)
            self._decisions[name] = self._decisions[normalised] = decision
        return decision

    def become(self, other: RoutingTable) -> None:
        """Say what another table says, for everybody who has this one."""
        vars(self).update(vars(other))

    def _decide(self, name: str) -> Decision:
        passed_over: list[Route] = []
        wheels = tuple(wheel for wheel in self.wheels if wheel.name == name)
        matching = [route for _, routes in self.routes.matching(name) for route in routes]
        for position, route in enumerate(matching):
            target = route.active()
            if target is not None:
                # What a lower layer adds is hidden with its routes; and what is denied comes from nowhere.
                added = tuple(wheel for wheel in wheels if wheel.rank >= route.rank)
                return Decision(
                    name,
                    route,
                    target,
                    tuple(passed_over),
                    tuple(matching[position + 1 :]),
                    () if target.kind is Kind.DENY else added,
                )
            passed_over.append(route)
        return Decision(name, None, _WHEELS if wheels else _PIP, tuple(passed_over), wheels=wheels)
