"""What would loosen the age that a policy asks for: a narrower word of a higher layer, or of one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rim_router.config.ages import age_in_hours
from rim_router.config.document import fault_at, shown_text
from rim_router.errors import Fault, Where
from rim_router.libraries import library
from rim_router.rules.age import EXEMPT_KEY, EXEMPT_VARIABLE, KEY
from rim_router.rules.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rim_router.config.layer import Layer
    from rim_router.rules.policy import Policy
    from rim_router.rules.source import Source
    from rim_router.rules.table import Specifier


def loosened(layers: Iterable[Layer]) -> Iterator[Fault]:
    """A fault for each age of an index or a route that is looser than the policy of a lower layer.

    :param layers: lowest first.
    """
    below: tuple[str, Source] | None = None
    for layer in layers:
        if below is not None and age_in_hours(below[0]):
            text, source = below
            for place, key, age in _ages(layer):
                if key == EXEMPT_KEY or age_in_hours(age) < age_in_hours(text):
                    yield fault_at(
                        place,
                        f'{key} "{age}" would loosen policy.{KEY} "{text}" of {source}',
                        "a higher layer can only tighten the policy",
                    )
        below = layer.policy.get(KEY, below)


def _ages(layer: Layer) -> Iterator[tuple[Source, str, str]]:
    for index in layer.indexes.values():
        if index is not None and index.min_age is not None:
            yield index.source, KEY, index.min_age
    for route in layer.routes.values():
        for raw in route.targets:
            if raw.target.min_age is not None:
                yield route.source, KEY, raw.target.min_age
            if raw.target.exempt is not None:
                yield route.source, EXEMPT_KEY, str(raw.target.exempt)


def exempt_for_one_command(
    environ: Mapping[str, str], policy: Policy, faults: list[Fault]
) -> dict[str, list[Specifier]]:
    """What ``RIM_ROUTER_MIN_AGE_EXEMPT`` exempts, by normalised name; what is wrong with it is a fault."""
    words = environ.get(EXEMPT_VARIABLE, "").split()
    if not words:
        return {}
    if age_in_hours(policy.min_age):
        source, lowest = policy.sources.get(KEY), policy.lowest_age and policy.lowest_age.file
        faults.append(
            Fault(
                f'would loosen policy.{KEY} "{policy.min_age}"' + (f" of {source}" if source else ""),
                Where(EXEMPT_VARIABLE),
                f"unset it, or give the project a route of its own with {EXEMPT_KEY} in {lowest}",
            )
        )
    found: dict[str, list[Specifier]] = {}
    requirements: Any = library("packaging.requirements")
    for word in words:
        try:
            requirement = requirements.Requirement(word)
        except ValueError:
            requirement = None
        if requirement is None or requirement.url or requirement.marker or not requirement.specifier:
            hint = "write NAME==VERSION, several separated by spaces"
            faults.append(
                Fault(f"{shown_text(word)} is not a requirement with a version", Where(EXEMPT_VARIABLE), hint)
            )
        else:
            found.setdefault(normalise(requirement.name), []).append(requirement.specifier)
    return found
