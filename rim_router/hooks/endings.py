"""How a resolution ends: what of the claimed names was refused is said then, once, with what would help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rim_router.hooks.lookups import warning
from rim_router.rules.names import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rim_router.hooks.lookups import Lookup
    from rim_router.hooks.services import Services

_REQUIREMENT = r"No matching distribution found for ([A-Za-z0-9][A-Za-z0-9._-]*)"
_IMPOSSIBLE = "ResolutionImpossible"


class Endings:
    """The replacements of what ends pip's resolvers.

    :param lookups: by normalised name.
    """

    def __init__(self, services: Services, lookups: Mapping[str, Lookup]) -> None:
        self._services = services
        self._lookups = lookups
        self._refused_in_conflict: list[str] = []

    def resolver(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``RequirementCommand.make_resolver``: where it ends, an older file may have been taken."""

        def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
            resolver = original(cls, *args, **kwargs)
            resolve_as_ever = resolver.resolve

            def resolve(*args: Any, **kwargs: Any) -> Any:
                found = resolve_as_ever(*args, **kwargs)
                if any(lookup.refused for lookup in self._lookups.values()):
                    taken = dict(_taken(resolver, found))
                    for name in self._lookups:
                        self.warn(name, taken.get(name))
                return found

            resolver.resolve = resolve
            return resolver

        return make

    def warn(self, name: str, taken: Any) -> None:
        """Say that a newer file than the one taken may not be used; the first time for each project.

        :param name: normalised.
        :param taken: the version; None for none.
        """
        verdict = self._lookups[name].passed_over(taken)
        if verdict is not None:
            text = warning(name, verdict, taken, self._services.requests)
            self._services.announcer.warn(f"passed over {name}", text)

    def impossible(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``Factory.get_installation_error``: requirements cannot be met together."""

        def error(factory: Any, conflict: Any, constraints: Any) -> Any:
            names = {normalise(cause.requirement.project_name) for cause in conflict.causes}
            # Before pip asks for any version of each, to see whether there is one.
            self._refused_in_conflict = [
                line
                for name, lookup in self._lookups.items()
                if name in names or lookup.passed_over(None) is not None
                for line in lookup.refusals(self._services.requests, of_conflict=True)
            ]
            return original(factory, conflict, constraints)

        return error

    def not_found(self, original: Callable[..., None]) -> Callable[..., None]:
        """``DistributionNotFound``: where a claimed name was looked for, and what was refused."""

        def initialise(error: Exception, *args: Any) -> None:
            original(error, *(self._explained(arg) if isinstance(arg, str) else arg for arg in args))

        return initialise

    def _explained(self, message: str) -> str:
        match = re.match(_REQUIREMENT, message)
        project = self._services.table.route(match.group(1)).name if match else None
        lookup = self._lookups.get(project or "")
        if lookup is not None:
            explanation = lookup.explain(self._services.requests)
        elif message.startswith(_IMPOSSIBLE) and self._refused_in_conflict:
            explanation = "\n".join(self._refused_in_conflict)
        else:
            return message
        self._services.journal.write("refusal", project=project, reason=explanation)
        return f"{message}\n{explanation}"


def _taken(resolver: Any, found: Any) -> Iterator[tuple[str, Any]]:
    """The version of each project that a resolver has decided on, what is installed already included."""
    result = getattr(resolver, "_result", None)  # the legacy resolver has none
    for candidate in () if result is None else result.mapping.values():
        yield normalise(candidate.project_name), candidate.version
    for req in found.all_requirements if result is None else ():
        installed = req.satisfied_by if req.link is None else None
        if installed is not None:
            yield normalise(req.name), installed.version
        elif req.link is not None:
            evaluator = resolver.finder.make_link_evaluator(req.name)
            candidate = resolver.finder.get_install_candidate(evaluator, req.link)
            if candidate is not None:
                yield normalise(req.name), candidate.version
