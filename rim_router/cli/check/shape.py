# ruff: noqa: FA100 -- these annotations are read at run time, on Python 3.9 too
"""The shape of what ``rim-router check --json`` prints."""

from typing import Optional, TypedDict

from rim_router.cli.shapes import Place


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
    :param ok: whether it can serve, and a project that is routed to it alone is there.
    :param message: what it answered, or what is wrong.
    :param missing: the projects that were asked for and that it does not have.
    """

    index: str
    url: str
    ok: bool
    message: str
    missing: list[str]


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
