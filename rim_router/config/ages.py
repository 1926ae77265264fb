"""Reads ``min-age`` and what is exempt from it, and finds what is looser than a policy below allows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rim_router.config.document import fault_at, shown_text
from rim_router.errors import Fault, Where
from rim_router.libraries import library
from rim_router.rules.age import EXEMPT_KEY, EXEMPT_VARIABLE, KEY, parse_age
from rim_router.rules.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rim_router.config.document import Document
    from rim_router.config.keys import Key
    from rim_router.config.layer import Layer
    from rim_router.rules.age import Specifier
    from rim_router.rules.policy import Policy
    from rim_router.rules.source import Source


def read_age(document: Document, key: Key, value: object) -> str | None:
    """An age as it is written; a fault and None if it is none."""
    text = document.string(key, value)
    if text is None or parse_age(text) is not None:
        return text
    document.fault(key, f'{shown_text(text)} is not an age such as "7d" or "36h"')
    return None


def read_exempt(document: Document, key: Key, value: object) -> Specifier | None:
    """A version specifier (PEP 440); a fault and None if it is none."""
    text = document.string(key, value)
    if text is None:
        return None
    try:
        found: Specifier = library("packaging.specifiers").SpecifierSet(text)
    except ValueError:
        document.fault(key, f'{shown_text(text)} is not a version specifier such as "==1.26.4"')
        return None
    return found


def loosened(layers: Iterable[Layer]) -> Iterator[Fault]:
    """A fault for each age of an index or a route that is looser than the policy of a lower layer."""
    below: tuple[str, Source] | None = None
    for layer in layers:
        if below is not None:
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


def age_in_hours(text: str | None) -> int:
    """An age to be compared with others; none at all is 0."""
    age = None if text is None else parse_age(text)
    return 0 if age is None else age // timedelta(hours=1)


def exempt_for_one_command(
    environ: Mapping[str, str], policy: Policy, faults: list[Fault]
) -> dict[str, Specifier]:
    """What ``RIM_ROUTER_MIN_AGE_EXEMPT`` exempts, by normalised name; what is wrong with it is a fault."""
    words = environ.get(EXEMPT_VARIABLE, "").split()
    if not words:
        return {}
    if policy.min_age is not None:
        source = policy.sources.get(KEY)
        faults.append(
            Fault(
                f'would loosen policy.{KEY} "{policy.min_age}"' + (f" of {source}" if source else ""),
                Where(EXEMPT_VARIABLE),
                f"unset it, or give the route of the project {EXEMPT_KEY} in the file that has the policy",
            )
        )
    found: dict[str, Specifier] = {}
    requirements: Any = library("packaging.requirements")
    for word in words:
        try:
            requirement = requirements.Requirement(word)
        except ValueError:
            requirement = None
        if requirement is None or requirement.url or requirement.marker:
            hint = "write NAME==VERSION, several separated by spaces"
            faults.append(Fault(f"{shown_text(word)} is not a requirement", Where(EXEMPT_VARIABLE), hint))
        else:
            found[normalise(requirement.name)] = requirement.specifier
    return found
