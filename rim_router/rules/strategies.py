"""Several indexes of one route: which are asked, and which of them has the last word (PEP 766). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rim_router.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FIRST_INDEX, INDEX_PRIORITY, VERSION_PRIORITY = STRATEGIES = (
    "first-index",
    "index-priority",
    "version-priority",
)
#: Those by which indexes are asked one after the other, and not all together.
IN_TURN = (FIRST_INDEX, INDEX_PRIORITY)

Place = TypeVar("Place")
Found = TypeVar("Found")


class Answer(Record):
    """What one index of a list has of a project.

    :param has_project: whether it has the project at all: a page of it, whatever is on that.
    :param has_refused: whether it has files of it that the table refuses, of any version.
    :param satisfies: whether it has a candidate that satisfies the request for this environment.
    """

    has_project: bool
    has_refused: bool
    satisfies: bool


def is_last(strategy: str, answer: Answer) -> bool:
    """Whether the indexes after the one that has answered are not asked (reference: Lists of indexes).

    :param strategy: one of :data:`STRATEGIES`.
    """
    if strategy == FIRST_INDEX:
        return answer.has_project or answer.has_refused or answer.satisfies
    # Whoever makes a file be refused must not decide that the next index is asked.
    return strategy == INDEX_PRIORITY and (answer.satisfies or answer.has_refused)


def ask_in_turn(
    strategy: str, places: Iterable[Place], ask: Callable[[Place], tuple[Found, Answer]]
) -> Found | None:
    """Ask one place after the other; what the last of those that were asked has found.

    :param strategy: one of :data:`IN_TURN`.
    :param ask: asks one place; whatever it raises ends the search, so that no failure leads to the next one.
    :returns: None if there are no places.
    """
    found = None
    for place in places:
        found, answer = ask(place)
        if is_last(strategy, answer):
            break
    return found
