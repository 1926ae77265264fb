"""The same routes in the words of uv, with a default index that has nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rim_router.cli.export.plan import address, age_text, has_credentials
from rim_router.libraries import library
from rim_router.rules.age import KEY as AGE_KEY
from rim_router.rules.guards import DEFAULT_INDEX, GUARD
from rim_router.rules.table import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rim_router.cli.export.plan import Plan, Rule
    from rim_router.rules.table import Target

_UNLISTED = "unlisted"
_OPPOSITES = {"==": "!=", "<": ">=", ">": "<=", "in": "not in"}
_OPPOSITES.update({opposite: operator for operator, opposite in _OPPOSITES.items()})
# Which uv compares as versions; all others as text, where pip does that only with what is no version.
_VERSIONS = ("python_version", "python_full_version", "implementation_version")
_TEXTS = (
    *("os_name", "sys_platform", "platform_machine", "platform_python_implementation", "platform_release"),
    *("platform_system", "platform_version", "implementation_name"),
)


def uv(plan: Plan) -> Iterator[str]:
    """For ``pyproject.toml``. It asks the index of a source for that name, and for others the default index.

    :raises ExportError: if something cannot be said.
    """
    sources, constraints = _names(plan)
    ages = {index: plan.age(*plan.rules, index=index) for index in plan.indexes}
    _say_what_others_do(plan, ages=any(ages.values()))
    plan.say_what_clients_take()
    plan.say_what_is_lost(does=frozenset({AGE_KEY}))
    plan.check()
    if constraints:
        yield "[tool.uv]"
        yield "# With these lines the sources count for what only others require, and for building, too."
        for key in ("constraint-dependencies", "build-constraint-dependencies"):
            yield f"{key} = {json.dumps(constraints)}"
        yield ""
    if sources:
        yield "[tool.uv.sources]"
        for name, source in sources.items():
            yield f"{name} = {source}"
        yield ""
    for index, name in plan.labels(_UNLISTED).items():
        yield from _index(name, address(index))
        yield "explicit = true"
        if ages[index]:
            # Of the index, and not of [tool.uv]: an older uv would not read all of that, with its sources.
            yield f"exclude-newer = {_quoted(age_text(ages[index]))}"
        if has_credentials(index):
            variable = f"UV_INDEX_{name.upper().replace('-', '_')}"
            yield f'authenticate = "always"  # {variable}_USERNAME and {variable}_PASSWORD'
        yield ""
    if plan.claims_all:
        yield "# All other names: uv does not know rim+ URLs, so it asks nobody and finds nothing."
        yield from (*_index(_UNLISTED, f"{GUARD}{DEFAULT_INDEX}"), "default = true", "")


def _say_what_others_do(plan: Plan, *, ages: bool) -> None:
    if plan.claims_all:
        plan.note(
            "names that are not listed, also where something is built: uv finds them nowhere, so list them; "
            "but it does find them on indexes and find-links of the user's uv.toml, of UV_ variables and of "
            "the command line"
        )
    else:
        plan.note("names that no route claims: uv takes them from its own indexes, or PyPI")
        for rule in plan.rules:
            if rule.pattern.prefix and rule.pattern.literal:
                plan.fault(rule, 'uv would go to PyPI for what is not listed: give "*" an index')
    plan.note("`uv pip`, `uv tool`, `uvx`, `uv run --with` and scripts (PEP 723), which read no sources here")
    plan.note("UV_INDEX and --index in the form NAME=URL, which replace the index of that name")
    plan.note("--no-sources and UV_NO_SOURCES, with which uv does not ask these indexes")
    plan.note("a uv.lock that is there already: with --frozen uv takes what it says")
    if ages:
        plan.note("min-age before uv 0.11.6, which does not know exclude-newer of an index, and ignores it")
    plan.note("uv before 0.6, which does not know all of these settings, and then ignores every one")


def _index(name: str, url: str) -> tuple[str, ...]:
    return "[[tool.uv.index]]", f"name = {_quoted(name)}", f"url = {_quoted(url)}"


def _names(plan: Plan) -> tuple[dict[str, str], list[str]]:
    """The source of each name that is needed or has a route of its own; the constraints that go with them."""
    sources = {}
    constraints = []
    exact = [rule.pattern.literal for rule in plan.rules if not rule.pattern.prefix]
    for name in dict.fromkeys((*plan.names, *exact)):
        rule = plan.rule_of(name)
        if rule is None or (rule is plan.default and not plan.claims_all):
            continue
        if rule.denial is not None:
            if name in plan.names:
                plan.fault(rule, f"{name} is needed, and denied: {rule.denial}")
            constraints.append(f"{name}<0")  # which no version is
        else:
            sources[name] = _source(plan, rule, list(plan.targets_of(name)))
            constraints.append(f"{name}>=0")  # a constraint without a version changes nothing
    return sources, constraints


def _source(plan: Plan, rule: Rule, targets: list[Target]) -> str:
    """One index, or several with markers of which one at most holds."""
    written = []
    earlier = ""
    for target in targets:
        index = plan.only_index(rule, target)
        own = "" if target.marker is None else f"({target.marker_text})"
        marker = " and ".join(filter(None, (earlier, own)))
        if target.marker is not None and (part := differing(target.marker_text)) is not None:
            plan.fault(rule, f"uv does not read {part} as pip does")
        if target.kind is Kind.DENY:
            plan.fault(rule, "uv cannot deny a project by an environment marker")
        if index is not None:
            said = f", marker = {_quoted(marker)}" if marker else ""
            written.append(f"{{ index = {_quoted(plan.labels(_UNLISTED)[index])}{said} }}")
        if target.marker is None:
            return written[0] if len(targets) == len(written) == 1 else f"[{', '.join(written)}]"
        try:
            earlier = " and ".join(filter(None, (earlier, opposite(target.marker_text))))
        except ValueError as error:
            plan.fault(rule, f"uv needs the opposite of {target.marker_text}: {error}")
    plan.fault(rule, "uv cannot leave a name to its other indexes where no marker holds")
    return ""


def differing(marker: str) -> str | None:
    """The first comparison of a marker (PEP 508) that uv and pip may decide in two ways; None for none."""
    for left, operator, right in _comparisons(library("packaging.markers").Marker(marker)._markers):
        texts = [left.serialize(), right.serialize()]
        variable = next((each for each in texts if each[0] not in "\"'"), "")
        value = next((each[1:-1] for each in texts if each != variable), "")
        is_within = operator.value in ("in", "not in")
        if variable in _VERSIONS:  # pip looks for a text in a text, and uv in a list of versions
            agrees = not is_within or (variable == texts[0] == "python_version")
        else:
            is_text = is_within or (operator.value in ("==", "!=") and not _is_version(value))
            agrees = variable in _TEXTS and is_text
        if not agrees:
            return f"{texts[0]} {operator.value} {texts[1]}"
    return None


def _comparisons(parts: Any) -> Iterator[Any]:
    if isinstance(parts, tuple):
        yield parts
    elif isinstance(parts, list):
        for part in parts:
            yield from _comparisons(part)


def _is_version(text: str) -> bool:
    try:
        library("packaging.specifiers").Specifier(f"=={text}")
    except ValueError:
        return False
    return True


def opposite(marker: str) -> str:
    """The marker (PEP 508) that holds where another one does not.

    :raises ValueError: if that has an operator without an opposite.
    """
    return _opposite(library("packaging.markers").Marker(marker)._markers)


def _opposite(parts: Any) -> str:
    if isinstance(parts, tuple):
        left, operator, right = parts
        if operator.value not in _OPPOSITES:
            raise ValueError(f"{operator.value} has none")
        return f"{left.serialize()} {_OPPOSITES[operator.value]} {right.serialize()}"
    alternatives: list[list[str]] = [[]]
    for part in parts:
        if part == "or":
            alternatives.append([])
        elif part != "and":
            alternatives[-1].append(_opposite(part))
    return " and ".join(f"({' or '.join(each)})" for each in alternatives)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
