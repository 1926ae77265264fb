"""The same routes in the words of services that read dependencies: Renovate, Dependabot, pip-audit."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rim_router.cli.export.plan import ExportError, address, age_text, has_credentials
from rim_router.rules.age import KEY
from rim_router.rules.urls import public_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rim_router.cli.export.names import Names
    from rim_router.cli.export.plan import Plan, Rule
    from rim_router.rules.table import Index


def renovate(plan: Plan) -> Iterator[str]:
    """A ``renovate.json``; it has no comments, so descriptions say what it does not do.

    :raises ExportError: if something cannot be said.
    """
    rules = []
    ages = any(map(plan.age, plan.rules))
    for rule in reversed(plan.rules):  # the last that matches wins there
        made: dict[str, Any] = {
            "description": [f"{rule.pattern} in {rule.source}"],
            "matchDatasources": ["pypi"],
            "matchPackageNames": [_matcher(rule)],
        }
        if rule.denial is not None:
            rules.append({**made, "enabled": False})
            continue
        index = plan.index_of(rule)
        if ages:  # also where there is none, because of a wider rule
            made["minimumReleaseAge"] = age_text(plan.age(rule))
        if index is not None:
            rules.append({**made, "registryUrls": [f"{address(index).rstrip('/')}/"]})
    hosts = [
        {"matchHost": address(index), "description": "set username and password as secrets"}
        for index in plan.indexes
        if has_credentials(index)
    ]
    plan.note("--extra-index-url in requirements files: Renovate asks these indexes too, so remove them")
    if plan.default is None:
        plan.note("names that no route claims: Renovate asks PyPI")
    if ages:
        plan.note("min-age of what only others require: Renovate leaves that to the tool that locks")
        plan.note("min-age where an index gives no upload time: Renovate before 42 takes such a version")
    plan.say_what_is_lost(does=frozenset({KEY}))
    plan.check()
    lost = [f"Not carried over: {note}" for note in plan.notes]
    config = {
        "$schema": "https://docs.renovatebot.com/renovate-schema.json",
        "description": ["Written by rim-router export renovate.", *lost],
        "packageRules": rules,
        **({"hostRules": hosts} if hosts else {}),
    }
    plan.notes.clear()  # which the file says itself
    yield from json.dumps(config, indent=2).splitlines()


def _matcher(rule: Rule) -> str:
    if not rule.pattern.prefix:
        return rule.pattern.literal
    return f"/^{re.escape(rule.pattern.literal)}/" if rule.pattern.literal else "*"


def dependabot(plan: Plan) -> Iterator[str]:
    """A ``dependabot.yml``, of which every string is in the form of JSON.

    :raises ExportError: if something cannot be said.
    """
    default = None if plan.default is None else plan.index_of(plan.default)
    if plan.default is not None and default is None and not plan.faults:
        plan.fault(plan.default, "Dependabot cannot deny all other names")
    ignored = []
    kept = [] if plan.default is None else [plan.default]
    for rule in plan.rules:
        if rule is plan.default:
            continue
        index = None if rule.denial is not None else plan.index_of(rule)
        if rule.denial is not None or index != default:
            ignored.append(str(rule.pattern))
        else:
            kept.append(rule)
    if ignored:
        plan.note(
            f"{', '.join(ignored)}: Dependabot asks every index for every name, and proposes the highest "
            "version of all, so they are left out. Behind `rim-router export nginx` they need not be"
        )
    if default is None:
        plan.note("names that no route claims: Dependabot asks PyPI")
    days = -(-plan.age(*kept) // timedelta(days=1))
    if days:
        plan.note("min-age of security updates: its cooldown is for version updates")
    plan.say_what_is_lost(does=frozenset({KEY}))
    plan.check()
    registry = None if default is None or _is_public(default) else default
    yield from _dependabot_lines(registry, plan.labels().get(registry, "") if registry else "", ignored, days)


def _dependabot_lines(registry: Index | None, key: str, ignored: list[str], days: int) -> Iterator[str]:
    secret = key.upper().replace("-", "_")
    yield "version: 2"
    if registry is not None:
        yield "registries:"
        yield f"  {key}:"
        yield "    type: python-index"
        yield f"    url: {json.dumps(address(registry))}"
        yield "    replaces-base: true"
        if has_credentials(registry):
            yield f"    username: ${{{{secrets.{secret}_USERNAME}}}}"
            yield f"    password: ${{{{secrets.{secret}_PASSWORD}}}}"
    yield "updates:"
    yield '  - package-ecosystem: "pip"'
    yield '    directory: "/"'
    yield "    schedule:"
    yield '      interval: "weekly"'
    if registry is not None:
        yield f"    registries: [{json.dumps(key)}]"
    if days:
        yield "    cooldown:  # which an older GitHub Enterprise Server does not know"
        yield f"      default-days: {days}"
    if ignored:
        yield "    ignore:"
        for pattern in ignored:
            yield f"      - dependency-name: {json.dumps(pattern)}"


def audit(plan: Plan, names: Names) -> Iterator[str]:
    """Requirements for pip-audit: those projects whose names may reach a public service.

    :raises ExportError: if a version is not known, or two of them are wanted at once.
    """
    kept = []
    for name, releases in names.items():
        rule = plan.rule_of(name)
        targets = [] if rule is None else [*rule.conditional, rule.target]
        several = len(releases) > 1
        if rule is None or not all(each is not None and _is_everybodys(each.indexes) for each in targets):
            kept.append(name)
        elif any(release.version is None for release in releases):
            plan.faults.append(f"{name}: nothing says which version")
        elif several and not all(release.marker for release in releases):
            versions = " and ".join(str(release.version) for release in releases)
            plan.faults.append(f"{name}: pip-audit takes one version at a time, and not {versions}")
        else:
            for release in releases:
                yield f"{name}=={release.version}{f' ; {release.marker}' if several else ''}"
    if plan.faults:
        raise ExportError(
            "pip-audit needs one version of each project",
            notes=plan.faults,
            hint="pin them in the file of -r (NAME==VERSION), or add --lock FILE or --environment",
        )
    for name in kept:
        plan.note(f"{name}: its name stays here, because it does not come from a public index")


def _is_everybodys(indexes: tuple[Index, ...]) -> bool:
    return bool(indexes) and all(map(_is_public, indexes))


def _is_public(index: Index) -> bool:
    return public_index(address(index)) is not None
