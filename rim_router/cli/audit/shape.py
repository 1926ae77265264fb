# ruff: noqa: FA100 -- these annotations are read at run time, on Python 3.9 too
"""The shape of what ``rim-router audit --json`` prints."""

from typing import Optional, TypedDict

from rim_router.cli.shapes import Place


class Recorded(TypedDict):
    """Where a distribution came from, as its pip has recorded it.

    :param way: "index", "wheel" (a ``[[wheel]]``), "find-links" (local, with --no-index), "pip" (where pip
        itself is configured to look) or "reference" (a URL named it).
    :param url: of the file or source tree, without secrets; for what was built here that of its source.
    :param host: of that URL, with its port; null for a local one.
    :param hashes: of that file, algorithm to hexadecimal digest; for a "reference" those that the user gave.
    :param uploaded: when the index then said that the file had been uploaded, in UTC (ISO 8601); null if that
        is not recorded.
    :param index: the name of the index then; null if there was none.
    :param index_url: null if there was none.
    :param pattern: of the route then; null if no route claimed the name.
    :param table: the line of the table then; null if no table claimed the name.
    """

    way: str
    url: str
    host: Optional[str]
    hashes: dict[str, str]
    uploaded: Optional[str]
    index: Optional[str]
    index_url: Optional[str]
    pattern: Optional[str]
    table: Optional[Place]


class Audited(TypedDict):
    """An installed distribution.

    :param name: normalised.
    :param version: empty if its metadata have none.
    :param metadata: the directory or file of its metadata, absolute.
    :param installer: what its INSTALLER says; null without one.
    :param state: "ok", "elsewhere" (today's table does not allow where it came from), "unknown" (nothing that
        can be believed is recorded), "direct" (a URL named it, as today's table allows), "tampered" (it is
        not what its RECORD says) or "unclaimed" (no route claims the name).
    :param wrong: whether the exit code is 1 because of it.
    :param why: the reason for the state.
    :param claimed: whether a route claims the name today.
    :param pattern: of that route; null if there is none.
    :param place: the line of that route, or of the ``[[wheel]]``; null if there is none.
    :param target: what it leads to; null if the name is not claimed.
    :param recorded: where it came from; null if nothing that can be believed is recorded.
    :param changed: the files that are not what RECORD says, each with how.
    :param remedy: what to do about it; null if nothing is wrong.
    """

    name: str
    version: str
    metadata: str
    installer: Optional[str]
    state: str
    wrong: bool
    why: str
    claimed: bool
    pattern: Optional[str]
    place: Optional[Place]
    target: Optional[str]
    recorded: Optional[Recorded]
    changed: list[str]
    remedy: Optional[str]


class Host(TypedDict):
    """A host that files came from.

    :param host: with its port, if that is not the scheme's own.
    :param distributions: how many.
    """

    host: str
    distributions: int


class AuditReport(TypedDict):
    """What ``rim-router audit --json`` prints.

    :param version: of this shape: 1.
    :param ok: whether nothing is wrong; then the exit code is 0. False also if no table is in force.
    :param time: when this was found out, in UTC (ISO 8601).
    :param rim_router: the version of this rim-router.
    :param python: version and path of the interpreter of the environment.
    :param prefix: the directory of the environment.
    :param directory: the working directory, absolute.
    :param tables: the table files in force, lowest layer first.
    :param states: how many distributions there are in each state.
    :param hosts: where they came from, the most frequent first.
    :param distributions: what is wrong first.
    :param notes: what else has to be known to read this.
    """

    version: int
    ok: bool
    time: str
    rim_router: str
    python: str
    prefix: str
    directory: str
    tables: list[Place]
    states: dict[str, int]
    hosts: list[Host]
    distributions: list[Audited]
    notes: list[str]
