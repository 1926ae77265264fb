"""What a table says, as far as another tool can do the same; what it cannot do is a fault or a note."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import chain, count
from typing import TYPE_CHECKING

from rim_router.cli.views import merged, settings, specificity, target_text
from rim_router.errors import RimRouterError
from rim_router.record import Record
from rim_router.rules.age import EXEMPT_KEY, KEY, age_for
from rim_router.rules.policy import Policy
from rim_router.rules.table import Decision, Kind
from rim_router.rules.urls import is_local, redact, scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rim_router.rules.names import Pattern
    from rim_router.rules.source import Source
    from rim_router.rules.table import Index, RoutingTable, Target


_LOST = "give it a table without these lines (RIM_ROUTER_CONFIG), or use another tool for them"


class ExportError(RimRouterError):
    """A table says what the other tool cannot do, or what it needs is not there."""

    reference = "export-failed"


class Rule(Record):
    """One pattern with what it leads to.

    :param conditional: targets that come first where their markers hold.
    :param target: the one that is used otherwise; None for the next pattern that matches.
    """

    pattern: Pattern
    target: Target | None
    source: Source
    conditional: tuple[Target, ...] = ()

    @property
    def denial(self) -> str | None:
        """The reason for which these names are denied wherever they are asked for; None if they are not."""
        is_denied = self.target is not None and self.target.kind is Kind.DENY and not self.conditional
        return self.target.reason if self.target is not None and is_denied else None


class Plan:
    """The rules of a table for one tool, most specific first; everything wrong is gathered.

    :param names: the projects that are needed, normalised.
    """

    def __init__(self, table: RoutingTable, tool: str, names: Iterable[str] = ()) -> None:
        self.table = table
        self.tool = tool
        self.names = tuple(names)
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.rules = self._rules()

    @property
    def indexes(self) -> dict[Index, None]:
        """The indexes to which rules lead, in order."""
        targets = [target for rule in self.rules for target in (*rule.conditional, rule.target)]
        return dict.fromkeys(index for target in targets if target is not None for index in target.indexes)

    def labels(self, *taken: str) -> dict[Index, str]:
        """A name for each index that every tool takes, made from its own; each once.

        :param taken: which none may have.
        """
        found: dict[Index, str] = {}
        for index in self.indexes:
            stem = re.sub(r"[^a-z0-9]+", "-", index.name.lower()).strip("-") or "index"
            tries = chain([stem], (f"{stem}-{number}" for number in count(2)))
            found[index] = next(each for each in tries if each not in {*taken, *found.values()})
        return found

    @property
    def default(self) -> Rule | None:
        """The rule for all names that no other one has."""
        return next((rule for rule in self.rules if not rule.pattern.literal), None)

    @property
    def claims_all(self) -> bool:
        """Whether no name is left to pip, wherever that is."""
        target = None if self.default is None else self.default.target
        return target is not None and target.kind is not Kind.PIP

    def targets_of(self, name: str) -> Iterator[Target]:
        """What a normalised name leads to, in order; where no marker of all of them holds, pip has it."""
        for rule in self.rules:
            if rule.pattern.matches(name):
                yield from rule.conditional
                if rule.target is not None:
                    yield rule.target
                    return

    def rule_of(self, name: str) -> Rule | None:
        """The rule of a normalised name; None if the table leaves it to pip."""
        return next((rule for rule in self.rules if rule.pattern.matches(name)), None)

    def age(self, *rules: Rule, index: Index | None = None) -> timedelta:
        """What files have to have of all to which rules lead; the highest if they differ, with a note.

        :param index: the only one that matters; None for all.
        """
        found = {
            timedelta() if age is None else age.least
            for rule in rules
            for target in (*rule.conditional, rule.target)
            if target is not None
            for each in target.indexes
            if index in (None, each)
            for age in [age_for(Decision("", None, target), each, self.table.policy)]
        }
        if len(found) > 1:
            what = "names" if index is None else f"names of index {index.name}"
            self.note(
                f"that {what} differ in min-age: {self.tool} keeps {age_text(max(found))} for all of them"
            )
        return max(found, default=timedelta())

    def fault(self, rule: Rule, why: str) -> None:
        """Something that must not be left out."""
        self.faults.append(f"{rule.pattern} in {rule.source}: {why}")

    def note(self, text: str) -> None:
        """Something that the tool does not do."""
        if text not in self.notes:
            self.notes.append(text)

    def index_of(self, rule: Rule) -> Index | None:
        """The one index of a rule; a fault and None if it has none, several, or conditions."""
        if rule.conditional or rule.target is None:
            self.fault(rule, f"{self.tool} cannot choose by an environment marker")
            return None
        return self.only_index(rule, rule.target)

    def only_index(self, rule: Rule, target: Target) -> Index | None:
        """The one index of a target; a fault and None if it is anything else."""
        if target.namespace is not None:
            self.fault(rule, f"{self.tool} cannot check a namespace")
        if target.kind is Kind.INDEXES and len(target.indexes) == 1:
            return self._usable(rule, target.indexes[0])
        if target.kind is Kind.INDEXES:
            self.fault(rule, f"{self.tool} cannot ask several indexes by {target.strategy}")
        elif target.kind is not Kind.DENY:
            self.fault(rule, f"{self.tool} cannot go to {target_text(target)}")
        return None

    def check(self) -> None:
        """Stop if something would be lost.

        :raises ExportError: with everything that the tool cannot do.
        """
        if self.faults:
            raise ExportError(
                f"{self.tool} cannot do all that the table says",
                notes=dict.fromkeys(self.faults),
                hint=_LOST,
            )

    def say_what_clients_take(self) -> None:
        """Note what a client takes that pip with this table does not."""
        self.note(
            f"files on other hosts than that of their index, and redirects: {self.tool} follows them "
            "anywhere, without a digest too"
        )
        self.note(f"direct references (NAME @ URL): {self.tool} does not compare them with the table")

    def say_what_is_lost(self, *, does: frozenset[str] = frozenset()) -> None:
        """Note what every index and the policy have that the tool does not do.

        :param does: what it does.
        """
        for index in self.indexes:
            found = {
                "mirrors": index.mirrors,
                "external-hosts": index.external_hosts,
                "pins": index.pins_required,
                "probe": index.probe,
                "absent-status": index.absent_statuses,
                KEY: index.min_age,
            }
            for key in [key for key, value in found.items() if value and key not in does]:
                self.note(f"{key} of index {index.name} ({index.source})")
        for rule in self.rules:
            targets = [each for each in (*rule.conditional, rule.target) if each is not None]
            if any(each.min_age for each in targets) and KEY not in does:
                self.note(f"{KEY} of {rule.pattern} ({rule.source})")
            if any(each.exempt is not None for each in targets):
                self.note(f"{EXEMPT_KEY} of {rule.pattern} ({rule.source})")
        usual = {key: value for key, value, _ in settings(Policy())}
        for key, value, source in settings(self.table.policy):
            if value != usual[key] and key not in does:
                self.note(f"policy.{key} ({source})")
        if len(self.table.pins):
            self.note("the pins")
        for wheel in self.table.wheels:
            self.faults.append(f"[[wheel]] in {wheel.source}: {self.tool} has no such thing")

    def _usable(self, rule: Rule, index: Index) -> Index | None:
        if index.flat:
            self.fault(rule, f"{self.tool} cannot use a page of links (index {index.name}) for single names")
        elif "${" in index.url.rpartition("@")[2] or scrub(address(index)) != address(index):
            self.fault(rule, f"the URL of index {index.name} has a variable outside its credentials")
        else:
            return index
        return None

    def _rules(self) -> tuple[Rule, ...]:
        found: dict[Pattern, Rule] = {}
        for route, hidden in merged(self.table):
            if hidden:
                continue
            last = next((each for each in route.targets if each.marker is None), None)
            first = tuple(route.targets[: route.targets.index(last)] if last is not None else route.targets)
            earlier = found.get(route.pattern)
            if earlier is None:
                found[route.pattern] = Rule(route.pattern, last, route.source, first)
            else:
                conditional = (*earlier.conditional, *first)
                found[route.pattern] = earlier.replaced(target=last, conditional=conditional)
        return tuple(sorted(found.values(), key=lambda rule: specificity(rule.pattern)))


def age_text(age: timedelta) -> str:
    """In the words of uv and Renovate: ``7 days``, ``1 day``, ``36 hours``."""
    days, rest = divmod(age, timedelta(days=1))
    number, unit = (age // timedelta(hours=1), "hour") if rest else (days, "day")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def address(index: Index) -> str:
    """The URL of an index without credentials."""
    scheme, separator, rest = index.url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def has_credentials(index: Index) -> bool:
    """Whether the table gives credentials in the URL."""
    return "@" in index.url.partition("://")[2].partition("/")[0]


def is_remote(index: Index) -> bool:
    """Whether it is on a server."""
    return not is_local(address(index))


def shown(index: Index) -> str:
    """An index for a comment."""
    return f"{index.name} ({redact(index.url)})"
