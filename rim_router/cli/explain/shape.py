# ruff: noqa: FA100 -- these annotations are read at run time, on Python 3.9 too
"""The shape of what ``rim-router explain --json`` prints."""

from typing import Optional, TypedDict

from rim_router.cli.shapes import Index, Place, Route, Setting, Target, Wheel


class File(TypedDict):
    """A file on an index page or of a ``[[wheel]]``, and the verdict on it.

    :param filename: as the page has it.
    :param index: the name of the index, or "[[wheel]]".
    :param url: redacted; of a .rim that could be opened, that of the wheel it stands for.
    :param hashes: algorithm to hexadecimal digest, as the page has them.
    :param yanked: whether it is yanked.
    :param requires_python: as the page has it; null if it has none.
    :param skipped: why pip passes over it in this environment, such as its tags; null if it does not.
    :param allowed: whether the table allows pip to use it.
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
    skipped: Optional[str]
    allowed: bool
    external: bool
    reason: str
    remedy: Optional[str]


class Age(TypedDict):
    """How old the files of a project on an index have to be.

    :param index: its name.
    :param least: as it is written, such as "7d".
    :param place: of the line that asks for it.
    :param exempt: specifiers of the versions that need no age.
    """

    index: str
    least: str
    place: Optional[Place]
    exempt: list[str]


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
    :param ages: how old the files have to be, for each index where they have to be.
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
    ages: list[Age]
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
