"""The same routes in the words of PDM and Poetry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rim_router.cli.export.plan import Plan, address, has_credentials
from rim_router.rules.guards import DEFAULT_INDEX
from rim_router.rules.table import Kind
from rim_router.rules.urls import public_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rim_router.cli.export.plan import Rule
    from rim_router.rules.table import Index


_POETRY_PYPI = "PyPI"


def pdm(plan: Plan) -> Iterator[str]:
    """For ``pyproject.toml``.

    :raises ExportError: if something cannot be said.
    """
    default = _default(plan)
    included, denied = _pdm_patterns(plan)
    if denied:
        yield f"# Denied: {', '.join(denied)}. Every source leaves them out, so that they are not found."
    sources = {**({default: []} if default is not None else {}), **included}
    names = plan.labels("pypi")  # which is PDM's name for the index of all other names
    listed = [
        (
            "pypi" if index is default else names[index],
            address(index),
            found,
            denied if index is default else ["*"],
        )
        for index, found in sources.items()
    ]
    if default is None and denied:
        listed.insert(0, ("pypi", DEFAULT_INDEX, [], denied))
    for name, url, patterns, excluded in listed:
        yield from ("[[tool.pdm.source]]", f"name = {_quoted(name)}", f"url = {_quoted(url)}")
        if patterns:
            yield f"include_packages = {json.dumps(patterns)}"
        if excluded:  # what a source includes comes first, and what it does not exclude comes from it, too
            yield f"exclude_packages = {json.dumps(excluded)}"
        yield ""
    if any(map(has_credentials, sources)):
        yield "# Credentials: pdm config pypi.NAME.username USER, and pypi.NAME.password"
    yield "# Leave the user's own indexes out: pdm config --local pypi.ignore_stored_index true"


def _pdm_patterns(plan: Plan) -> tuple[dict[Index, list[str]], list[str]]:
    """Which patterns each index has, and which none may have."""
    included: dict[Index, list[str]] = {}
    denied = []
    for rule in plan.rules:
        if rule is plan.default:
            continue
        if rule.denial is not None:
            denied.append(str(rule.pattern))
        else:
            index = plan.index_of(rule)
            if index is not None:
                included.setdefault(index, []).append(str(rule.pattern))
        _check_inside(plan, rule)
    plan.say_what_clients_take()
    plan.say_what_is_lost()
    plan.check()
    return included, denied


def _check_inside(plan: Plan, rule: Rule) -> None:
    for wider in plan.rules[plan.rules.index(rule) + 1 :]:
        inside = wider.pattern.literal and wider.pattern.covers(rule.pattern)
        denied = wider.target is not None and wider.target.kind is Kind.DENY
        if inside and wider.target != rule.target and not denied:  # what is included comes before what is not
            plan.fault(rule, f"PDM cannot take it out of {wider.pattern} in {wider.source}")


def poetry(plan: Plan) -> Iterator[str]:
    """For ``pyproject.toml``.

    :raises ExportError: if something cannot be said.
    """
    default = _default(plan)
    lines = []
    for name in plan.names:
        rule = plan.rule_of(name)
        if rule is None or rule is plan.default:
            continue
        if rule.denial is not None:
            plan.fault(rule, f"{name} is needed, and denied: {rule.denial}")
            continue
        index = plan.index_of(rule)
        if index is not None and index is not default:
            lines.append(f"{name} = {{ source = {_quoted(_poetry_name(plan, index))} }}")
    _patterns(plan, default)
    plan.note("[build-system] requires: an explicit source does not cover it")
    plan.note("names that only others require: require them in [project] dependencies as well")
    plan.say_what_clients_take()
    plan.say_what_is_lost()
    plan.check()
    for index in plan.indexes:
        priority = "primary" if index is default else "explicit"
        name = _poetry_name(plan, index)
        yield from ("[[tool.poetry.source]]", f"name = {_quoted(name)}")
        if name != _POETRY_PYPI:
            yield f"url = {_quoted(address(index))}"
        yield from (f'priority = "{priority}"', "")
        if has_credentials(index):
            yield f"# Credentials: poetry config http-basic.{name} USER"
    if lines:
        yield "# Beside [project] dependencies, which have the versions."
        yield "[tool.poetry.dependencies]"
        yield from lines


def _poetry_name(plan: Plan, index: Index) -> str:
    """PyPI has its name there, and no URL; no other index may be called so."""
    if public_index(address(index)) == _POETRY_PYPI:
        return _POETRY_PYPI
    return plan.labels(_POETRY_PYPI.lower())[index]


def _default(plan: Plan) -> Index | None:
    """The index of ``"*"``."""
    rule = plan.default
    if rule is not None and rule.target is not None and rule.target.kind is Kind.DENY:
        plan.fault(rule, f"{plan.tool} cannot deny all other names")
        return None
    if rule is None or (rule.target is not None and rule.target.kind is Kind.PIP and not rule.conditional):
        plan.note(f"names that no route claims: {plan.tool} takes them from its own indexes, or PyPI")
        return None
    return plan.index_of(rule)


def _patterns(plan: Plan, default: Index | None) -> None:
    """Say which names the tool takes from elsewhere than the table says."""
    where = f"what {plan.tool} asks for all other names" if default is None else f"index {default.name}"
    for rule in plan.rules:
        if rule is plan.default:
            continue
        place = f"{rule.pattern} ({rule.source})"
        if rule.denial is not None:
            plan.note(f"{place}, which the table denies: it comes from {where}")
        elif rule.pattern.prefix:
            plan.note(f"{place}: what is not listed below comes from {where}")
        elif rule.pattern.literal not in plan.names:
            plan.note(f"{place}: it is not listed below, so it comes from {where}")


def _quoted(text: str) -> str:
    return json.dumps(text)
