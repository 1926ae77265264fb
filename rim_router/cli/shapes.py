"""The shapes of what ``--json`` prints; ``docs/json.md`` is generated from this module.

Keys are only ever added. A shape that has to change otherwise gets a new ``version``.
"""

# ruff: noqa: FA100 -- these annotations are read at run time, on Python 3.9 too

from typing import Optional, TypedDict

VERSION = 1


class Place(TypedDict):
    """A line of a table.

    :param layer: "central", "machine", "user", "environment" or "project".
    :param file: the file as messages show it: "./" and what follows if it is below the working directory.
    :param line: counted from 1; null for a file as a whole.
    """

    layer: str
    file: str
    line: Optional[int]


class Target(TypedDict):
    """One thing that a route can lead to.

    :param kind: "indexes", "pip" (what pip itself is configured with), "wheels" or "deny".
    :param indexes: the names of the indexes, in order.
    :param strategy: "index-priority" or "version-priority"; null unless there are several indexes.
    :param reason: of a "deny"; null otherwise.
    :param marker: the environment marker as written; null if there is none.
    :param holds: whether the marker holds in this environment.
    """

    kind: str
    indexes: list[str]
    strategy: Optional[str]
    reason: Optional[str]
    marker: Optional[str]
    holds: bool


class Route(TypedDict):
    """A pattern and what it leads to.

    :param pattern: normalised.
    :param targets: the first that holds is used.
    :param place: where it is written.
    :param locked: whether higher layers may not claim the pattern.
    :param hidden: whether the same pattern in a higher layer always takes precedence.
    """

    pattern: str
    targets: list[Target]
    place: Place
    locked: bool
    hidden: bool


class Index(TypedDict):
    """An index.

    :param name: its name in the table.
    :param url: redacted.
    :param mirrors: redacted URLs, in the order in which they are tried.
    :param external_hosts: the entries of external-hosts.
    :param format: "simple" or "flat".
    :param place: where it is defined.
    """

    name: str
    url: str
    mirrors: list[str]
    external_hosts: list[str]
    format: str
    place: Place


class Setting(TypedDict):
    """A policy key in force.

    :param key: as in the table.
    :param value: the value in force; null if there is none.
    :param place: where it is set; null for the default.
    """

    key: str
    value: Optional[str]
    place: Optional[Place]


class Wheel(TypedDict):
    """A ``[[wheel]]``.

    :param filename: as at the end of its URLs.
    :param urls: redacted, in the order in which they are tried.
    :param hashes: algorithm to hexadecimal digest.
    :param size: in bytes; null if the table gives none.
    :param requires_python: null if the table gives none.
    :param support: a contact; null if the table gives none.
    :param place: where it is written.
    """

    filename: str
    urls: list[str]
    hashes: dict[str, str]
    size: Optional[int]
    requires_python: Optional[str]
    support: Optional[str]
    place: Place


class File(TypedDict):
    """A file on an index page or of a ``[[wheel]]``, and the verdict on it.

    :param filename: as the page has it.
    :param index: the name of the index, or "[[wheel]]".
    :param url: redacted; of a .rim that could be opened, that of the wheel it stands for.
    :param hashes: algorithm to hexadecimal digest, as the page has them.
    :param yanked: whether it is yanked.
    :param requires_python: as the page has it; null if it has none.
    :param allowed: whether pip may use it.
    :param external: whether it lies on another origin than its index.
    :param reason: why it is allowed or not.
    :param remedy: the line to add or the command to run if it is not; null if there is none.
    """

    filename: str
    index: str
    url: str
    hashes: dict[str, str]
    yanked: bool
    requires_python: Optional[str]
    allowed: bool
    external: bool
    reason: str
    remedy: Optional[str]


class Explanation(TypedDict):
    """Where one project comes from, and why.

    :param name: normalised.
    :param summary: the sentence that pip shows too.
    :param claimed: whether the table, and not pip's own configuration, says where it comes from.
    :param route: the route that is used; null for a name that no route claims.
    :param target: what that leads to in this environment.
    :param indexes: the indexes that may be asked, in order.
    :param wheels: the [[wheel]] entries that are candidates besides.
    :param passed_over: routes before that one of which no marker holds here.
    :param also_matched: routes after that one that match the name too.
    :param policy: the policy in force.
    :param files: the files on the indexes; null without --online.
    :param problems: the indexes that did not answer as they should; null without --online.
    """

    name: str
    summary: str
    claimed: bool
    route: Optional[Route]
    target: Target
    indexes: list[Index]
    wheels: list[Wheel]
    passed_over: list[Route]
    also_matched: list[Route]
    policy: list[Setting]
    files: Optional[list[File]]
    problems: Optional[list[str]]


class ExplainReport(TypedDict):
    """What ``rim-router explain --json`` prints.

    :param version: of this shape: 1.
    :param tables: the table files in force, lowest layer first.
    :param names: in the order of the command line.
    """

    version: int
    tables: list[Place]
    names: list[Explanation]


class RoutesReport(TypedDict):
    """What ``rim-router routes --json`` prints.

    :param version: of this shape: 1.
    :param tables: the table files in force, lowest layer first.
    :param routes: most specific first; of the same pattern in several layers, the highest layer first.
    """

    version: int
    tables: list[Place]
    routes: list[Route]


class Fault(TypedDict):
    """Something that makes a table unusable.

    :param message: what is wrong.
    :param file: as messages show it; null if it is about no file in particular.
    :param line: counted from 1; null if it cannot be told.
    :param column: counted from 1; null if it cannot be told.
    :param key: the key path as written; null if it is about none.
    :param hint: what to do; null if there is nothing to add.
    """

    message: str
    file: Optional[str]
    line: Optional[int]
    column: Optional[int]
    key: Optional[str]
    hint: Optional[str]


class Warning(TypedDict):  # noqa: A001 -- it is what everybody calls it
    """Something in a table that is allowed and probably not meant.

    :param code: what kind of warning, for programs.
    :param message: what is the matter.
    :param place: where; null if it is about no line in particular.
    :param hint: what to do; null if there is nothing to add.
    """

    code: str
    message: str
    place: Optional[Place]
    hint: Optional[str]


class Reached(TypedDict):
    """How one URL of an index answered.

    :param index: the name of the index.
    :param url: what was asked, redacted.
    :param ok: whether it can serve.
    :param message: what it answered, or what is wrong.
    """

    index: str
    url: str
    ok: bool
    message: str


class CheckReport(TypedDict):
    """What ``rim-router check --json`` prints.

    :param version: of this shape: 1.
    :param tables: the table files in force, lowest layer first; empty if they cannot be told.
    :param faults: what makes the tables unusable.
    :param warnings: what is probably not meant; empty if there are faults.
    :param online: how the indexes answered; null without --online, or if there are faults.
    """

    version: int
    tables: list[Place]
    faults: list[Fault]
    warnings: list[Warning]
    online: Optional[list[Reached]]
