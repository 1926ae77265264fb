"""From the name of a project, or of a file, to where the table says that it comes from: as maps of nginx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.cli.export.nginx.paths import page
from rim_router.cli.export.nginx.text import comment, literal, mapping, value
from rim_router.rules.names import SDIST_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rim_router.cli.export.plan import Rule
    from rim_router.rules.table import Index, Target

NAME = "[a-z0-9]+(?:-[a-z0-9]+)*"
# Longer ones than this do not fit into a hash table of nginx that has buckets of the usual size.
LONGEST_NAME = 200
# How many words a name may have: files of longer ones are served from nowhere.
MOST_WORDS = 16
# PEP 440, and of the other spellings those with at most one hyphen before a digit: so the name in front of it
# can be read in two ways at most.
_VERSION = (
    r"v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*(?:[-_.]?(?:alpha|beta|preview|pre|rc|a|b|c)[_.]?[0-9]*)?"
    r"(?:-[0-9]+|[-_.]?(?:post|rev|r)[_.]?[0-9]*)?(?:[-_.]?dev[_.]?[0-9]*)?(?:\+[a-z0-9]+(?:[_.][a-z0-9]+)*)?"
)
_BESIDE = r"(?:\.metadata|\.asc)?"


def names(choices: list[tuple[Rule, Target]], indexes: dict[Index, str]) -> Iterator[str]:
    """From the name of a project to the page that it has, and to why it has none.

    :param choices: what each pattern leads to, most specific first.
    :param indexes: with the names that they have in the configuration.
    """
    labels = _labels(choices, indexes)
    default = next((labels[target] for rule, target in choices if not rule.pattern.literal), "unclaimed")
    yield "    # Exact names first, then the longest prefix; default: where all other names come from."
    yield "    map $project $route {"
    yield "        volatile;"
    yield f"        default {default};"
    for rule, target in choices:
        if rule.pattern.literal:
            key = f"~*^{rule.pattern.literal}" if rule.pattern.prefix else value(rule.pattern.literal)
            yield f"        {key} {labels[target]};  # {comment(str(rule.source))}"
    yield "    }"
    lead = {target: label for target, label in labels.items() if target.indexes}
    pages = {label: page(target.indexes[0], indexes) for target, label in lead.items()}
    yield from mapping("$route", "page", '""', pages)
    reasons = {
        label: literal(f"denied: {target.reason}" if target.reason else "denied")
        for target, label in labels.items()
        if not target.indexes
    }
    yield from mapping(
        "$route",
        "refusal",
        '"no route of the table claims $project"',
        {**dict.fromkeys(lead.values(), '""'), **reasons},
    )
    yield "    # Whether a project comes from an index, and where to go on if that does not have its page."
    serving, following = {}, {}
    for target, label in lead.items():
        for index, after in zip(target.indexes, [*target.indexes[1:], None]):
            key = f'"{indexes[index]} {label}"'
            serving[key] = "1"
            if after is not None:
                following[key] = page(after, indexes)
    yield from mapping('"$index $route"', "serves", "0", serving)
    yield from mapping('"$page_of $route"', "next", '""', following)


def files() -> Iterator[str]:
    """From the name of a file to the project, normalised but for upper case, which maps do not heed.

    What a source distribution is of cannot always be told: ``acme-core-1.0-1.tar.gz`` is version 1.0-1 of one
    project or version 1 of another. Both readings have to come from the index then.
    """
    suffixes = "|".join(each.replace(".", r"\.") for each in SDIST_SUFFIXES)
    yield "    # The project that the name of a file speaks of: the shorter and the longer way to read it."
    for variable, some in (("shorter", ".+?"), ("longer", ".+")):
        yield f"    map $file ${variable} {{"
        yield '        default "";'
        yield f'        "~^(?<before_hyphen>[^-]+)-.*\\.whl{_BESIDE}$" $before_hyphen;'
        yield f'        "~*^(?<before_version>{some})-{_VERSION}(?:{suffixes}){_BESIDE}$" $before_version;'
        yield "    }"
    yield "    # With one hyphen between its words, as PEP 503 has it."
    yield "    map $written $normalised {"
    yield "        volatile;"
    yield '        default "";'
    for count in range(1, MOST_WORDS + 1):
        expression = "[-_.]+".join(f"(?<w{number}>[a-z0-9]+)" for number in range(count))
        yield f'        "~*^{expression}$" "{"-".join(f"$w{number}" for number in range(count))}";'
    yield "    }"


def _labels(choices: list[tuple[Rule, Target]], indexes: dict[Index, str]) -> dict[Target, str]:
    """What stands for each target in the maps."""
    labels: dict[Target, str] = {}
    for _, target in choices:
        kind = "list" if target.indexes else "denied"
        single = len(target.indexes) == 1
        labels.setdefault(target, indexes[target.indexes[0]] if single else f"{kind}_{len(labels)}")
    return labels
