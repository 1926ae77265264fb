"""The shapes of what ``--json`` prints, as far as several commands share them."""
# ruff: noqa: FA100 -- these annotations are read at run time, on Python 3.9 too

from typing import Optional, TypedDict

VERSION = 1


class Place(TypedDict):
    """A line of a table.

    :param layer: "central", "machine", "user", "environment", "project" or "command".
    :param file: the file as messages show it: "./" and what follows if it is below the working directory;
        for "command" the variable RIM_ROUTER_ROUTES.
    :param line: counted from 1; null for a file as a whole, and for "command".
    """

    layer: str
    file: str
    line: Optional[int]


class Target(TypedDict):
    """One thing that a route can lead to.

    :param kind: "indexes", "pip" (what pip itself is configured with), "wheels" or "deny".
    :param indexes: the names of the indexes, in order.
    :param unset: environment variables in the URLs of these that are not set: then they cannot be asked.
    :param strategy: "first-index", "index-priority" or "version-priority"; null unless there are several
        indexes.
    :param reason: of a "deny"; null otherwise.
    :param marker: the environment marker as written; null if there is none.
    :param holds: whether the marker holds in this environment.
    """

    kind: str
    indexes: list[str]
    unset: list[str]
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
    :param probe: the project without which no "not found" of the index counts; null if there is none.
    :param absent_statuses: the HTTP statuses that mean "not found" besides 404 and 410.
    :param unset: environment variables in its URLs that are not set: then it cannot be asked, and the URLs
        are shown as they are written.
    :param place: where it is defined.
    """

    name: str
    url: str
    mirrors: list[str]
    external_hosts: list[str]
    format: str
    probe: Optional[str]
    absent_statuses: list[int]
    unset: list[str]
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


class RoutesReport(TypedDict):
    """What ``rim-router routes --json`` prints.

    :param version: of this shape: 1.
    :param tables: the table files in force, lowest layer first.
    :param routes: most specific first; of the same pattern in several layers, the highest layer first.
    """

    version: int
    tables: list[Place]
    routes: list[Route]
